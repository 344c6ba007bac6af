"""`Collector`: opens the publishers, drains them, drops what is excluded, writes the rest to the buffer.

One thread, one loop: it waits on the publishers' file descriptors, takes what is there in bounded batches, and commits
at most `FLUSH` seconds later. When it is slow the kernel's own queues fill, and what they drop is counted.
"""

from __future__ import annotations

import os
import select
import time

from .assignment import Assigned, Assignment
from .context import Contexts
from .exclusion.rules import Rules
from .publisher import Unavailable
from .stream import GAP, Stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from .options import Options
    from .publisher import Publisher
    from .store import Store
    from .table import EventTable

# Seconds after which an event is in the buffer at the latest, when little happens.
FLUSH = 0.1
# Seconds between writing the publishers' counters.
REPORT = 1.0
# Rows that are committed at once even before FLUSH is over.
BATCH = 20_000


class Collector:
    """Collects for the given event tables until it is stopped.

    problem  what is wrong with its configuration, '' for nothing; `event_publishers` says it
    """

    def __init__(
        self,
        store: Store,
        tables: Iterable[type[EventTable]],
        publishers: Iterable[type[Publisher]],
        options: Options,
        rules: Rules | None = None,
    ) -> None:
        self.store = store
        self.options = options
        self.rules = rules or Rules()
        self.contexts = Contexts()
        self.assignment = Assignment(tables, publishers)
        self._poll = select.epoll()
        self._polled: dict[int, Assigned] = {}
        self.problem = ""
        self._report_at = 0.0
        self._reported: dict[str, tuple[list[tuple[Any, ...]], str]] = {}

    def start(self) -> None:
        """Open the best publisher for each table; those that cannot work say why in `event_publishers`."""
        self.contexts.prime()
        self._open_all()
        self._report()

    def run(self, stopped: Callable[[], bool]) -> None:
        """Collect until `stopped` says so; it is asked at least every REPORT seconds."""
        while not stopped():
            self.step()

    def step(self, wait: float = REPORT) -> None:
        """Wait for something to happen, for `wait` seconds at most, and handle it."""
        began = time.monotonic()
        timeout = min(wait, FLUSH) if self.store.waiting else wait
        for fd, _ in self._poll.poll(timeout):
            if fd == self._waker:
                os.read(fd, 4096)
            else:
                self._drain(self._polled[fd])
        now = time.monotonic()
        if self.store.waiting and (self.store.waiting >= BATCH or now - began >= FLUSH or self._due(now)):
            self.store.commit()
            self._flushed_at = now
        self._housekeeping(now)

    def use(self, rules: Rules, options: Options | None = None) -> None:
        """Other exclusion profiles, or other options, from now on. Rules apply without losing events; publishers whose
        options changed are opened anew, and the time between is a row of `event_gaps`."""
        old, self.options, self.rules = self.options, options or self.options, rules
        changed = {name for name, value in vars(self.options).items() if vars(old)[name] != value}
        if changed:
            for assigned in self.assignment.reconsider(changed):
                self._suspend(assigned, f"settings changed: {', '.join(sorted(changed))}")
            self._open_all()
        for assigned in self.assignment.opened():
            self._apply_rules(assigned)
        self._report()

    def close(self) -> None:
        """Close the publishers, which take everything out of the kernel, and the buffer."""
        for assigned in self.assignment.opened():
            self._drain(assigned)
            if assigned.state == "running":
                self._shut(assigned, "stopped")
        self._report()
        self.store.close()
        self._poll.close()

    def wake_by(self, fd: int) -> None:
        """Do not wait on when this file descriptor is readable, as when a signal came; what is in it is thrown away."""
        self._waker = fd
        self._poll.register(fd, select.EPOLLIN)

    _flushed_at = 0.0
    _waker = -1

    def _due(self, now: float) -> bool:
        return now - self._flushed_at >= FLUSH

    def _open_all(self) -> None:
        """Open those that have tables to feed. Where one cannot work, its tables go to others, which may be open."""
        while True:
            for assigned in self.assignment.closed():
                self._open(assigned)
            outdated = [assigned for assigned in self.assignment.opened() if assigned.outdated]
            if not outdated:
                return
            for assigned in outdated:
                self._suspend(assigned, "it feeds more tables from now on")

    def _suspend(self, assigned: Assigned, why: str) -> None:
        """Close one that runs, to be opened again at once."""
        self._drain(assigned)
        if assigned.state == "running":
            self._shut(assigned, "standby")
            assigned.broke_at, assigned.broke = int(time.time()), why

    def _open(self, assigned: Assigned) -> None:
        publisher = assigned.publisher
        # One that starts again keeps what it counted.
        if not hasattr(assigned, "stream"):
            assigned.stream = Stream(publisher.name, self.store, self.contexts)
        try:
            publisher.open(assigned.tables, self.options)
        except Unavailable as unavailable:
            self._tell_break(assigned)
            tables, assigned.tables = assigned.tables, frozenset()
            assigned.unavailable(unavailable)
            self.assignment.pass_on(tables)
            return
        except OSError as error:
            assigned.failed(str(error))
            return
        assigned.state, assigned.reason, assigned.outdated = "running", "", False
        assigned.opened_at = time.monotonic()
        if publisher.unfed:
            assigned.cannot_feed(publisher.unfed)
            self.assignment.pass_on(publisher.unfed)
        self._tell_break(assigned)
        fd = publisher.fileno()
        self._polled[fd] = assigned
        assigned.fd = fd
        self._poll.register(fd, select.EPOLLIN)
        self._apply_rules(assigned)

    def _tell_break(self, assigned: Assigned) -> None:
        """One that broke runs again, or another does its work from now on."""
        if assigned.broke_at is not None:
            row = (
                int(time.time()),
                assigned.broke_at,
                ",".join(sorted(assigned.tables)),
                assigned.broke,
                0,
                assigned.publisher.name,
            )
            self.store.add("event_gaps", GAP, [row])
            assigned.broke_at = None

    def _apply_rules(self, assigned: Assigned) -> None:
        try:
            assigned.enforced = assigned.publisher.exclude(self.rules)
        except OSError as error:
            # Some of the old rules may be in force beside some of the new: it starts anew.
            self._broke(assigned, error)
            return
        assigned.stream.rest(self.rules, assigned.enforced)

    def _drain(self, assigned: Assigned) -> None:
        try:
            assigned.publisher.drain(assigned.stream)
        except OSError as error:
            self._broke(assigned, error)
        except Exception as error:
            # A bug of one publisher costs what it had in its hands, not the others and not the collector.
            assigned.stream.gap(f"a bug in this publisher: {type(error).__name__}: {error}", 1)
            self._broke(assigned, error)

    def _broke(self, assigned: Assigned, error: Exception) -> None:
        self._shut(assigned, "restarting")
        text = str(error) if isinstance(error, OSError) else f"a bug in this publisher: {type(error).__name__}: {error}"
        assigned.failed(text)

    def _shut(self, assigned: Assigned, state: str) -> None:
        if assigned.fd is not None:
            self._poll.unregister(assigned.fd)
            del self._polled[assigned.fd]
            assigned.fd = None
        assigned.keep_counters()
        assigned.stream.tell_gap(assigned.tables)
        assigned.publisher.close()
        assigned.state = state

    def _housekeeping(self, now: float) -> None:
        due = self.assignment.due(now)
        for assigned in due:
            self._open(assigned)
        if due:
            self._open_all()
        if now >= self._report_at:
            self._report_at = now + REPORT
            self._report()
            self.store.keep(self.options)

    def _report(self) -> None:
        for assigned in self.assignment.opened():
            assigned.stream.tell_gap(assigned.tables)
        for table, rows in self.assignment.report(self.rules, self.store, self.problem).items():
            # Where nothing changed the disk is left alone; a file that was put aside was a change.
            said = (rows, self.store.problem)
            if self._reported.get(table) != said:
                self._reported[table] = said
                self.store.replace(table, rows)
