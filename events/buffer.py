"""`Buffer`: events on disk, one native SQLite table for each event table, in WAL mode, written in batches.

Readers attach the file read-only (`attach.py`) and query it at SQLite's own speed. What cannot be written waits in
memory, bounded; what does not fit there is dropped and counted. A damaged file is put aside and a new one is begun;
where no file can be used, rows are kept in memory until one can.
"""

from __future__ import annotations

import glob
import os
import time

import apsw

from ..vtables.files.private import make_private
from ..vtables.sources.sqlite_files import connect
from ..vtables.table import quote
from .buffer_file import declarations, is_added, last_written, shrink, storable, transact
from .catalog import catalog
from .expiry import Expiry, used
from .stream import GAP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from ..vtables.table import Table
    from .options import Options

    Row = tuple[Any, ...]

# Bump when a table's columns change: an older file is put aside, for nobody reads two shapes at once.
LAYOUT = 2
# Rows that wait in memory while the disk refuses them.
WAITING_ROWS = 50_000
# Bytes kept in memory where no file can be used.
MEMORY_BYTES = 32 << 20
# Bytes of a disk that are left to others, or a twentieth of it where that is less; and what an empty buffer takes.
LEFT_TO_OTHERS = 256 << 20
SMALLEST = 1 << 20
# Seconds between attempts to write to a disk that refused, between attempts to use a file where none could be used, and
# between expiries by age and count.
RETRY_AFTER = 1.0
REOPEN_AFTER = 10.0
EXPIRE_AFTER = 30.0
_BUSY_MS = 2000
# A row is completed by an end that can be its own: one that lasted as long as the row is old, and this many seconds
# more, since ends may be read late. Else it is that of another process with the same pid, whose row was excluded.
_LATE = 60
_ENDED = (
    "UPDATE process_events SET exit_code = ?, duration_ms = ? "
    "WHERE eid = (SELECT max(eid) FROM process_events WHERE pid = ?) AND exit_code IS NULL AND time >= ?"
)
_DAMAGED = (apsw.CorruptError, apsw.NotADBError)
# What a row raises that is none: values that SQLite cannot hold, more or fewer of them than the table has columns.
_UNSTORABLE = (
    *(TypeError, ValueError, OverflowError),
    *(apsw.SQLError, apsw.ConstraintError, apsw.MismatchError, apsw.TooBigError, apsw.BindingsError, apsw.RangeError),
)
_REFUSED = (
    apsw.FullError,
    apsw.IOError,
    apsw.ReadOnlyError,
    apsw.CantOpenError,
    apsw.BusyError,
    apsw.LockedError,
    apsw.PermissionsError,
    apsw.NoMemError,
)


class Buffer:
    """The writer's side; there is one writer. It is a `store.Store`.

    problem  what is wrong with the disk, '' while all is well
    dropped  rows that were dropped because the disk refused them, by table
    stored   rows written, by table
    """

    def __init__(self, path: str, tables: Iterable[type[Table]]) -> None:
        self.path = path
        self.problem = ""
        self.dropped: dict[str, int] = {}
        self.stored: dict[str, int] = {}
        self._tables = {table.name: table for table in (*tables, catalog().load("event_gaps"))}
        self._added = [name for name, table in self._tables.items() if is_added(table)]
        # (table or '', statement, rows), in the order of their arrival.
        self._waiting: list[tuple[str, str, list[Row]]] = []
        self._waiting_rows = 0
        self._retry_at = self._expire_at = 0.0
        self._statements: dict[tuple[str, int], str] = {}
        self._columns: dict[int, tuple[str, ...]] = {}
        self._expiry = Expiry()
        self._in_memory = self._too_large = False
        self._reopen_at = 0.0
        self._connection = self._open()

    def add(self, table: str, columns: tuple[str, ...], rows: list[Row]) -> None:
        """Rows of a table, to be written at the next commit. `columns` is a constant, remembered by its identity."""
        self._waiting.append((table, self._insert(table, columns), rows))
        self._waiting_rows += len(rows)
        if self._waiting_rows > WAITING_ROWS and self.problem:
            self._drop_oldest()

    def ended(self, rows: list[Row]) -> None:
        """(exit code, duration in ms, pid) of processes: completes the newest row of each in `process_events`."""
        now = int(time.time()) - _LATE
        self._waiting.append(("", _ENDED, [(*row, now - row[1] // 1000 if row[1] is not None else 0) for row in rows]))

    @property
    def waiting(self) -> int:
        """Rows not yet written, or, where only the ends of processes wait, how many batches of those."""
        return self._waiting_rows or len(self._waiting)

    def commit(self) -> None:
        """Write what waits, in one transaction. A disk that refuses is told in `problem` and tried again later."""
        if not self._waiting or self._too_large or time.monotonic() < self._retry_at:
            return
        try:
            written = self._written(self._write)
        except _UNSTORABLE:
            self._drop_unstorable()
            written = self._written(self._write)
        if not written:
            self._retry_at = time.monotonic() + RETRY_AFTER
            return
        for table, _, rows in self._waiting:
            if table:
                self.stored[table] = self.stored.get(table, 0) + len(rows)
        self._waiting.clear()
        self._waiting_rows = 0
        if not self._in_memory:
            self.problem = ""

    def replace(self, table: str, rows: Sequence[Row]) -> None:
        """The rows of a table of the machinery, in place of those that were there."""

        def write(connection: apsw.Connection) -> None:
            places = ", ".join("?" * len(self._tables[table].columns))
            connection.execute(f"DELETE FROM {quote(table)}")
            connection.executemany(f"INSERT INTO {quote(table)} VALUES ({places})", rows)

        self._written(write)

    def keep(self, options: Options) -> None:
        """Let go of what is too old or too much, now and then, and look whether a file can be used again."""
        now = time.monotonic()
        if self._in_memory and now >= self._reopen_at:
            self._reopen()
        self._keep_bytes(min(options.keep_bytes, self._room()))
        if now >= self._expire_at:
            self._expire_at = now + EXPIRE_AFTER
            self.expire(options.keep_seconds, options.keep_rows)

    def _room(self) -> int:
        """Bytes that the buffer may take of the disk, of which a part is always left to others."""
        if self._in_memory:
            return MEMORY_BYTES
        try:
            disk = os.statvfs(self.path)
        except OSError:
            return 1 << 60
        reserve = min(disk.f_blocks * disk.f_frsize // 20, LEFT_TO_OTHERS)
        return max(self.size() + disk.f_bavail * disk.f_frsize - reserve, 0)

    def _keep_bytes(self, most: int) -> None:
        if self.size() <= most:
            self._too_large = False
            return
        gone: list[int] = []

        def delete(connection: apsw.Connection) -> None:
            # A tenth less, so that this is not for every second.
            gone.append(self._expiry.by_bytes(connection, self._added, most * 9 // 10))

        # The log first: where a disk is full, deleting needs room in it too.
        while self._written(shrink, in_transaction=False) and self._written(delete) and gone[-1]:
            pass
        # A reader that does not end holds the log, which then only grows.
        self._too_large = self.size() > max(most * 2, SMALLEST)
        if self._too_large:
            self.problem = (
                f"{self.path} takes {self.size() >> 20} MiB: somebody who reads it, or others' files, hold them"
            )

    def expire(self, keep_seconds: int, keep_rows: int) -> int:
        """Delete what is too old or too much, the oldest first; returns how many rows. The newest row of a table always
        stays, so that SQLite never gives its number again and cursors hold."""
        gone: list[int] = []

        def delete(connection: apsw.Connection) -> None:
            gone.append(self._expiry.by_age_and_count(connection, self._added, keep_seconds, keep_rows))

        self._written(delete)
        if sum(gone):
            self._written(shrink, in_transaction=False)
        return sum(gone)

    def size(self) -> int:
        """Bytes of the file and its log, or of the memory used in its place."""
        if self._in_memory:
            return used(self._connection)
        return sum(os.path.getsize(p) for p in (self.path, self.path + "-wal") if os.path.exists(p))

    def close(self) -> None:
        """Write what waits, as far as that goes, and close."""
        self._retry_at = 0.0
        self.commit()
        self._connection.close(True)

    def _write(self, connection: apsw.Connection) -> None:
        for _, statement, rows in self._waiting:
            connection.executemany(statement, rows)

    def _drop_unstorable(self) -> None:
        """A row that SQLite cannot hold costs itself."""
        for index, (table, statement, rows) in enumerate(self._waiting):
            good = [row for row in rows if self._is_storable(statement, row)]
            self._waiting[index] = (table, statement, good)
            self._waiting_rows -= len(rows) - len(good)
            self.dropped[table] = self.dropped.get(table, 0) + len(rows) - len(good)

    def _is_storable(self, statement: str, row: Row) -> bool:
        if not all(map(storable, row)):
            return False
        try:
            self._connection.execute("SAVEPOINT trial")
            try:
                self._connection.execute(statement, row)
            finally:
                self._connection.execute("ROLLBACK TO trial")
                self._connection.execute("RELEASE trial")
        except _UNSTORABLE:
            return False
        except apsw.Error:
            # The disk, not the row.
            return True
        return True

    def _written(self, write: Callable[[apsw.Connection], object], in_transaction: bool = True) -> bool:
        """Whether that worked; else `problem` says why not, and a damaged file has been put aside."""
        try:
            if in_transaction:
                transact(self._connection, write)
            else:
                write(self._connection)
        except _DAMAGED as error:
            self._connection.close(True)
            self._quarantine(str(error))
            self._connection = self._open()
            return False
        except _REFUSED as error:
            self.problem = f"{self.path} cannot be written: {error}"
            return False
        return True

    def _open(self) -> apsw.Connection:
        try:
            return self._open_file()
        except (OSError, apsw.Error) as error:
            self.problem = f"events are kept in memory alone: {self.path} cannot be used: {error}"
            self._in_memory = True
            self._reopen_at = time.monotonic() + REOPEN_AFTER
            connection = apsw.Connection(":memory:")
            self._prepare(connection)
            return connection

    def _open_file(self) -> apsw.Connection:
        before = last_written(self.path)
        make_private(self.path)
        connection = connect(self.path)
        try:
            self._prepare(connection)
        except _DAMAGED as error:
            connection.close(True)
            self._quarantine(str(error))
            return self._open_file()
        except apsw.Error:
            connection.close(True)
            raise
        if before:
            row = (int(time.time()), before, "", "nobody collected events", 0, "")
            self._waiting.insert(0, ("", self._insert("event_gaps", GAP), [row]))
        return connection

    def _prepare(self, connection: apsw.Connection) -> None:
        connection.set_busy_timeout(_BUSY_MS)
        layout = connection.pragma("user_version")
        if layout not in (0, LAYOUT):
            raise apsw.CorruptError(f"its layout is {layout}, {LAYOUT} is expected")
        for name, value in (("auto_vacuum", "INCREMENTAL"), ("journal_mode", "WAL"), ("synchronous", "NORMAL")):
            connection.pragma(name, value)
        with connection:
            for table in self._tables.values():
                for statement in declarations(table):
                    connection.execute(statement)
            connection.pragma("user_version", LAYOUT)

    def _reopen(self) -> None:
        """Go from memory to the file, where that can be used by now, and take along what is in memory."""
        try:
            file = self._open_file()
        except (OSError, apsw.Error):
            self._reopen_at = time.monotonic() + REOPEN_AFTER
            return
        memory, self._connection, self._in_memory, self.problem = self._connection, file, False, ""
        for name in self._added:
            columns = [quote(column.name) for column in self._tables[name].columns if column.name != "eid"]
            rows = memory.execute(f"SELECT {', '.join(columns)} FROM {quote(name)} ORDER BY eid").fetchall()
            insert = f"INSERT INTO {quote(name)} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
            # In front of what came since: it is older. Counted as stored already.
            self._waiting.insert(0, ("", insert, rows))
        memory.close(True)

    def _quarantine(self, reason: str) -> None:
        aside = f"{self.path}.damaged-{int(time.time())}"
        # One is enough to look into; the disk has a bound.
        earlier = glob.glob(glob.escape(f"{self.path}.damaged-") + "*")
        for path in (self.path + "-wal", self.path + "-shm", *earlier):
            if os.path.exists(path):
                os.unlink(path)
        os.replace(self.path, aside)
        self.problem = f"the buffer was damaged ({reason}); it was put aside as {aside}"

    def _insert(self, table: str, columns: tuple[str, ...]) -> str:
        key = (table, id(columns))
        found = self._statements.get(key)
        if found is None:
            # The tuple is kept, so that no other can have its identity.
            self._columns[id(columns)] = columns
            # Short, for APSW looks at all of it for each row: values in the table's order, not its columns' names.
            places = {name: f"?{place}" for place, name in enumerate(columns, 1)}
            values = ",".join(places.pop(column.name, "NULL") for column in self._tables[table].columns)
            if places:
                raise ValueError(f"{table} has no column {next(iter(places))}")
            found = self._statements[key] = f"INSERT INTO {quote(table)} VALUES ({values})"
        return found

    def _drop_oldest(self) -> None:
        while self._waiting_rows > WAITING_ROWS and self._waiting:
            table, _, rows = self._waiting.pop(0)
            if table:
                self._waiting_rows -= len(rows)
                self.dropped[table] = self.dropped.get(table, 0) + len(rows)
