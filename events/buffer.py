"""`Buffer`: events on disk, one native SQLite table for each event table, in WAL mode, written in batches.

Readers attach the file read-only (`attach.py`) and query it at SQLite's own speed. What cannot be written waits in
memory, bounded; what does not fit there is dropped and counted. A damaged file is put aside and a new one is begun.
"""

from __future__ import annotations

import os
import time

import apsw

from ..vtables.table import TEXT, UNSIGNED_BIGINT, Table, quote
from .table import EventTable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    Row = tuple[Any, ...]

# Bump when a table's columns change: an older file is put aside, for nobody reads two shapes at once.
LAYOUT = 1
# Rows that wait in memory while the disk refuses them.
WAITING_ROWS = 50_000
# Seconds between attempts to write to a disk that refused.
RETRY_AFTER = 1.0
_BUSY_MS = 2000
_ENDED = (
    "UPDATE process_events SET exit_code = ?, duration_ms = ? "
    "WHERE eid = (SELECT max(eid) FROM process_events WHERE pid = ?) AND exit_code IS NULL"
)
# Columns with an index besides time, by table.
_INDEXED = {"process_events": ("pid",)}


class Buffer:
    """The writer's side; there is one writer.

    problem  what is wrong with the disk, '' while all is well
    dropped  rows that were dropped because the disk refused them, by table
    stored   rows written, by table
    """

    def __init__(self, path: str, tables: Iterable[type[Table]]) -> None:
        self.path = path
        self.problem = ""
        self.dropped: dict[str, int] = {}
        self.stored: dict[str, int] = {}
        self._tables = {table.name: table for table in tables}
        # (table or '', statement, rows), in the order of their arrival.
        self._waiting: list[tuple[str, str, list[Row]]] = []
        self._waiting_rows = 0
        self._retry_at = 0.0
        self._statements: dict[tuple[str, int], str] = {}
        self._columns: dict[int, tuple[str, ...]] = {}
        self._connection = self._open()

    def add(self, table: str, columns: tuple[str, ...], rows: list[Row]) -> None:
        """Rows of a table, to be written at the next commit. `columns` is a constant, remembered by its identity."""
        self._waiting.append((table, self._insert(table, columns), rows))
        self._waiting_rows += len(rows)
        if self._waiting_rows > WAITING_ROWS and self.problem:
            self._drop_oldest()

    def ended(self, rows: list[Row]) -> None:
        """(exit code, duration in ms, pid) of processes: completes the newest row of each in `process_events`."""
        self._waiting.append(("", _ENDED, rows))

    @property
    def waiting(self) -> int:
        """Rows not yet written, or, where only the ends of processes wait, how many batches of those."""
        return self._waiting_rows or len(self._waiting)

    def commit(self) -> None:
        """Write what waits, in one transaction. A disk that refuses is told in `problem` and tried again later."""
        if not self._waiting or time.monotonic() < self._retry_at:
            return
        connection = self._connection
        try:
            with connection:
                for _, statement, rows in self._waiting:
                    connection.executemany(statement, rows)
        except (apsw.CorruptError, apsw.NotADBError) as error:
            self._put_aside(str(error))
        except (apsw.FullError, apsw.IOError, apsw.ReadOnlyError, apsw.CantOpenError, apsw.BusyError) as error:
            self.problem = f"{self.path} cannot be written: {error}"
            self._retry_at = time.monotonic() + RETRY_AFTER
        else:
            for table, _, rows in self._waiting:
                if table:
                    self.stored[table] = self.stored.get(table, 0) + len(rows)
            self._waiting.clear()
            self._waiting_rows = 0
            self.problem = ""

    def replace(self, table: str, rows: Sequence[Row]) -> None:
        """The rows of a table of the machinery, in place of those that were there."""
        columns = tuple(column.name for column in self._tables[table].columns)
        places = ", ".join("?" * len(columns))
        try:
            with self._connection:
                self._connection.execute(f"DELETE FROM {quote(table)}")
                self._connection.executemany(f"INSERT INTO {quote(table)} VALUES ({places})", rows)
        except (apsw.FullError, apsw.IOError, apsw.ReadOnlyError, apsw.BusyError) as error:
            self.problem = f"{self.path} cannot be written: {error}"

    def expire(self, keep_seconds: int, keep_rows: int) -> int:
        """Delete what is too old or too much, the oldest first; returns how many rows. The newest row of a table always
        stays, so that SQLite never gives its number again and cursors hold."""
        connection, gone = self._connection, 0
        oldest = int(time.time()) - keep_seconds
        for name, table in self._tables.items():
            if not issubclass(table, EventTable):
                continue
            sql = (
                f"DELETE FROM {quote(name)} WHERE eid < (SELECT max(eid) FROM {quote(name)}) AND eid <= max("
                f"coalesce((SELECT max(eid) FROM {quote(name)} WHERE time < ?), 0),"
                f"coalesce((SELECT max(eid) - ? FROM {quote(name)}), 0))"
            )
            try:
                connection.execute(sql, (oldest, keep_rows)).fetchall()
                gone += connection.changes()
            except apsw.Error as error:
                self.problem = f"{self.path} cannot be written: {error}"
                return gone
        return gone

    def size(self) -> int:
        """Bytes of the file and its log."""
        return sum(os.path.getsize(p) for p in (self.path, self.path + "-wal") if os.path.exists(p))

    def shrink(self) -> None:
        """Give pages that are free back to the file system, some at a time."""
        try:
            self._connection.execute("PRAGMA incremental_vacuum(1000)").fetchall()
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except apsw.Error as error:
            self.problem = f"{self.path} cannot be written: {error}"

    def close(self) -> None:
        """Write what waits, as far as that goes, and close."""
        self._retry_at = 0.0
        self.commit()
        self._connection.close(True)

    def _open(self) -> apsw.Connection:
        try:
            os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
            # Made here, so that it is private from its first moment.
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
            return self._prepared(apsw.Connection(self.path))
        except (OSError, apsw.CantOpenError, apsw.ReadOnlyError, apsw.FullError, apsw.IOError) as error:
            self.problem = f"events are kept in memory alone: {self.path} cannot be used: {error}"
            return self._prepared(apsw.Connection(":memory:"))

    def _prepared(self, connection: apsw.Connection) -> apsw.Connection:
        try:
            connection.set_busy_timeout(_BUSY_MS)
            layout = connection.execute("PRAGMA user_version").fetchall()[0][0]
            if layout not in (0, LAYOUT):
                raise apsw.CorruptError(f"its layout is {layout}, {LAYOUT} is expected")
            for pragma in ("auto_vacuum = INCREMENTAL", "journal_mode = WAL", "synchronous = NORMAL"):
                connection.execute(f"PRAGMA {pragma}").fetchall()
            with connection:
                for table in self._tables.values():
                    for statement in declarations(table):
                        connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {LAYOUT}")
        except (apsw.CorruptError, apsw.NotADBError) as error:
            connection.close(True)
            self._quarantine(str(error))
            return self._open()
        return connection

    def _put_aside(self, reason: str) -> None:
        self._connection.close(True)
        self._quarantine(reason)
        self._connection = self._open()

    def _quarantine(self, reason: str) -> None:
        aside = f"{self.path}.damaged-{int(time.time())}"
        for ending in ("-wal", "-shm"):
            if os.path.exists(self.path + ending):
                os.unlink(self.path + ending)
        os.replace(self.path, aside)
        self.problem = f"the buffer was damaged ({reason}); it was put aside as {aside}"

    def _insert(self, table: str, columns: tuple[str, ...]) -> str:
        key = (table, id(columns))
        found = self._statements.get(key)
        if found is None:
            # The tuple is kept, so that no other can have its identity.
            self._columns[id(columns)] = columns
            names, places = ", ".join(map(quote, columns)), ", ".join("?" * len(columns))
            found = self._statements[key] = f"INSERT INTO {quote(table)} ({names}) VALUES ({places})"
        return found

    def _drop_oldest(self) -> None:
        while self._waiting_rows > WAITING_ROWS and self._waiting:
            table, _, rows = self._waiting.pop(0)
            if table:
                self._waiting_rows -= len(rows)
                self.dropped[table] = self.dropped.get(table, 0) + len(rows)


def declarations(table: type[Table]) -> list[str]:
    """The statements that make a table of the buffer and its index."""
    events = issubclass(table, EventTable)
    columns = []
    for column in table.columns:
        kind = "BIGINT" if column.type == UNSIGNED_BIGINT else column.type
        if events and column.name == "eid":
            kind = "INTEGER PRIMARY KEY"
        if column.collate == "NOCASE" and column.type == TEXT:
            kind += " COLLATE NOCASE"
        columns.append(f"{quote(column.name)} {kind}")
    made = [f"CREATE TABLE IF NOT EXISTS {quote(table.name)} ({', '.join(columns)})"]
    for name in ("time", *_INDEXED.get(table.name, ())) if events else ():
        made.append(f"CREATE INDEX IF NOT EXISTS {quote(f'{table.name}_{name}')} ON {quote(table.name)} ({name})")
    return made
