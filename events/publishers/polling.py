"""The publisher `polling`: /proc read each second, where the kernel tells of processes in no other way.

It sees only what lives long enough: a program that begins and ends between two looks leaves no row. What it sees, it
sees up to a second late; how a program ended is not known, how long it ran to within that second.
"""

from __future__ import annotations

import os
import time

from ...vtables.sources.files import read_once
from ...vtables.sources.procfs import TICKS, parse_stat, pids
from ...vtables.sources.text import decode
from ..publisher import Counters, Publisher, Unavailable
from . import process_facts
from .process_facts import facts, gone
from .timer import timer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..options import Options
    from ..publisher import Stream

# Seconds between two looks.
INTERVAL = 1.0
COLUMNS = (*process_facts.COLUMNS, "pid", "time", "uptime", "success")
# linux/sched.h: flags of kernel threads, which run no program.
_PF_KTHREAD = 0x200000


class _Seen:
    """A process: its start in ticks since boot, the place of its stack (another with each program), and whether it has
    a row."""

    __slots__ = ("row", "stack", "start")

    def __init__(self, start: bytes, stack: bytes, row: bool) -> None:
        self.start = start
        self.stack = stack
        self.row = row


class Polling(Publisher):
    """Processes that were not there at the last look."""

    name = "polling"
    tier = 9
    tables = ("process_events",)

    def __init__(self, proc: str = "/proc") -> None:
        self._proc = proc
        self._counters = Counters()
        self._seen: dict[int, _Seen] = {}

    def open(self, tables: frozenset[str], options: Options) -> None:
        """Take in the processes that there are: they are no events."""
        self._counters = Counters()
        try:
            self._seen = self._look()[0]
            self._timer = timer(INTERVAL)
        except OSError as error:
            raise Unavailable(f"{self._proc} cannot be read: {error.strerror}", "mount it") from None

    def fileno(self) -> int:
        """The timer."""
        return self._timer

    def drain(self, stream: Stream) -> None:
        """Look again, and hand over what is new and what has ended."""
        try:
            os.read(self._timer, 8)
        except BlockingIOError:
            return
        before = self._seen
        self._seen, fresh = self._look()
        boot = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
        now = time.clock_gettime(time.CLOCK_BOOTTIME)
        # Before the rows, for a pid may be used again already: an end belongs to the newest row of its pid.
        stream.ended(self._ends(before, now))
        rows = []
        for pid, comm, parent, started in fresh:
            found = facts(self._proc, pid)
            if found.program is None:
                found = gone(comm, parent)
            # A program that took another's place in a process began some time since the last look.
            when = now if started is None else started
            rows.append((*found.columns, pid, int(boot + when), int(when), 1))
        self._counters.seen += len(rows)
        stream.add("process_events", COLUMNS, rows)

    def counters(self) -> Counters:
        """Programs found; how many came and went unseen is not known."""
        return self._counters

    def close(self) -> None:
        """Stop looking."""
        os.close(self._timer)

    def _look(self) -> tuple[dict[int, _Seen], list[tuple[int, str, int, float | None]]]:
        """All processes, and of those that are new (pid, name, parent, start in seconds since boot); a start of None is
        a process seen before that runs another program now."""
        before, now, fresh = self._seen, {}, []
        for pid in pids(os.listdir(self._proc)):
            try:
                comm, fields = parse_stat(read_once(f"{self._proc}/{pid}/stat"))
                start, stack, parent, ticks = fields[19], fields[25], int(fields[1]), int(fields[19])
                if int(fields[6]) & _PF_KTHREAD:
                    continue
            except (OSError, ValueError, IndexError):
                continue
            seen = before.get(pid)
            if seen is not None and seen.start == start and (stack in (seen.stack, b"0") or seen.stack == b"0"):
                now[pid] = seen
                if seen.stack == b"0":
                    seen.stack = stack
                continue
            again = seen is not None and seen.start == start
            fresh.append((pid, decode(comm), parent, None if again else ticks / TICKS))
            now[pid] = _Seen(start, stack, True)
        return now, fresh

    def _ends(self, before: dict[int, _Seen], now: float) -> list[tuple[int | None, int | None, int]]:
        """Of the processes that are gone and had a row, how long they ran; what their exit code was nobody knows."""
        return [
            (None, int((now - int(seen.start) / TICKS) * 1000), pid)
            for pid, seen in before.items()
            if seen.row and (pid not in self._seen or self._seen[pid].start != seen.start)
        ]
