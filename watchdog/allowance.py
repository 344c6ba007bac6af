"""How much a worker may take of a host: memory by its RAM, like the fare of a taxi, CPU by its cores.

    RAM         normal     restrictive
    512 MiB     77 MiB     64 MiB
    1 GiB       154 MiB    77 MiB
    4 GiB       307 MiB    154 MiB
    16 GiB      553 MiB    276 MiB
    64 GiB      1.0 GiB    522 MiB
    2 TiB       2.0 GiB    1.0 GiB

The memory is what the worker may grow by over what it took when it was ready.
"""

from __future__ import annotations

import os

MIB, GIB = 1 << 20, 1 << 30
# Of each part of the RAM up to this size, this share; the rest counts by the last share.
_STEPS = ((1 * GIB, 0.15), (4 * GIB, 0.05), (16 * GIB, 0.02), (64 * GIB, 0.01))
_REST = 0.0025
_FLOOR, _CAP = 64 * MIB, 2 * GIB
# Level: share of the memory, share of one core for each core there is, floor and cap of that, seconds it may be passed.
LEVELS = {0: (1.0, 0.10, 0.20, 0.60, 12), 1: (0.5, 0.05, 0.10, 0.30, 6)}
NONE = -1


class Allowance:
    """memory   bytes that the worker may grow by; 0 for no limit
    cpu      cores that it may use for long, 0.2 being a fifth of one; 0 for no limit
    latency  seconds that it may use a whole core before it is stopped
    """

    __slots__ = ("cpu", "latency", "memory")

    def __init__(self, memory: int, cpu: float, latency: float) -> None:
        self.memory = memory
        self.cpu = cpu
        self.latency = latency


def memory(ram: int, share: float = 1.0) -> int:
    """Bytes for a host of so many bytes of RAM: so much for the first GiB, less for each further one.

    >>> [memory(size * GIB) // MIB for size in (1, 4, 16, 64, 2048)]
    [153, 307, 552, 1044, 2048]
    """
    total, below = 0.0, 0
    for upto, part in _STEPS:
        total += (min(ram, upto) - below) * part if ram > below else 0
        below = upto
    total += max(ram - below, 0) * _REST
    return int(min(max(total * share, _FLOOR), _CAP * share))


def cpu(cores: int, level: int = 0) -> float:
    """Cores that may be used for long. Less than one, so that one thread that runs away is noticed on any host.

    >>> [cpu(cores) for cores in (1, 2, 4, 64)]
    [0.2, 0.2, 0.4, 0.6]
    """
    _, each, floor, cap, _ = LEVELS[level]
    return min(max(each * cores, floor), cap)


def allowance(level: int = 0, *, memory_mib: int = 0, percent: int = 0, latency: int = 0, root: str = "/") -> Allowance:
    """What a level gives on this host now; single limits that are given (not 0) count instead."""
    if level not in LEVELS:
        return Allowance(memory_mib * MIB, percent / 100, latency or LEVELS[0][4])
    share = LEVELS[level][0]
    return Allowance(
        memory_mib * MIB or memory(ram(root), share),
        percent / 100 or cpu(os.cpu_count() or 1, level),
        latency or LEVELS[level][4],
    )


def ram(root: str = "/") -> int:
    """Bytes of RAM: the host's (proc_meminfo(5)), or what the control group of this process may use, where that is
    less. Read anew each time: memory is plugged in and limits change."""
    found = GIB
    try:
        with open(f"{root}proc/meminfo", "rb") as file:
            found = int(file.readline().split()[1]) << 10
    except (OSError, ValueError, IndexError):
        pass
    return min([found, *_group_limits(root)])


def _group_limits(root: str) -> list[int]:
    try:
        with open(f"{root}proc/self/cgroup", encoding="utf-8", errors="replace") as file:
            lines = [line.rstrip("\n").split(":", 2) for line in file]
    except OSError:
        return []
    found = []
    for _, controllers, path in (line for line in lines if len(line) == 3):
        if controllers == "":
            places = [f"sys/fs/cgroup{path}/memory.max", f"sys/fs/cgroup/unified{path}/memory.max"]
        elif "memory" in controllers.split(","):
            places = [f"sys/fs/cgroup/memory{path}/memory.limit_in_bytes"]
        else:
            continue
        for place in places:
            try:
                with open(root + place, "rb") as file:
                    found.append(int(file.read()))
            except (OSError, ValueError):
                # There is none, or it is "max".
                continue
    return found
