"""`Runner`: runs one scheduled query: its rows, what changed since the last time, the lines that tell of it."""

from __future__ import annotations

import hashlib
import resource
import time

from ..events.window import Window
from ..vtables.errors import HostqlError, QueryLimitExceeded
from ..vtables.sources.files import counters
from ..watchdog.guard import Guard, resident
from . import records
from .differential import differences, key
from .loggers.logger import RESULT, SNAPSHOT
from .state import Past

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from ..vtables.database import Database
    from ..watchdog.guard import Breach
    from ..watchdog.limits import Limits
    from .config.model import ScheduledQuery
    from .decorations import Decorations
    from .records import Format
    from .state import State


class Usage:
    """What a run took: wall, user and system in seconds, memory in bytes that the process grew by, files of the host
    that were read, rows and their size; outcome '' where all went well, else what went wrong; `breach` where that was
    a limit."""

    __slots__ = ("breach", "files", "memory", "notes", "outcome", "rows", "size", "system", "user", "wall")

    def __init__(self) -> None:
        self.wall = self.user = self.system = 0.0
        self.breach = False
        self.files = self.memory = self.rows = self.size = 0
        self.outcome = ""
        self.notes: list[str] = []

    @property
    def cpu(self) -> float:
        """Seconds of CPU."""
        return self.user + self.system


class Runner:
    """Runs queries on one database, which is kept; `begin` and `end` tell the watchdog what runs."""

    def __init__(
        self,
        database: Database,
        state: State,
        format: Format,
        loggers: Sequence[str],
        *,
        epoch: int = 0,
        begin: Callable[[ScheduledQuery], None] = lambda query: None,
        end: Callable[[ScheduledQuery, Usage], None] = lambda query, usage: None,
    ) -> None:
        self.database = database
        self.format = format
        self.loggers = loggers
        self.epoch = epoch
        self.decorations: Decorations | None = None
        self._state = state
        self._begin = begin
        self._end = end
        # The event table that each query reads, '' for none.
        self._event_tables: dict[str, str] = {}

    def forget(self) -> None:
        """Names may mean other tables from now on."""
        self._event_tables.clear()

    def run(self, query: ScheduledQuery, when: int, limits: Limits) -> Usage:
        """Run a query that is due at Unix time `when`. What goes wrong is in the usage's outcome; nothing is raised."""
        # Before the query begins, which is not to blame for what a decorator takes.
        decorations = self.decorations.now(when) if self.decorations is not None else {}
        return self._measured(query, lambda usage: self._run(query, when, decorations, limits, usage))

    def _measured(self, query: ScheduledQuery, work: Callable[[Usage], None]) -> Usage:
        usage = Usage()
        self._begin(query)
        began, before, memory = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF), resident()
        files = counters.files
        try:
            work(usage)
        except HostqlError as error:
            usage.outcome = error.message
            usage.breach = isinstance(error, QueryLimitExceeded)
        except Exception as error:
            # A table that raises what it should not: a fault of ours, which costs this query alone.
            usage.outcome = f"{type(error).__name__}: {error}"
        after = resource.getrusage(resource.RUSAGE_SELF)
        usage.wall = time.monotonic() - began
        usage.user, usage.system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
        usage.memory, usage.files = max(resident() - memory, 0), counters.files - files
        self._end(query, usage)
        return usage

    def ask(self, query: ScheduledQuery, limits: Limits) -> tuple[Usage, tuple[str, ...], list[tuple[Any, ...]]]:
        """Columns and rows of a query that is not scheduled (a decorator, a discovery query), and what it took. What
        goes wrong is in the usage's outcome; nothing is raised."""
        columns: tuple[str, ...] = ()
        rows: list[tuple[Any, ...]] = []

        def work(usage: Usage) -> None:
            nonlocal columns
            with Guard(limits, self._stop):
                for result in self.database.run(query.sql):
                    for row in result:
                        rows.append(row)
                        _check_number(rows, limits)
                    columns = result.columns or columns

        usage = self._measured(query, work)
        return usage, columns, rows

    def _run(self, query: ScheduledQuery, when: int, decorations: dict[str, str], limits: Limits, usage: Usage) -> None:
        past = self._state.past(query.name)
        new = past is None
        if past is None:
            past = Past("", self.epoch, 0, 0)
        changed = bool(past.sql) and past.sql != query.sql
        past.sql = query.sql
        rows, of_events = self._rows(query, past, limits, usage)
        usage.rows, usage.size = len(rows), sum(map(len, rows))
        if changed:
            usage.notes.append(f"Scheduled query has been updated: {query.name}")
        if of_events:
            self._log_events(query, past, when, decorations, rows, new)
        elif query.snapshot:
            run = records.Run(query.name, when, self.epoch, 0, decorations)
            lines = [(SNAPSHOT, line) for line in records.snapshot(self.format, run, rows)]
            # What was stored as a differential result stays, for it may become one again.
            self._state.ran(query.name, past, None, lines, self.loggers)
        else:
            self._log_differences(query, past, when, decorations, rows, new, usage)

    def _rows(self, query: ScheduledQuery, past: Past, limits: Limits, usage: Usage) -> tuple[list[str], bool]:
        """The rows, and whether they are events: then those that came since the last run.

        One event table's place is remembered; a query that joins it with another sees all of the other's.
        """
        rows: list[str] = []
        window = self._window(query.sql)
        newest = 0
        try:
            if window is not None:
                newest, oldest = window.newest(), window.oldest()
                if past.eid and oldest > past.eid + 1:
                    usage.notes.append(f"{query.name}: {oldest - past.eid - 1} events expired before they were seen")
                # A buffer that was begun anew counts from the beginning.
                window.open(past.eid if newest >= past.eid else 0, newest)
            with Guard(limits, self._stop):
                for result in self.database.run(query.sql):
                    for row in result:
                        rows.append(key(result.columns, row))
                        _check_number(rows, limits)
                    usage.notes += list(result.notes)
        finally:
            if window is not None:
                window.close()
        if window is not None:
            past.eid = newest
        return rows, window is not None

    def _window(self, sql: str) -> Window | None:
        """The window over the event table that a query reads, None for none; which one that is, is found once."""
        table = self._event_tables.get(sql)
        if table is not None:
            return Window(self.database, table) if table else None
        window = Window.over(self.database, sql)
        self._event_tables[sql] = window.table if window is not None else ""
        return window

    def _log_events(
        self, query: ScheduledQuery, past: Past, when: int, decorations: dict[str, str], rows: list[str], new: bool
    ) -> None:
        """Events are only ever added; the counter counts runs that gave some."""
        past.epoch = self.epoch
        if not rows:
            if new:
                past.counter = -1
            self._state.ran(query.name, past, None, (), self.loggers)
            return
        past.counter = 0 if new else past.counter + 1
        run = records.Run(query.name, when, self.epoch, past.counter, decorations)
        kind = SNAPSHOT if query.snapshot else RESULT
        if query.snapshot:
            found = records.snapshot(self.format, run, rows)
        else:
            found = records.results(self.format, run, (), rows)
        self._state.ran(query.name, past, None, [(kind, line) for line in found], self.loggers)

    def _log_differences(
        self,
        query: ScheduledQuery,
        past: Past,
        when: int,
        decorations: dict[str, str],
        rows: list[str],
        new: bool,
        usage: Usage,
    ) -> None:
        first = new or past.epoch != self.epoch
        if first:
            if not new:
                usage.notes.append(f"New Epoch {self.epoch} for scheduled query {query.name}")
            past.epoch, past.counter = self.epoch, 0
            removed: list[str] = []
            added = rows
        else:
            removed, added = differences(self._state.rows(query.name), rows)
            if not removed and not added:
                self._state.ran(query.name, past, None, (), self.loggers)
                return
            past.counter += 1
        run = records.Run(query.name, when, self.epoch, past.counter, decorations)
        told = removed if query.removed else []
        lines: list[tuple[str, str]] = []
        if told or added or first:
            lines = [(RESULT, line) for line in records.results(self.format, run, told, added)]
        self._state.ran(query.name, past, rows if first else (removed, added), lines, self.loggers)

    def _stop(self, breach: Breach) -> BaseException:
        reason = QueryLimitExceeded(breach.limit, breach.allowed, breach.used, breach.message)
        self.database.cancel(reason)
        return reason


def _check_number(rows: Sequence[Any], limits: Limits) -> None:
    if limits.rows is not None and len(rows) > limits.rows:
        said = f"stopped after {len(rows)} rows; the limit is {limits.rows}"
        raise QueryLimitExceeded("rows", limits.rows, len(rows), said)


def digest(sql: str) -> str:
    """What tells a query's text from another's."""
    return hashlib.sha256(sql.encode("utf-8", "surrogateescape")).hexdigest()
