"""Notes: what is not in an answer, counted and grouped, said beside it."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

# Subjects remembered apart for each note; past that they are only counted, so that notes stay bounded.
REMEMBERED = 20_000
# Different notes kept; a host full of traps has one for each.
DIFFERENT = 200


class _Count:
    """How many different subjects a note is about."""

    __slots__ = ("more", "subjects")

    def __init__(self) -> None:
        self.subjects: set[Hashable] = set()
        self.more = 0

    def add(self, subject: Hashable) -> None:
        if subject is None or len(self.subjects) >= REMEMBERED:
            self.more += subject is None or subject not in self.subjects
        else:
            self.subjects.add(subject)

    def __len__(self) -> int:
        return len(self.subjects) + self.more


class Notes:
    """The notes of one statement."""

    __slots__ = ("_denied", "_plain", "_tried", "_values")

    def __init__(self) -> None:
        self._plain: dict[tuple[str, str], _Count] = {}
        self._denied: dict[tuple[str, str], _Count] = {}
        self._tried: dict[tuple[str, str], _Count] = {}
        self._values: dict[str, dict[str, _Count]] = {}

    def add(self, table: str, text: str, subject: Hashable = None) -> None:
        """Note `text` about the table; the same text about several subjects is said once, with their number."""
        key = (table, text)
        if len(self._plain) >= DIFFERENT and key not in self._plain:
            key = (table, "there are more notes than are shown")
            subject = None
        self._plain.setdefault(key, _Count()).add(subject)

    def denied(self, table: str, what: str, subject: Hashable = None) -> None:
        """One of `what` ('processes', 'directories') could not be read for want of permission."""
        self._denied.setdefault((table, what), _Count()).add(subject)

    def value_denied(self, table: str, column: str, row: Hashable) -> None:
        """The column's value in one row could not be read for want of permission."""
        self._values.setdefault(table, {}).setdefault(column, _Count()).add(row)

    def tried(self, table: str, what: str, subject: Hashable) -> None:
        """One of `what` was tried, so that the note can say '57 of 80'."""
        self._tried.setdefault((table, what), _Count()).add(subject)

    def __iter__(self) -> Iterator[str]:
        """Each note as one line."""
        for (table, what), count in self._denied.items():
            total = self._tried.get((table, what))
            of = f" of {len(total)}" if total is not None else ""
            yield f"{table}: {len(count)}{of} {what} {_refused()}"
        for table, columns in self._values.items():
            alike: dict[int, list[str]] = {}
            for column, count in columns.items():
                alike.setdefault(len(count), []).append(column)
            for number, names in alike.items():
                yield f"{table}: {', '.join(names)} of {number} row{'s'[: number != 1]} {_refused()}"
        for (table, text), count in self._plain.items():
            times = f" ({len(count)} times)" if len(count) > 1 else ""
            yield f"{table}: {text}{times}"

    def __bool__(self) -> bool:
        return bool(self._plain or self._denied or self._values)


def _refused() -> str:
    uid = os.geteuid()
    hint = "run as root to see all" if uid else "the kernel or a container denies it"
    return f"not readable as uid {uid} ({hint})"
