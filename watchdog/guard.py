"""`Guard`: watches one query from a thread of its own and says when it breaks a limit.

    with Guard(Limits(timeout=5), stop):
        ...the query...

`stop` is called with the `Breach`, from the guard's thread; it should make the query end (interrupt it), and gives the
exception to raise where that does not help: code that never lets another thread run (a regular expression that tries
for hours) is ended by a signal, in the main thread alone.
Wall time goes by `clock`; a Stopwatch leaves out what is not the query's (a person reading its rows).
The guard knows no SQL. Rows are counted by whoever reads them.
"""

from __future__ import annotations

import os
import time

from .limits import Limits, human

TYPE_CHECKING = False
if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from typing import Any

# How often the limits are looked at, in seconds: a limit is overrun by about this much at most.
INTERVAL = 0.05
# Seconds between two signals; the second after a breach raises.
PATIENCE = 0.25

_PAGE = os.sysconf("SC_PAGE_SIZE")


class Breach:
    """A limit that was broken: its name, what was allowed and what was used (seconds, bytes or rows)."""

    __slots__ = ("allowed", "limit", "message", "used")

    def __init__(self, limit: str, allowed: float, used: float) -> None:
        self.limit = limit
        self.allowed = allowed
        self.used = used
        self.message = _MESSAGES[limit](allowed, used)


_MESSAGES: dict[str, Callable[[float, float], str]] = {
    "timeout": lambda allowed, used: f"stopped after {used:.1f} s; the timeout is {allowed:g} s",
    "cpu": lambda allowed, used: f"stopped after {used:.1f} s of CPU; the limit is {allowed:g} s",
    "memory": lambda allowed, used: f"stopped at {human(used)} of memory; the limit is {human(allowed)}",
    "rows": lambda allowed, used: f"stopped after {used:.0f} rows; the limit is {allowed:.0f}",
}


class Guard:
    """Watches the process while a query runs. `breach` is what was broken, None when all went well."""

    def __init__(
        self,
        limits: Limits,
        stop: Callable[[Breach], BaseException | None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.breach: Breach | None = None
        self._limits = limits
        self._stop = stop
        self._clock = clock
        self._thread: threading.Thread | None = None
        self._ended: threading.Event | None = None
        self._error: BaseException | None = None
        self._warned = False
        self._before: Any = None

    def __enter__(self) -> Guard:
        if not self._limits.watched():
            return self
        import threading

        self._started = self._clock()
        self._cpu = time.process_time()
        self._memory = resident()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, args=(self._ended,), name="guard", daemon=True)
        self._thread.start()
        if threading.current_thread() is threading.main_thread():
            import signal

            self._before = signal.signal(signal.SIGALRM, self._alarm)
            signal.setitimer(signal.ITIMER_REAL, PATIENCE, PATIENCE)
        return self

    def __exit__(self, *_error: object) -> None:
        if self._before is not None:
            import signal

            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self._before)
        if self._ended is not None and self._thread is not None:
            self._ended.set()
            self._thread.join()

    def _watch(self, ended: threading.Event) -> None:
        while not ended.wait(INTERVAL):
            if self._broken():
                return

    def _broken(self) -> bool:
        """Whether a limit is broken; `stop` is told when it is seen first."""
        if self.breach is None:
            self.breach = self._look()
            if self.breach is not None:
                self._error = self._stop(self.breach)
        return self.breach is not None

    def _alarm(self, _signal: int, _frame: object) -> None:
        """Python runs this even within a C function that holds its lock, if that looks for signals."""
        if not self._broken():
            return
        if self._warned and self._error is not None:
            raise self._error
        self._warned = True

    def _look(self) -> Breach | None:
        limits = self._limits
        elapsed = self._clock() - self._started
        if limits.timeout is not None and elapsed > limits.timeout:
            return Breach("timeout", limits.timeout, elapsed)
        cpu = time.process_time() - self._cpu
        if limits.cpu is not None and cpu > limits.cpu:
            return Breach("cpu", limits.cpu, cpu)
        if limits.memory is not None:
            grown = resident() - self._memory
            if grown > limits.memory:
                return Breach("memory", limits.memory, grown)
        return None


def resident() -> int:
    """Resident memory of this process in bytes (proc_pid_statm(5))."""
    fd = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return int(os.read(fd, 128).split()[1]) * _PAGE
    finally:
        os.close(fd)
