"""The table `cpu_time` (/proc/stat, proc_stat(5))."""

from __future__ import annotations

from ..scan import Scan
from ..sources.text import decode, integer
from ..table import BIGINT, INTEGER, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_STATES = 10


def parse_cpu_times(raw: bytes) -> list[tuple[int, ...]]:
    r"""(core, time in each of ten states) of every `cpuN` line; states an old kernel lacks are 0.

    >>> parse_cpu_times(b"cpu 9 9\ncpu0 1 2 3\n")
    [(0, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0)]
    """
    found = []
    for line in raw.split(b"\n"):
        name, *values = line.split() or [b""]
        numbers = [integer(decode(word)) for word in (name[3:], *values)]
        if name[:3] == b"cpu" and None not in numbers:
            core, *times = [number for number in numbers if number is not None]
            found.append((core, *[*times, *[0] * _STATES][:_STATES]))
    return found


class CpuTime(Table):
    """Time each CPU has spent in each state since the host started, in ticks of 1/100 s; a row for each CPU."""

    core = Column(INTEGER, "Number of the CPU")
    user = Column(BIGINT, "Running programs, in ticks")
    nice = Column(BIGINT, "Running programs of lowered priority, in ticks")
    system = Column(BIGINT, "Running the kernel, in ticks")
    idle = Column(BIGINT, "Doing nothing, in ticks")
    iowait = Column(BIGINT, "Idle while a task waited for storage, in ticks")
    irq = Column(BIGINT, "Serving interrupts, in ticks")
    softirq = Column(BIGINT, "Serving deferred interrupts, in ticks")
    steal = Column(BIGINT, "Taken by the hypervisor for others, in ticks")
    guest = Column(BIGINT, "Running guests, in ticks")
    guest_nice = Column(BIGINT, "Running guests of lowered priority, in ticks")

    typical_rows = 8
    examples = ["SELECT core, user, system, idle FROM cpu_time;"]

    def rows(self, scan: Scan) -> Iterator[tuple[int, ...]]:
        yield from parse_cpu_times(scan.host.read("/proc/stat"))
