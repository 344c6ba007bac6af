"""`Statement`: all that belongs to the one statement a database is running, gone when it ends."""

from __future__ import annotations

from .errors import QueryError
from .notes import Notes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from typing import Any

    from .adapter import VirtualTable
    from .catalog import Catalog
    from .settings import Settings
    from .snapshot import Recording
    from .sources.host import Host
    from .trace import Trace


class Statement:
    """The snapshot, the notes and the stop switch of one statement.

    stopped   the error to raise as soon as somebody looks, or None while it may go on.
    trace     what each scan cost, for a statement that is traced; else None.
    begun     whether the first row, if there is one, was given out
    avoided   columns whose equalities are left to SQLite, by table
    measured  rows of the tables that were read whole. The next statement is planned with them; within one, SQLite has
              to come to the same plan whenever it is asked (see program.py).
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
        self.begun = False
        self.avoided: dict[str, set[str]] = {}
        self.wanted: dict[str, set[int]] = {}
        self.recordings: dict[Hashable, Recording] = {}
        self.measured: dict[VirtualTable, int] = {}
        self._program = program
        self._read = 0
        self._shared: dict[Hashable, Any] = {}
        self._rowids: dict[Hashable, int] = {}
        self._scans: dict[str, int] = {}
        self._streamed: set[str] = set()

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

    def begin(self, table: str) -> None:
        """Count a scan of the table. QueryError where an earlier one was not kept, for it was to be the only one."""
        if table in self._streamed:
            raise QueryError(
                f"the rows of {table} are needed a second time, but were not kept",
                "This is a bug in hostql: please report it with the statement. "
                f"WITH t AS MATERIALIZED (SELECT * FROM {table} WHERE ...) keeps them.",
            )
        self._scans[table] = self._scans.get(table, 0) + 1

    def keeps(self, table: str) -> bool:
        """Whether the rows of a scan must be kept, for the table may be scanned again; if not, it must not be."""
        if self._scans.get(table) == 1 and not self._can_repeat(table):
            self._streamed.add(table)
            return False
        return True

    def _can_repeat(self, table: str) -> bool:
        from .program import can_repeat

        try:
            return can_repeat(self._program(), table)
        except Exception:
            # Without SQLite's program nothing is certain.
            return True

    @property
    def read(self) -> int:
        """Rows read from tables so far. May be asked from any thread."""
        return self._read + sum([recording.read for recording in list(self.recordings.values())])

    def close(self) -> None:
        """Let go of everything read from the host."""
        self._read = self.read
        for table, rows in self.measured.items():
            table.measured = rows
        for recording in self.recordings.values():
            recording.close()
        self.recordings.clear()
        self._shared.clear()
        self._rowids.clear()
