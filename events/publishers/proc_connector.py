"""The publisher `proc_connector`: the kernel's process events connector (linux/cn_proc.h), completed from /proc.

The kernel tells that a process executed something and that it ended, by number alone. What was executed is read from
/proc at once; of a process that has ended or gone on to another program by then there is a row with `overflows` 'gone'.
A process ends, here, with its first thread, though others may go on for a while.
"""

from __future__ import annotations

import errno
import os
import random
import socket
import time

from ...vtables.sources.procfs import TICKS
from ..publisher import Counters, Publisher, Unavailable
from . import process_facts
from .proc_messages import CN_IDX_PROC, EXEC, EXIT, FORK, IGNORE, LISTEN, NONE, exit_code, parse, request
from .process_facts import facts, gone
from .receive_buffer import Queue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..options import Options
    from ..publisher import Stream
    from .proc_messages import Event
    from .process_facts import Facts

COLUMNS = (*process_facts.COLUMNS, "pid", "time", "uptime", "syscall", "success")
# linux/netlink.h
_NETLINK_CONNECTOR = 11
# An event takes some 800 bytes of it: twenty thousand of them.
_BUFFER = 16 << 20
# Seconds to wait for the kernel's word that it will send events.
_PATIENCE = 1.0
# Events taken before /proc is looked at, and in all in one go. All that wait should be known by then: a program's
# successor or its end, still unread, would let it be told as what /proc shows now.
_BATCH, _MOST = 5_000, 10_000
# Programs whose end is waited for; of more, the ends of the oldest go unnoticed.
_RUNNING = 100_000
_INITIAL = "ask for them in the host's own pid, user and network namespaces"


class _Start:
    """A program that started: the event, what /proc said, and when it was asked (on the monotonic clock)."""

    __slots__ = ("event", "facts", "read")

    def __init__(self, event: Event, found: Facts) -> None:
        self.event = event
        self.facts = found
        self.read = time.monotonic_ns()


class ProcConnector(Publisher):
    """Programs that start and processes that end, from the kernel's connector."""

    name = "proc_connector"
    tier = 3
    settings = ("forks",)
    tables = ("process_events",)

    def __init__(self, proc: str = "/proc") -> None:
        self._proc = proc
        self._counters = Counters()
        self._running: dict[int, int] = {}

    def open(self, tables: frozenset[str], options: Options) -> None:
        """Ask the kernel for events. It answers to root in the initial namespaces alone."""
        self._counters, self._running = Counters(), {}
        self._forks = options.forks
        try:
            link = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, _NETLINK_CONNECTOR)
        except OSError as error:
            raise Unavailable(f"the kernel has no connector here ({error.strerror})", _INITIAL) from None
        try:
            self._listen(link)
        except PermissionError:
            link.close()
            raise Unavailable("the kernel tells process events to root alone", "run as root") from None
        except ConnectionRefusedError:
            link.close()
            raise Unavailable("the connector is not in this network namespace", _INITIAL) from None
        except BaseException:
            link.close()
            raise
        self._link = link

    def fileno(self) -> int:
        """The connector's socket."""
        return self._link.fileno()

    def drain(self, stream: Stream) -> None:
        """Hand over what the kernel has told."""
        held: list[Event | _Start] = []
        taken = 0
        while True:
            events = self._receive(stream) if taken < _MOST else []
            found = self._look(events)
            _settle(held, found)
            self._hand_on(held, stream)
            if not found:
                return
            taken += len(events)
            held = found

    def counters(self) -> Counters:
        """Programs that started, and what was lost."""
        return self._counters

    def close(self) -> None:
        """Tell the kernel that nobody listens any more."""
        try:
            self._link.send(request(IGNORE, None, 0, self._port))
        except OSError:
            pass
        self._link.close()

    def _listen(self, link: socket.socket) -> None:
        link.bind((0, CN_IDX_PROC))
        self._queue = Queue(link, _BUFFER)
        self._port = link.getsockname()[0]
        link.settimeout(_PATIENCE)
        # Everybody who listens hears every acknowledgement: which is ours the number tells. A port would not, for it is
        # a process id, and that of the first process is 1 in each namespace.
        number = random.randrange(1, 1 << 31)
        link.send(request(LISTEN, None, number, self._port))
        self._await_acknowledgement(link, number)
        # Without a mask the kernel tells of renamed threads and changed user ids, too, at anybody's pace.
        link.send(request(LISTEN, EXEC | EXIT | (FORK if self._forks else 0), 0, self._port))
        link.setblocking(False)

    def _await_acknowledgement(self, link: socket.socket, number: int) -> None:
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            try:
                raw, sender = link.recvfrom(4096)
            except OSError as error:
                if error.errno == errno.ENOBUFS:
                    continue
                break
            event = parse(raw) if sender[0] == 0 else None
            if event is None or event.what != NONE or event.pid != number:
                continue
            if event.code:
                raise OSError(event.code, os.strerror(event.code))
            return
        raise Unavailable("the kernel does not answer to the request for process events", _INITIAL)

    def _receive(self, stream: Stream) -> list[Event]:
        """The events that wait, a batch at most."""
        found: list[Event] = []
        receive, wanted = self._link.recvfrom, (EXEC, EXIT, FORK) if self._forks else (EXEC, EXIT)
        while len(found) < _BATCH:
            try:
                raw, sender = receive(4096)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                self._overrun(stream)
                continue
            # Whoever may send to the group can pretend to be the kernel, but not to have its address.
            event = parse(raw) if sender[0] == 0 else None
            if event is None:
                self._counters.lost += 1
                self._counters.seen += 1
            elif event.what in wanted and (event.what == EXEC or event.pid == event.tgid):
                found.append(event)
        return found

    def _overrun(self, stream: Stream) -> None:
        lost = self._queue.overflowed()
        self._counters.lost += lost
        self._counters.seen += lost
        stream.gap(f"{lost} process events found no room in the socket's buffer", lost)

    def _look(self, events: list[Event]) -> list[Event | _Start]:
        """The events, with what /proc says of each program that started."""
        # What the process did last among these: of what it was before, /proc knows nothing any more.
        last = {event.tgid: event for event in events}
        found: list[Event | _Start] = []
        ahead = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - time.monotonic_ns()
        for event in events:
            if event.what == EXIT:
                found.append(event)
                continue
            then = last[event.tgid]
            seen = facts(self._proc, event.tgid) if then is event or then.what == EXIT else gone()
            # The pid may be another's by now: one that started later, or one that runs where this one has ended.
            later = seen.ticks and int(seen.ticks) * (1_000_000_000 // TICKS) > event.ns + ahead
            if seen.program and (later or then is not event):
                seen = gone()
            found.append(_Start(event, seen))
        return found

    def _hand_on(self, held: list[Event | _Start], stream: Stream) -> None:
        rows: list[tuple[Any, ...]] = []
        ends: dict[int, tuple[int | None, int | None, int]] = {}
        wall = time.time_ns() - time.monotonic_ns()
        boot = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - time.monotonic_ns()
        running = self._running
        for each in held:
            if isinstance(each, _Start):
                event = each.event
                if event.tgid in ends:
                    # The pid is used again: what ended is written before its row is no longer the newest.
                    self._flush(rows, ends, stream)
                    rows, ends = [], {}
                when = ((event.ns + wall) // 1_000_000_000, (event.ns + boot) // 1_000_000_000)
                rows.append((*each.facts.columns, event.tgid, *when, "execve" if event.what == EXEC else "fork", 1))
                running[event.tgid] = event.ns
            else:
                began = running.pop(each.tgid, None)
                if began is not None:
                    ends[each.tgid] = (exit_code(each.code), (each.ns - began) // 1_000_000, each.tgid)
        self._flush(rows, ends, stream)
        while len(running) > _RUNNING:
            del running[next(iter(running))]

    def _flush(
        self, rows: list[tuple[Any, ...]], ends: dict[int, tuple[int | None, int | None, int]], stream: Stream
    ) -> None:
        self._counters.seen += len(rows)
        stream.add("process_events", COLUMNS, rows)
        if ends:
            stream.ended(list(ends.values()))


def _settle(held: list[Event | _Start], later: list[Event | _Start]) -> None:
    """Of programs that started, correct what was read too late, by what happened since; and learn from its end who was
    the parent of a process that was gone."""
    starts: dict[int, _Start] = {}
    for each in (*held, *later):
        if isinstance(each, _Start):
            before = starts.get(each.event.tgid)
            if before is not None and before.facts.program is not None and _was_read_late(before, each):
                before.facts = gone(parent=before.facts.columns[-2])
            starts[each.event.tgid] = each
        else:
            ended = starts.pop(each.tgid, None)
            if ended is not None and ended.facts.program is None and each.parent:
                comm = ended.facts.columns[2].strip("[]")
                ended.facts = gone(comm, each.parent)


def _was_read_late(before: _Start, after: _Start) -> bool:
    """Whether what was read of a program is what its successor in the same process is."""
    if after.facts.program is not None:
        return before.facts.program == after.facts.program
    return before.read > after.event.ns
