"""The worker: a child of the watcher that runs the schedule. `python -m hostql.daemon.worker CONFIG STATE OPTIONS`

OPTIONS are those of the command line, as JSON.

One loop on the main thread: what is due runs, one query after the other; loggers have threads of their own. Whatever
goes wrong with a query, a logger or a new configuration costs itself alone.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time

import apsw

from ..events.attach import Events
from ..vtables.errors import HostqlError, QueryCancelled, QueryError
from ..watchdog.allowance import allowance, ram
from ..watchdog.attached import Attached, attach
from ..watchdog.limits import Limits
from ..watchdog.memory import Trimming
from ..watchdog.voice import say
from .active import ActivePacks
from .catalog import FILE, SCHEMA
from .config.identity import host_identifier
from .config.model import ScheduledQuery
from .config.source import ConfigSource
from .database_tables import add_tables
from .decorations import Decorations
from .engine import add_views, open_database
from .loggers.outlets import Outlets
from .performance import Performance
from .records import Format
from .runner import Runner, Usage, digest
from .schedule import Schedule
from .state import State
from .status_lines import ERROR, INFO, WARNING, StatusLines
from .told import tell_about, tell_packs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..vtables.database import Database

# Seconds that a query may take where neither it nor the options say.
LONGEST = 300.0
# Rows of one result.
MOST_ROWS = 1_000_000
# Seconds between writing what queries cost, and bounding the spool.
STORE = 5.0
# Seconds that a decorator or discovery query may take, the share of a query's CPU, and its rows.
ASIDE, ASIDE_CPU, ASIDE_ROWS = 10.0, 0.25, 1000


class Worker:
    """The schedule at work."""

    def __init__(self, config: str, state: str, given: str = "{}") -> None:
        self.stopping = threading.Event()
        self._wake = threading.Event()
        self._reload = False
        self._denied: set[tuple[str, str]] = set()
        self._running: ScheduledQuery | None = None
        self._state_folder = state
        self.state = State(os.path.join(state, FILE))
        self.source = ConfigSource(config, before=self.state.remembered("config"), given=json.loads(given))
        self._host = host_identifier(self.source.config.options, self.state.instance)
        self._status = StatusLines(self.state, self._host)
        self.performance = Performance(self.state)
        self._outlets = Outlets(self.state, lambda: self._beat("logger"))
        self._attached: Attached | None = None
        self._trimming = Trimming(ram())
        self._store_at = 0.0
        self._started = int(time.time())
        now = time.time()
        options = self.source.config.options
        self._schedule = Schedule(
            now, percent=options.schedule_splay_percent, host=self._host, max_drift=options.schedule_max_drift
        )
        self._database, self._runner = self._engine()
        self._use_config()
        if self.state.problem:
            self._status.say(ERROR, self.state.problem)

    def run(self) -> None:
        """Until `stopping`."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, frame: self.stop())
        signal.signal(signal.SIGHUP, lambda number, frame: self.ask_reload())
        self._attached = attach(interrupt=self._interrupt, reload=self.ask_reload, denied=self._deny)
        if self._attached is not None:
            self._attached.ready()
            self._tell_limits()
        while not self.stopping.is_set():
            self.step(time.time())
            self._sleep(time.time())
        self.close()

    def step(self, now: float) -> None:
        """Do what is due at Unix time `now`."""
        self._beat("schedule")
        if self.source.changed(self._reload):
            self._reload = False
            self._use_config()
        if self._packs.refresh(now):
            self._use_schedule(now)
        for query in self._schedule.due(now):
            if self.stopping.is_set():
                break
            self._run(query, int(now))
            self._beat("schedule")
            self._store_now_and_then(time.time())
        self._store_now_and_then(now)

    def stop(self) -> None:
        """End after the query that runs, which is interrupted."""
        self.stopping.set()
        self._wake.set()
        self._interrupt("the agent stops")

    def ask_reload(self) -> None:
        """Read the configuration again, and open log files anew."""
        self._reload = True
        self._outlets.wake(reopen=True)
        self._wake.set()

    def close(self) -> None:
        """Nothing is left half-written."""
        self._store(time.time())
        self._outlets.close()
        self._database.close()
        self.state.close()

    def _engine(self) -> tuple[Database, Runner]:
        database = open_database(self.source.config.options, self._state_folder)
        tables = database.catalog
        path = os.path.join(self._state_folder, "events.db")
        events = Events(database, lambda text: self._status.say(INFO, text), path, begin=False)

        def provide(table: str) -> bool:
            if tables.subject(table) == "events":
                return events(table)
            database.attach(self.state.path, SCHEMA)
            return True

        database.provider = provide
        for problem in add_tables(database, self.source.config.tables):
            self._status.say(WARNING, problem)
        runner = Runner(database, self.state, self._format(), [], begin=self._begin, end=self._end)
        return database, runner

    def _format(self) -> Format:
        options = self.source.config.options
        return Format(
            self._host,
            events=options.logger_event_type,
            snapshot_events=options.logger_snapshot_event_type,
            numerics=options.logger_numerics,
            top_level=options.decorations_top_level,
        )

    def _use_config(self) -> None:
        """What the configuration says is in force from now on."""
        config = self.source.config
        options = config.options
        self.state.remember("config_problem", self.source.problem)
        if self.source.problem:
            self._status.say(ERROR, self.source.problem)
            if self._outlets.names:
                return
        else:
            self.state.remember("config", self.source.remembered())
        self._use_loggers()
        for fault in config.faults:
            self._status.say(INFO if fault.note else WARNING, str(fault), every=3600)
        self._runner.format, self._runner.epoch = self._format(), options.schedule_epoch
        self._database.settings.read_max = options.read_max
        self._make_views()
        self._runner.decorations = None
        if not options.disable_decorators:
            self._runner.decorations = Decorations(config.decorators, self._ask, self._warn)
        self._packs = ActivePacks(config.packs, self._ask, self._warn, options.pack_refresh_interval)
        self._packs.refresh(time.time())
        self._use_schedule(time.time())
        tell_about(self.state, config, self._started)
        self._tell_limits()

    def _use_loggers(self) -> None:
        options = self.source.config.options
        for problem in self._outlets.use(options):
            self._status.say(ERROR, problem)
        self._status.loggers, self._status.options = self._outlets.names, options
        self._runner.loggers = [] if options.disable_logging else self._outlets.names

    def _use_schedule(self, now: float) -> None:
        tell_packs(self.state, self._packs)
        self._schedule.use(self._packs.queries(), now)
        self.performance.changed()

    def _make_views(self) -> None:
        """Views of the configuration, under names that no table has."""
        self._runner.forget()
        for name, error in add_views(self._database, self.source.config.views):
            self._status.say(WARNING, f"view {name} is left out: {error.message}")

    def _run(self, query: ScheduledQuery, when: int) -> None:
        if query.denylist and self._is_denied(query):
            self._status.say(INFO, f"{query.name} is denied, and does not run", every=3600)
            self.performance.changed()
            return
        usage = self._runner.run(query, when, self._limits())
        self.performance.ran(query, usage, when)
        self._outlets.wake()
        for note in dict.fromkeys(usage.notes):
            self._status.say(INFO, note, every=3600)
        if usage.outcome and not self.stopping.is_set():
            self._status.say(WARNING, f"scheduled query {query.name} failed: {usage.outcome}", every=600)
        self._deny_where_broken(query, usage)
        self._trimming.after(usage.memory, usage.size)

    def _deny_where_broken(self, query: ScheduledQuery, usage: Usage) -> None:
        if usage.breach and query.denylist and self._attached is not None:
            took = {name: round(getattr(usage, name), 2) for name in ("cpu", "memory", "wall", "rows", "files")}
            self._attached.deny(query.name, digest(query.sql), usage.outcome, took)
            self._denied.add((query.name, digest(query.sql)))

    def _limits(self) -> Limits:
        """A little less than the watchdog's, so that most queries end in peace before it must act."""
        options = self.source.config.options
        timeout = float(options.schedule_timeout or LONGEST)
        if options.disable_watchdog:
            return Limits(timeout=timeout, rows=MOST_ROWS)
        allowed = allowance(**self._allowed())
        memory = int(allowed.memory * 0.9) or None
        return Limits(
            timeout=timeout, cpu=allowed.latency * 0.8 if allowed.cpu else None, memory=memory, rows=MOST_ROWS
        )

    def _allowed(self) -> dict[str, Any]:
        options = self.source.config.options
        return {
            "level": -1 if options.disable_watchdog else options.watchdog_level,
            "memory_mib": options.watchdog_memory_limit,
            "percent": options.watchdog_utilization_limit,
            "latency": options.watchdog_latency_limit,
        }

    def _tell_limits(self) -> None:
        if self._attached is not None:
            self._attached.limits(**self._allowed())

    def _is_denied(self, query: ScheduledQuery) -> bool:
        return bool(self._denied & {(query.name, ""), (query.name, digest(query.sql))})

    def _deny(self, queries: set[tuple[str, str]]) -> None:
        if queries != self._denied:
            self._denied = queries
            self.performance.changed()

    def _begin(self, query: ScheduledQuery) -> None:
        self._running = query
        if self._attached is not None:
            seconds = float(self.source.config.options.schedule_timeout or LONGEST)
            self._attached.begin(query.name, digest(query.sql), seconds + 5, deniable=query.denylist)

    def _end(self, query: ScheduledQuery, usage: Usage) -> None:
        self._running = None
        if self._attached is not None:
            told = {name: getattr(usage, name) for name in ("wall", "cpu", "memory", "rows", "files", "outcome")}
            self._attached.end(query=query.name, **told)

    def _interrupt(self, reason: str) -> None:
        if self._running is not None:
            self._database.cancel(QueryCancelled(f"interrupted: {reason}"))

    def _ask(self, name: str, sql: str) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        """Columns and rows of a decorator or discovery query. Raises QueryError.

        It may take less than a scheduled query, so that the one after it finds the watchdog's allowance unused.
        """
        query = ScheduledQuery(name, sql, 0)
        if self._is_denied(query):
            raise QueryError("it is denied, and does not run")
        limits = self._limits()
        limits.timeout, limits.rows = ASIDE, ASIDE_ROWS
        limits.cpu = limits.cpu and limits.cpu * ASIDE_CPU
        usage, columns, rows = self._runner.ask(query, limits)
        self._deny_where_broken(query, usage)
        if usage.outcome:
            raise QueryError(usage.outcome)
        return columns, rows

    def _warn(self, text: str) -> None:
        self._status.say(WARNING, text, every=600)

    def _beat(self, name: str) -> None:
        if self._attached is not None:
            self._attached.beat(name)

    def _store_now_and_then(self, now: float) -> None:
        if now >= self._store_at or now < self._store_at - 2 * STORE:
            self._store_at = now + STORE
            self._store(now)

    def _store(self, now: float) -> None:
        try:
            self._write(now)
        except apsw.Error as error:
            self._status.say(ERROR, f"the state cannot be written: {error}", every=60)
        for problem in self._outlets.problems():
            self._status.say(ERROR, problem, every=60)

    def _write(self, now: float) -> None:
        self.performance.store(
            self._packs.queries(), lambda query: self._is_denied(query), lambda name: self._schedule.next_of(name, now)
        )
        gone = self._outlets.bound(self.source.config.options.logger_spool_bytes)
        if gone:
            self._status.say(WARNING, f"{gone} lines were dropped: a logger has been down for long")

    def _sleep(self, now: float) -> None:
        """Until the next second in which something is due, and five seconds at most, so that it beats."""
        next = self._schedule.next(now)
        self._wake.wait(max(min((next or now + STORE) - now, STORE), 0.01))
        self._wake.clear()


def main(config: str, state: str, given: str = "{}") -> int:
    """Run until told to stop; returns the exit code."""
    Worker(config, state, given).run()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:4]))
    except HostqlError as error:
        say(f"worker: {error.message}")
        sys.exit(1)
    except Exception as error:
        # A fault of ours: told in a line; the watcher starts another worker.
        say(f"worker: {type(error).__name__}: {error}")
        sys.exit(70)
