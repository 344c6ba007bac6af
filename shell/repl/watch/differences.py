"""What is different between two runs of a query: which rows came, went and changed. Pure.

Rows are matched by a key: the identity of the tables where the result has it, else whatever tells its rows apart.
Rows that share a key are a multiset: equal ones are matched first, then the rest in their order.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    Row = Sequence[Any]

SAME, NEW, GONE, CHANGED = "same", "new", "gone", "changed"


class Change:
    """One row and what became of it.

    before, after   its places in the earlier and the later rows; None where it is not there
    row             its values, the later ones where it has them
    cells           {position of a changed cell: how much its number grew, None where it is no number}
    """

    __slots__ = ("after", "before", "cells", "kind", "row")

    def __init__(self, kind: str, row: Row, before: int | None, after: int | None, cells: dict[int, Any]) -> None:
        self.kind = kind
        self.row = row
        self.before = before
        self.after = after
        self.cells = cells

    def __repr__(self) -> str:
        return f"Change({self.kind} {self.row!r} {self.cells})"


def compare(before: Sequence[Row], after: Sequence[Row], key: Sequence[int]) -> list[Change]:
    """A Change for each later row in its order, then one for each that is gone."""
    matched = _matched(before, after, range(len(before[0]) if before else 0), {})
    matched = _matched(before, after, key, matched)
    changes = [_change(before, matched.get(j), row, j) for j, row in enumerate(after)]
    found = set(matched.values())
    return changes + [Change(GONE, row, i, None, {}) for i, row in enumerate(before) if i not in found]


def _matched(
    before: Sequence[Row], after: Sequence[Row], key: Iterable[int], matched: dict[int, int]
) -> dict[int, int]:
    """`matched` {place after: place before}, and the rows it lacks that have the same values in the key's columns."""
    positions = list(key)
    taken = set(matched.values())
    free: dict[tuple[Any, ...], list[int]] = {}
    for i in range(len(before) - 1, -1, -1):
        if i not in taken:
            free.setdefault(_values(before[i], positions), []).append(i)
    found = dict(matched)
    for j, row in enumerate(after):
        candidates = free.get(_values(row, positions)) if j not in found else None
        if candidates:
            found[j] = candidates.pop()
    return found


def _change(before: Sequence[Row], i: int | None, row: Row, j: int) -> Change:
    if i is None:
        return Change(NEW, row, None, j, {})
    cells = {at: difference(old, new) for at, (old, new) in enumerate(zip(before[i], row)) if old != new}
    return Change(CHANGED if cells else SAME, row, i, j, cells)


def difference(old: Any, new: Any) -> Any:
    """By how much a number grew; None where one of the two is no number."""
    if isinstance(old, (int, float)) and isinstance(new, (int, float)):
        return new - old
    return None


def choose_key(
    runs: Sequence[Sequence[Row]], columns: Sequence[str], identity: Sequence[int], hints: Sequence[int]
) -> tuple[int, ...]:
    """The positions of the columns that tell the rows of each run apart; as good as they can, where none do.

    identity  columns that together identify a row of the tables, when the result has all of them
    hints     columns that are part of an identity or are keys, tried before others
    """
    if identity and _unique(runs, identity):
        return tuple(identity)
    texts = [i for i in range(len(columns)) if i not in hints and _textual(runs, i)]
    numbers = [
        i
        for i in range(len(columns))
        if i not in hints and i not in texts and _identifies(columns[i]) and _whole(runs, i)
    ]
    chosen: list[int] = []
    primary = [i for i in numbers if columns[i].lower() in _PRIMARY]
    for i in dict.fromkeys([*identity, *hints, *primary, *texts, *numbers]):
        chosen.append(i)
        if _unique(runs, chosen):
            return tuple(chosen)
    return tuple(dict.fromkeys([*identity, *hints, *primary, *texts]))


# Numbers that are the key of most tables that have them.
_PRIMARY = frozenset(["id", "rowid", "pid", "tid", "inode"])
# Numbers that name something rather than measure it.
_NAMES = frozenset("id pid tid ppid parent uid gid euid egid inode port fd device major minor number index".split())


def _identifies(name: str) -> bool:
    words = name.lower().replace(".", "_").split("_")
    return words[-1] in _NAMES


def _textual(runs: Iterable[Sequence[Row]], i: int) -> bool:
    values = [row[i] for rows in runs for row in rows if row[i] is not None]
    return bool(values) and all(isinstance(value, (str, bytes)) for value in values)


def _whole(runs: Iterable[Sequence[Row]], i: int) -> bool:
    return all(isinstance(row[i], int) for rows in runs for row in rows if row[i] is not None)


def _unique(runs: Iterable[Sequence[Row]], key: Sequence[int]) -> bool:
    return all(len({_values(row, key) for row in rows}) == len(rows) for rows in runs)


def _values(row: Row, key: Sequence[int]) -> tuple[Any, ...]:
    return tuple([row[i] for i in key])
