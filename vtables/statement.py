"""`Statement`: all that belongs to the one statement a database is running, gone when it ends."""

from __future__ import annotations

from .notes import Notes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from typing import Any

    from .catalog import Catalog
    from .errors import QueryError
    from .settings import Settings
    from .snapshot import Recording
    from .sources.host import Host
    from .trace import Trace


class Statement:
    """The snapshot, the notes and the stop switch of one statement.

    stopped   the error to raise as soon as somebody looks, or None while it may go on.
    trace     what each scan cost, for a statement that is traced; else None.
    """

    def __init__(
        self,
        sql: str,
        host: Host,
        settings: Settings,
        catalog: Catalog,
        program: Callable[[], list[tuple[Any, ...]]],
    ) -> None:
        self.sql = sql
        self.host = host
        self.settings = settings
        self.catalog = catalog
        self.notes = Notes()
        self.stopped: QueryError | None = None
        self.trace: Trace | None = None
        self.wanted: dict[str, set[int]] = {}
        self.recordings: dict[Hashable, Recording] = {}
        self._program = program
        self._read = 0
        self._shared: dict[Hashable, Any] = {}
        self._rowids: dict[Hashable, int] = {}
        self._repeats: dict[str, bool] = {}

    def shared(self, key: Hashable, read: Callable[[], Any]) -> Any:
        """What `read` returns, read at the first call and kept for the statement."""
        try:
            return self._shared[key]
        except KeyError:
            value = self._shared[key] = read()
            return value

    def rowid(self, identity: Hashable) -> int:
        """A number that stands for the row in all scans of this statement.

        SQLite tells rows of OR-ed scans apart by their rowid, so the same row must have the same one in each.
        """
        return self._rowids.setdefault(identity, len(self._rowids) + 1)

    def repeats(self, table: str) -> bool:
        """Whether the table can be scanned more than once: SQLite's program has its VFilter twice, or in a loop."""
        found = self._repeats.get(table)
        if found is None:
            found = self._repeats[table] = _repeats(self._program(), table)
        return found

    @property
    def read(self) -> int:
        """Rows read from tables so far. May be asked from any thread."""
        return self._read + sum([recording.read for recording in list(self.recordings.values())])

    def close(self) -> None:
        """Let go of everything read from the host."""
        self._read = self.read
        for recording in self.recordings.values():
            recording.close()
        self.recordings.clear()
        self._shared.clear()
        self._rowids.clear()


def _repeats(program: list[tuple[Any, ...]], table: str) -> bool:
    """Read SQLite's EXPLAIN rows (addr, opcode, p1, p2, p3, p4, ...): https://www.sqlite.org/opcode.html."""
    filters = [row[0] for row in program if row[1] == "VFilter" and str(row[5]).split(":", 1)[0] == table]
    if len(filters) != 1:
        return True
    at = filters[0]
    cursor = program[at][2]
    # An instruction further on that jumps back to here or before encloses it in a loop, its own VNext apart; the last
    # Goto of every program goes back to address 1 after the one-time initialisation and is no loop.
    return any(
        addr > at and 1 < p2 <= at and op in _JUMPS_BACK and not (op == "VNext" and p1 == cursor)
        for addr, op, p1, p2, *_ in program
    )


_JUMPS_BACK = frozenset(["VNext", "Next", "Prev", "SorterNext", "Goto", "Gosub", "IfPos", "DecrJumpZero", "IfNotZero"])
