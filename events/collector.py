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
from .stream import Stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from .buffer import Buffer
    from .options import Options
    from .publisher import Publisher
    from .table import EventTable

# Seconds after which an event is in the buffer at the latest, when little happens.
FLUSH = 0.1
# Seconds between writing the publishers' counters, and between expiries.
REPORT = 1.0
EXPIRE = 30.0
# Rows that are committed at once even before FLUSH is over.
BATCH = 20_000


class Collector:
    """Collects for the given event tables until it is stopped.

    problem  what is wrong with its configuration, '' for nothing; `event_publishers` says it
    """

    def __init__(
        self,
        buffer: Buffer,
        tables: Iterable[type[EventTable]],
        publishers: Iterable[type[Publisher]],
        options: Options,
        rules: Rules | None = None,
    ) -> None:
        self.buffer = buffer
        self.options = options
        self.rules = rules or Rules()
        self.contexts = Contexts()
        self.assignment = Assignment(tables, publishers)
        self._poll = select.epoll()
        self._polled: dict[int, Assigned] = {}
        self.problem = ""
        self._report_at = self._expire_at = 0.0
        self._reported: dict[str, tuple[list[tuple[Any, ...]], str]] = {}

    def start(self) -> None:
        """Open the best publisher for each table; those that cannot work say why in `event_publishers`."""
        self.contexts.prime()
        for assigned in self.assignment.closed():
            self._open(assigned)
        self._report()

    def run(self, stopped: Callable[[], bool]) -> None:
        """Collect until `stopped` says so; it is asked at least every REPORT seconds."""
        while not stopped():
            self.step()

    def step(self, wait: float = REPORT) -> None:
        """Wait for something to happen, for `wait` seconds at most, and handle it."""
        began = time.monotonic()
        timeout = min(wait, FLUSH) if self.buffer.waiting else wait
        for fd, _ in self._poll.poll(timeout):
            if fd == self._waker:
                os.read(fd, 4096)
            else:
                self._drain(self._polled[fd])
        now = time.monotonic()
        if self.buffer.waiting and (self.buffer.waiting >= BATCH or now - began >= FLUSH or self._due(now)):
            self.buffer.commit()
            self._flushed_at = now
        self._housekeeping(now)

    def use(self, rules: Rules) -> None:
        """Another exclusion profile from now on, without losing events."""
        self.rules = rules
        for assigned in self.assignment.opened():
            self._apply_rules(assigned)
        self._report()

    def close(self) -> None:
        """Close the publishers, which take everything out of the kernel, and the buffer."""
        for assigned in self.assignment.opened():
            assigned.publisher.drain(assigned.stream)
            self._shut(assigned, "stopped")
        self._report()
        self.buffer.close()
        self._poll.close()

    def wake_by(self, fd: int) -> None:
        """Do not wait on when this file descriptor is readable, as when a signal came; what is in it is thrown away."""
        self._waker = fd
        self._poll.register(fd, select.EPOLLIN)

    _flushed_at = 0.0
    _waker = -1

    def _due(self, now: float) -> bool:
        return now - self._flushed_at >= FLUSH

    def _open(self, assigned: Assigned) -> None:
        publisher = assigned.publisher
        # One that starts again keeps what it counted.
        if not hasattr(assigned, "stream"):
            assigned.stream = Stream(publisher.name, self.buffer, self.contexts)
        try:
            publisher.open(assigned.tables, self.options)
        except Unavailable as unavailable:
            assigned.unavailable(unavailable)
            self.assignment.pass_on(assigned)
            return
        except OSError as error:
            assigned.failed(str(error))
            return
        assigned.state, assigned.reason = "running", ""
        fd = publisher.fileno()
        self._polled[fd] = assigned
        assigned.fd = fd
        self._poll.register(fd, select.EPOLLIN)
        self._apply_rules(assigned)

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

    def _broke(self, assigned: Assigned, error: OSError) -> None:
        self._shut(assigned, "restarting")
        assigned.failed(str(error))
        assigned.stream.gap(f"{assigned.publisher.name} broke: {error}", 0)

    def _shut(self, assigned: Assigned, state: str) -> None:
        if assigned.fd is not None:
            self._poll.unregister(assigned.fd)
            del self._polled[assigned.fd]
            assigned.fd = None
        assigned.keep_counters()
        assigned.publisher.close()
        assigned.state = state

    def _housekeeping(self, now: float) -> None:
        for assigned in self.assignment.due(now):
            self._open(assigned)
        if now >= self._expire_at:
            self._expire_at = now + EXPIRE
            if self.buffer.expire(self.options.keep_seconds, self.options.keep_rows):
                self.buffer.shrink()
        if now >= self._report_at:
            self._report_at = now + REPORT
            self._report()

    def _report(self) -> None:
        for table, rows in self.assignment.report(self.rules, self.buffer, self.problem).items():
            # Where nothing changed the disk is left alone; a file that was put aside was a change.
            said = (rows, self.buffer.problem)
            if self._reported.get(table) != said:
                self._reported[table] = said
                self.buffer.replace(table, rows)
