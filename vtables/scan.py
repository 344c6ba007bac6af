"""`Scan`: what one scan of a table needs, as the table sees it."""

from __future__ import annotations

from .sources.ways import Guard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from typing import Any, TypeVar

    from .catalog import Catalog
    from .settings import Settings
    from .sources.host import Host
    from .statement import Statement

    T = TypeVar("T")

# Operators of a pattern, as `scan.patterns` names them.
LIKE = "LIKE"
GLOB = "GLOB"


class Scan:
    """The columns wanted, the constraints pushed down, where to read, and where to say what could not be read.

    Constraints are hints that save work: SQLite checks every row again.
    """

    __slots__ = ("_equals", "_patterns", "_ranges", "columns", "host", "statement", "table", "unguarded")

    def __init__(
        self,
        statement: Statement,
        table: str,
        columns: frozenset[str],
        equals: dict[str, frozenset[Any]],
        patterns: dict[str, list[tuple[str, str]]],
        ranges: dict[str, tuple[float | None, float | None]],
    ) -> None:
        self.statement = statement
        self.table = table
        self.columns = columns
        self.unguarded: Host = statement.host
        self.host: Host = statement.host.guarded(Guard(self))
        self._equals = equals
        self._patterns = patterns
        self._ranges = ranges

    def wants(self, *names: str) -> bool:
        """Whether the statement uses any of these columns of the table."""
        return not self.columns.isdisjoint(names)

    def equals(self, name: str) -> frozenset[Any] | None:
        """The values that `=` or `IN` allows for the column; None where it is not constrained so."""
        return self._equals.get(name)

    def patterns(self, name: str) -> list[tuple[str, str]]:
        """The (LIKE or GLOB, pattern) pairs that the column must match, all of them."""
        return self._patterns.get(name, [])

    def range(self, name: str) -> tuple[float | None, float | None]:
        """The least and greatest value asked for, both inclusive; None where it is open."""
        return self._ranges.get(name, (None, None))

    def check(self) -> None:
        """Call in long loops that yield nothing: raises when the statement was cancelled or broke a limit."""
        if self.statement.stopped is not None:
            raise self.statement.stopped

    def stopped(self) -> bool:
        """For SQLite's progress handler: raises as `check` does, else False, to go on."""
        self.check()
        return False

    def note(self, text: str, subject: Hashable = None) -> None:
        """Say beside the result what is missing from it; the same text is said once, with how many subjects."""
        self.statement.notes.add(self.table, text, subject)

    def denied(self, what: str, subject: Hashable = None) -> None:
        """One of `what` ('processes') could not be read for want of permission: 'N of M processes not readable'."""
        self.statement.notes.denied(self.table, what, subject)

    def tried(self, what: str, subject: Hashable) -> None:
        """One of `what` was tried: the M of 'N of M'."""
        self.statement.notes.tried(self.table, what, subject)

    def shared(self, key: Hashable, read: Callable[[], T]) -> T:
        """What `read` returns, read once a statement: tables that share a source share one snapshot of it."""
        found: T = self.statement.shared(key, read)
        return found

    @property
    def settings(self) -> Settings:
        """The settings of the database."""
        return self.statement.settings

    @property
    def catalog(self) -> Catalog:
        """The tables there are, for tables about tables."""
        return self.statement.catalog
