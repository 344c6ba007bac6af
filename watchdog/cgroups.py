"""Control groups: the kernel's own limits behind the watchdog's, of either version (cgroups(7)).

The worker gets a group below the one that the watcher runs in. There is no well-kept library; writing the files is the
norm. `memory.high` is not used: alone it stalls a worker in place of stopping it.
"""

from __future__ import annotations

import os
import time
import zlib

# What a worker may take more of than the watchdog allows, before the kernel stops it.
HARD = 1.5
PIDS = 128
_PERIOD = 100_000


class Group:
    """A group that was made; `paths` are its directories, one for each hierarchy.

    oom_kills  how often the kernel killed in it, when last asked
    """

    def __init__(self, paths: dict[str, str], version: int) -> None:
        self.paths = paths
        self.version = version
        self.oom_kills = 0

    def limit(self, memory: int, cores: float) -> list[str]:
        """Set limits, bytes and cores (0 for none); gives in words what could not be set."""
        memory_text = str(memory) if memory else ("max" if self.version == 2 else "-1")
        quota = max(int(cores * _PERIOD), 1000)
        if self.version == 2:
            wanted = [
                ("", "memory.max", memory_text),
                ("", "memory.oom.group", "1"),
                ("", "cpu.max", f"{quota} {_PERIOD}" if cores else f"max {_PERIOD}"),
                ("", "pids.max", str(PIDS)),
            ]
        else:
            wanted = [
                ("memory", "memory.limit_in_bytes", memory_text),
                ("cpu", "cpu.cfs_quota_us", str(quota) if cores else "-1"),
                ("pids", "pids.max", str(PIDS)),
            ]
        problems = []
        for hierarchy, name, value in wanted:
            if hierarchy in self.paths:
                problem = _write(os.path.join(self.paths[hierarchy], name), value)
                if problem:
                    problems.append(problem)
        return problems

    def add(self, pid: int) -> list[str]:
        """Put a process into it, before it runs its program; gives what went wrong."""
        return [p for p in (_write(os.path.join(path, "cgroup.procs"), str(pid)) for path in self.paths.values()) if p]

    def newly_killed(self) -> int:
        """How often the kernel killed for want of memory in it since the last call."""
        name = "memory.events" if self.version == 2 else "memory.oom_control"
        path = self.paths.get("" if self.version == 2 else "memory")
        total = self.oom_kills
        if path is not None:
            for line in _lines(os.path.join(path, name)):
                if line[:1] == ["oom_kill"] and line[1:]:
                    total = int(line[1])
        new, self.oom_kills = total - self.oom_kills, total
        return new

    def kill(self) -> None:
        """Kill all that is in it."""
        if self.version == 2 and not _write(os.path.join(self.paths[""], "cgroup.kill"), "1"):
            return
        for pid in self.members():
            try:
                os.kill(pid, 9)
            except ProcessLookupError:
                pass

    def members(self) -> list[int]:
        """The processes in it."""
        path = next(iter(self.paths.values()), "")
        return [int(line[0]) for line in _lines(os.path.join(path, "cgroup.procs")) if line]

    def remove(self) -> None:
        """Remove its directories; one that still holds a process that cannot be killed stays."""
        for path in self.paths.values():
            for _ in range(20):
                try:
                    os.rmdir(path)
                    break
                except FileNotFoundError:
                    break
                except OSError:
                    # A process that was killed is in it for some milliseconds more.
                    time.sleep(0.01)


def name_for(state: str) -> str:
    """The name of the worker's group: one for each state, so that what a watcher that was killed left is taken over by
    the next, not left for good."""
    return f"hostql-worker-{zlib.crc32(os.fsencode(state)):08x}"


def make(name: str, root: str = "/") -> tuple[Group | None, str]:
    """A group of this name below our own, or None and the reason in words."""
    own = _own_groups(root)
    unified = f"{root}sys/fs/cgroup"
    if os.path.exists(f"{unified}/cgroup.controllers"):
        return _make_unified(unified + own.get("", "/"), name)
    paths: dict[str, str] = {}
    problem = "no hierarchy of control groups is mounted at /sys/fs/cgroup"
    for hierarchy in ("memory", "cpu", "pids"):
        folder = f"{root}sys/fs/cgroup/{hierarchy}"
        if hierarchy in own and os.path.isdir(folder + own[hierarchy]):
            path = os.path.join(folder + own[hierarchy], name)
            try:
                os.makedirs(path, exist_ok=True)
                paths[hierarchy] = path
            except OSError as error:
                problem = f"{path} cannot be made: {error.strerror}"
    return (Group(paths, 1), "") if paths else (None, problem)


def _make_unified(own: str, name: str) -> tuple[Group | None, str]:
    """Controllers can be given to groups below only where no process is in the group itself: the watcher moves into one
    beside the worker's."""
    own = own.rstrip("/")
    path, watcher = f"{own}/{name}", f"{own}/watcher"
    try:
        os.makedirs(path, exist_ok=True)
        wanted = "+memory +cpu +pids"
        if _write(f"{own}/cgroup.subtree_control", wanted):
            os.makedirs(watcher, exist_ok=True)
            problem = _write(f"{watcher}/cgroup.procs", str(os.getpid())) or _write(
                f"{own}/cgroup.subtree_control", wanted
            )
            if problem:
                return None, problem
    except OSError as error:
        return None, f"{path} cannot be made: {error.strerror}"
    return Group({"": path}, 2), ""


def _own_groups(root: str) -> dict[str, str]:
    """{controller: path}; '' is the unified hierarchy."""
    found = {}
    for line in _lines(f"{root}proc/self/cgroup", ":"):
        if len(line) >= 3:
            for controller in line[1].split(","):
                found[controller] = ":".join(line[2:])
    return found


def _lines(path: str, separator: str | None = None) -> list[list[str]]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return [line.rstrip("\n").split(separator) for line in file]
    except OSError:
        return []


def _write(path: str, value: str) -> str:
    """Write to a file of the kernel's; what went wrong in words, '' for nothing."""
    try:
        with open(path, "w", encoding="ascii") as file:
            file.write(value)
    except OSError as error:
        return f"{path} cannot be set to {value}: {error.strerror}"
    return ""
