"""`Sampler`: what a process takes, looked at often and cheaply: its files in /proc are opened once (6 us a look).

A file that was opened is that process's: once it has ended, reading says so, whoever has the number by then.
"""

from __future__ import annotations

import os

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Sample:
    """cpu    seconds used so far, in user and system mode
    memory  resident bytes
    state   as in proc_pid_stat(5): R, S, D, T, Z
    """

    __slots__ = ("cpu", "memory", "state")

    def __init__(self, cpu: float, memory: int, state: str) -> None:
        self.cpu = cpu
        self.memory = memory
        self.state = state


class Sampler:
    """Looks at one process. Raises OSError where there is none."""

    def __init__(self, pid: int) -> None:
        self._stat = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)

    def sample(self) -> Sample | None:
        """What it takes now; None where it has ended."""
        try:
            raw = os.pread(self._stat, 1024, 0)
        except ProcessLookupError:
            return None
        fields = raw[raw.rindex(b")") + 2 :].split()
        return Sample((int(fields[11]) + int(fields[12])) / _TICKS, int(fields[21]) * _PAGE, fields[0].decode())

    def close(self) -> None:
        """Close the files."""
        os.close(self._stat)


class Bucket:
    """Whether a rate of CPU was passed for too long: what is used above it flows in, and out again when less is used.

    A process that uses one whole core breaks after `latency` seconds, whatever the rate; a short pause does not make
    all forgotten.
    """

    def __init__(self, rate: float, latency: float) -> None:
        self.rate = rate
        self.latency = latency
        self.level = 0.0

    def add(self, used: float, seconds: float) -> bool:
        """So many seconds of CPU were used in so many seconds; whether it is too much."""
        if not self.rate:
            return False
        self.level = max(self.level + used - self.rate * seconds, 0.0)
        return self.level > max(1 - self.rate, 0.1) * self.latency

    def empty(self) -> None:
        """Begin anew."""
        self.level = 0.0
