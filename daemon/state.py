"""`State`: what the agent must not forget, in one SQLite file: last results, counters, cursors, undelivered lines.

A run's new result and the lines that tell of it are committed together, so that whatever happens between, no difference
is lost and none is invented; a line stays until its logger took it.
"""

from __future__ import annotations

import os
import time
import uuid
from contextlib import contextmanager

import apsw

from ..vtables.files.private import make_private
from ..vtables.sources.sqlite_files import connect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

VERSION = 1
# Characters of lines that are handed to a logger at once, and one line more.
BATCH_BYTES = 4 << 20
_SCHEMA = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE IF NOT EXISTS queries (
    name TEXT PRIMARY KEY, sql TEXT, epoch INTEGER, counter INTEGER, time INTEGER, eid INTEGER
);
CREATE TABLE IF NOT EXISTS results (name TEXT, row TEXT);
CREATE INDEX IF NOT EXISTS results_name ON results (name);
CREATE TABLE IF NOT EXISTS spool (id INTEGER PRIMARY KEY AUTOINCREMENT, logger TEXT, kind TEXT, line TEXT);
CREATE INDEX IF NOT EXISTS spool_logger ON spool (logger, id);
CREATE VIEW IF NOT EXISTS hostql_results AS
    SELECT queries.name, time, epoch, counter, row FROM results JOIN queries ON queries.name = results.name;
CREATE TABLE IF NOT EXISTS places (logger TEXT, kind TEXT, place TEXT, PRIMARY KEY (logger, kind));
CREATE TABLE IF NOT EXISTS lost (logger TEXT PRIMARY KEY, lines INTEGER);
"""
_DAMAGED = (apsw.CorruptError, apsw.NotADBError)


class Past:
    """What is known of a query's last run."""

    __slots__ = ("counter", "eid", "epoch", "sql")

    def __init__(self, sql: str, epoch: int, counter: int, eid: int) -> None:
        self.sql = sql
        self.epoch = epoch
        self.counter = counter
        self.eid = eid


class State:
    """One connection, of the worker alone.

    problem  what is wrong with the file, '' while all is well
    instance  this installation's own id
    outlet    where lines go instead of waiting here, None for nowhere else
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.problem = ""
        self.outlet: Callable[[Sequence[tuple[str, str]]], None] | None = None
        self._connection = self._open()
        self.instance = self._instance()

    def past(self, name: str) -> Past | None:
        """What is known of a query; None before its first run."""
        found = self._connection.execute(
            "SELECT sql, epoch, counter, eid FROM queries WHERE name = ?", (name,)
        ).fetchall()
        return Past(*found[0]) if found else None  # type: ignore[arg-type]

    def rows(self, name: str) -> list[str]:
        """The rows of a query's last result, as `differential.key` makes them."""
        found = self._connection.execute("SELECT row FROM results WHERE name = ? ORDER BY rowid", (name,))
        return [str(row) for (row,) in found]

    def ran(
        self,
        name: str,
        past: Past,
        rows: tuple[Sequence[str], Sequence[str]] | Sequence[str] | None,
        lines: Sequence[tuple[str, str]],
        loggers: Sequence[str],
    ) -> None:
        """A run is over: what is known of the query now, and the lines, (kind, line), for each logger.

        `rows` are (removed, added) of the stored result, or all of a new one; None leaves what is stored.
        """
        with self._transaction():
            self._connection.execute(
                "INSERT OR REPLACE INTO queries VALUES (?, ?, ?, ?, ?, ?)",
                (name, past.sql, past.epoch, past.counter, int(time.time()), past.eid),
            )
            if isinstance(rows, tuple):
                removed, added = rows
                self._connection.executemany(
                    "DELETE FROM results WHERE rowid = (SELECT rowid FROM results WHERE name = ? AND row = ? LIMIT 1)",
                    [(name, row) for row in removed],
                )
                self._insert(name, added)
            elif rows is not None:
                self._connection.execute("DELETE FROM results WHERE name = ?", (name,))
                self._insert(name, rows)
            self._spool(lines, loggers)
        self._hand_out(lines, loggers)

    def say(self, kind: str, lines: Iterable[str], loggers: Sequence[str]) -> None:
        """Lines that are about no query."""
        told = [(kind, line) for line in lines]
        with self._transaction():
            self._spool(told, loggers)
        self._hand_out(told, loggers)

    def waiting(self, logger: str, most: int) -> list[tuple[int, str, str]]:
        """(id, kind, line) of lines that a logger has not taken, the oldest first; a long line ends the batch."""
        sql = "SELECT id, kind, line FROM spool WHERE logger = ? ORDER BY id LIMIT ?"
        found: list[tuple[int, str, str]] = []
        size = 0
        for id, kind, line in self._connection.execute(sql, (logger, most), can_cache=False):
            found.append((int(id), str(kind), str(line)))
            size += len(found[-1][2])
            if size > BATCH_BYTES:
                break
        return found

    def taken(self, logger: str, id: int, kind: str, place: str) -> None:
        """A logger took all lines up to this one; those of this kind end at `place` now (`Logger.place`),
        '' where that cannot be told."""
        with self._transaction():
            self._connection.execute("DELETE FROM spool WHERE logger = ? AND id <= ?", (logger, id))
            if place:
                self._connection.execute("INSERT OR REPLACE INTO places VALUES (?, ?, ?)", (logger, kind, place))

    def place(self, logger: str, kind: str) -> str:
        """Where a logger's lines of a kind ended when it took some last; '' for not known."""
        sql = "SELECT place FROM places WHERE logger = ? AND kind = ?"
        found = self._connection.execute(sql, (logger, kind)).fetchall()
        return str(found[0][0]) if found else ""

    def bound(self, most: int) -> int:
        """Drop the oldest lines of each logger that has more than `most` bytes of them; how many went. Counted."""
        gone = 0
        sizes = "SELECT logger, sum(length(line)), count(*), min(id) FROM spool GROUP BY logger"
        for logger, size, count, first in self._connection.execute(sizes).fetchall():
            if size > most:  # type: ignore[operator]
                # A part by the average length, and some more, so that this is not for each line.
                part = int(count * (1 - most * 0.9 / size)) + 1  # type: ignore[operator]
                gone += self._drop(str(logger), int(first), part)  # type: ignore[arg-type]
        return gone

    def lost(self) -> dict[str, int]:
        """Lines that were dropped, by logger."""
        return {str(name): int(lines) for name, lines in self._connection.execute("SELECT * FROM lost")}

    def count_lost(self, logger: str, lines: int) -> None:
        """So many more lines of a logger were dropped."""
        sql = "INSERT INTO lost VALUES (?, ?) ON CONFLICT DO UPDATE SET lines = lines + excluded.lines"
        self._connection.execute(sql, (logger, lines)).fetchall()

    def spooled(self) -> dict[str, tuple[int, int]]:
        """(lines, bytes) that wait, by logger."""
        sql = "SELECT logger, count(*), sum(length(line)) FROM spool GROUP BY logger"
        return {str(name): (int(n), int(size)) for name, n, size in self._connection.execute(sql)}

    def remember(self, name: str, value: str) -> None:
        """Keep a value under a name."""
        self._connection.execute("INSERT OR REPLACE INTO about VALUES (?, ?)", (name, value)).fetchall()

    def remembered(self, name: str) -> str:
        """The value under a name, '' for none."""
        found = self._connection.execute("SELECT value FROM about WHERE name = ?", (name,)).fetchall()
        return str(found[0][0]) if found else ""

    def select(self, table: str, columns: Sequence[str]) -> list[dict[str, Any]]:
        """The rows of a table of the agent's; none where there is no such table, or an older one."""
        names = ", ".join(f'"{name}"' for name in columns)
        try:
            found = self._connection.execute(f'SELECT {names} FROM "{table}"').fetchall()
        except apsw.SQLError:
            return []
        return [dict(zip(columns, row)) for row in found]

    def replace(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """A table of the agent's for others to read (daemon/tables/), in place of what it was."""
        names = ", ".join(f'"{name}"' for name in columns)
        with self._transaction():
            if [name for _, name, *_ in self._connection.execute(f'PRAGMA table_info("{table}")')] != list(columns):
                # There is none yet, or an older one.
                self._connection.execute(f'DROP TABLE IF EXISTS "{table}"')
                self._connection.execute(f'CREATE TABLE "{table}" ({names})')
            self._connection.execute(f'DELETE FROM "{table}"')
            self._connection.executemany(f'INSERT INTO "{table}" VALUES ({", ".join("?" * len(columns))})', rows)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing. IMMEDIATE waits for another writer (a logger) where an upgrade would fail at once."""
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _insert(self, name: str, rows: Iterable[str]) -> None:
        self._connection.executemany("INSERT INTO results VALUES (?, ?)", [(name, row) for row in rows])

    def _hand_out(self, lines: Sequence[tuple[str, str]], loggers: Sequence[str]) -> None:
        if self.outlet is not None and loggers and lines:
            self.outlet(lines)

    def _spool(self, lines: Iterable[tuple[str, str]], loggers: Sequence[str]) -> None:
        if self.outlet is not None:
            return
        rows = [(logger, kind, line) for kind, line in lines for logger in loggers]
        # A statement that is kept for the next time keeps the line it was given, however long.
        sql = "INSERT INTO spool (logger, kind, line) VALUES (?, ?, ?)"
        self._connection.executemany(sql, rows, can_cache=False)

    def _drop(self, logger: str, first: int, part: int) -> int:
        with self._transaction():
            self._connection.execute(
                "DELETE FROM spool WHERE id IN (SELECT id FROM spool WHERE logger = ? ORDER BY id LIMIT ?)",
                (logger, part),
            )
            gone = self._connection.changes()
            self.count_lost(logger, gone)
        return gone

    def _open(self) -> apsw.Connection:
        make_private(self.path)
        connection = connect(self.path)
        try:
            connection.set_busy_timeout(10_000)
            version = connection.pragma("user_version")
            if version not in (0, VERSION):
                raise apsw.CorruptError(f"its version is {version}, {VERSION} is expected")
            connection.pragma("journal_mode", "WAL")
            # What was acknowledged is on the disk, whatever happens to the host.
            connection.pragma("synchronous", "FULL")
            connection.execute(_SCHEMA).fetchall()
            connection.pragma("user_version", VERSION)
        except _DAMAGED as error:
            connection.close(True)
            self._put_aside(str(error))
            return self._open()
        return connection

    def _put_aside(self, reason: str) -> None:
        aside = f"{self.path}.damaged-{int(time.time())}"
        for ending in ("-wal", "-shm"):
            if os.path.exists(self.path + ending):
                os.unlink(self.path + ending)
        os.replace(self.path, aside)
        self.problem = f"the state was damaged ({reason}); it was put aside as {aside}, and all results are new"

    def _instance(self) -> str:
        found = self.remembered("instance")
        if not found:
            found = str(uuid.uuid4())
            self.remember("instance", found)
        return found
