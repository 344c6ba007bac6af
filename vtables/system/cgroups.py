"""The table `cgroups`: control groups, version 1 and 2, with their limits and what they use (cgroups(7))."""

from __future__ import annotations

import errno

from ..scan import Scan
from ..sources.mounts import Mount, covered, mounts_of
from ..sources.sysfs import attribute, number
from ..sources.text import from_os, integer, to_os
from ..table import BIGINT, INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..sources.host import Host


# Version 1: what a hierarchy's mount options can name beside plain options (cgroups(7)).
_CONTROLLERS = frozenset(
    "cpu cpuacct cpuset memory blkio devices freezer net_cls net_prio perf_event pids hugetlb rdma misc".split()
)
# A v1 limit this high is none (the greatest number of whole pages in 63 bits).
_NO_LIMIT = 1 << 62


class _Group:
    """One control group; each of its files is read when a column asks for it."""

    __slots__ = ("_folder", "_host", "_stat", "controllers", "path", "version")

    def __init__(self, host: Host, folder: str, path: str, version: int, controllers: str) -> None:
        self._host = host
        self._folder = folder
        self._stat: dict[str, str] | None = None
        self.path = path
        self.version = version
        self.controllers = controllers

    def _first(self, *names: str) -> int | None:
        for name in names:
            found = number(self._host, f"{self._folder}/{name}")
            if found is not None:
                return found if found < _NO_LIMIT else None
        return None

    memory_current = property(lambda self: self._first("memory.current", "memory.usage_in_bytes"))
    memory_peak = property(lambda self: self._first("memory.peak", "memory.max_usage_in_bytes"))
    memory_max = property(lambda self: self._first("memory.max", "memory.limit_in_bytes"))
    swap_max = property(lambda self: self._first("memory.swap.max"))
    pids_current = property(lambda self: self._first("pids.current"))
    pids_max = property(lambda self: self._first("pids.max"))
    cpu_weight = property(lambda self: self._first("cpu.weight", "cpu.shares"))

    @property
    def cpu_max(self) -> str:
        quota = attribute(self._host, self._folder + "/cpu.max")
        if quota or self.version == 2:
            return quota
        limit, period = self._first("cpu.cfs_quota_us"), self._first("cpu.cfs_period_us")
        return "" if limit is None or period is None else f"{'max' if limit < 0 else limit} {period}"

    @property
    def cpu_usage(self) -> int | None:
        if self.version == 2:
            return self._event("cpu.stat", "usage_usec")
        found = self._first("cpuacct.usage")
        return None if found is None else found // 1000

    @property
    def oom_kills(self) -> int | None:
        return self._event("memory.events" if self.version == 2 else "memory.oom_control", "oom_kill")

    @property
    def throttled(self) -> int | None:
        return self._event("cpu.stat", "nr_throttled")

    @property
    def processes(self) -> int | None:
        try:
            return len(self._host.read(self._folder + "/cgroup.procs").split())
        except OSError as error:
            if error.errno == errno.EOPNOTSUPP:
                # A threaded group.
                return None
            raise

    def _event(self, file: str, key: str) -> int | None:
        for line in attribute(self._host, f"{self._folder}/{file}").split("\n"):
            name, _, value = line.partition(" ")
            if name == key:
                return integer(value)
        return None


class Cgroups(Table):
    """Control groups of every mounted hierarchy, each once; what a group's controllers do not count is NULL.

    In a control group namespace paths begin at its root, as those in /proc/PID/cgroup do (cgroup_namespaces(7)).
    """

    path = Column(TEXT, "Path of the group in its hierarchy")
    version = Column(INTEGER, "1 or 2")
    controllers = Column(TEXT, "Controllers of the hierarchy, separated by commas")
    processes = Column(
        INTEGER, "Processes in the group itself; NULL for a threaded group, whose processes a group above has"
    )
    memory_current = Column(BIGINT, "Memory in use, in bytes")
    memory_peak = Column(BIGINT, "Most memory ever in use, in bytes")
    memory_max = Column(BIGINT, "Limit of memory, in bytes; NULL for none")
    swap_max = Column(BIGINT, "Limit of swap, in bytes; NULL for none")
    cpu_usage = Column(BIGINT, "CPU time used, in microseconds")
    cpu_weight = Column(BIGINT, "Share of the CPU in relation to its siblings (v2: weight, v1: shares)")
    cpu_max = Column(TEXT, "CPU time allowed and the period, in microseconds: 'max 100000' for no limit")
    throttled = Column(BIGINT, "Periods in which the CPU limit held it up")
    pids_current = Column(BIGINT, "Tasks in the group and below")
    pids_max = Column(BIGINT, "Limit of tasks; NULL for none")
    oom_kills = Column(BIGINT, "Processes killed for want of memory")

    identity = ("path", "controllers")
    typical_rows = 100
    row_cost = 2.0
    examples = ["SELECT path, human_size(memory_current) AS memory FROM cgroups ORDER BY memory_current DESC LIMIT 5;"]

    def rows(self, scan: Scan) -> Iterator[_Group]:
        mounts = mounts_of(scan)
        below = covered(mounts)
        points = {mount.path for mount in mounts if mount.id not in below}
        # What was mounted by itself, and is named from the root of this control group namespace.
        roots: set[tuple[int, int]] = set()
        # By hierarchy: groups that were shown, and those over which something else is mounted.
        shown: dict[tuple[str, str], set[str]] = {}
        hidden: dict[tuple[str, str], set[str]] = {}
        for mount in _of_groups(scan, mounts, hidden):
            version = 2 if mount.type == "cgroup2" else 1
            top = to_os(mount.path)[-1]
            if version == 2:
                controllers = ",".join(attribute(scan.host, top + "/cgroup.controllers").split())
            else:
                options = mount.options.split(",")
                controllers = ",".join(
                    option for option in options if option in _CONTROLLERS or option.startswith("name=")
                )
            outside = _is_outside(mount)
            roots.add(_inode(scan, top))
            seen = shown.setdefault((mount.type, mount.number), set())
            over = hidden.setdefault((mount.type, mount.number), set())
            for folder in _walk(scan, top, points, roots if outside else set()):
                path = mount.root.rstrip("/") + from_os(folder[len(top) :]) or "/"
                if folder != top and from_os(folder) in points:
                    over.add(path)
                elif path not in seen:
                    seen.add(path)
                    yield _Group(scan.host, folder, path, version, controllers)
        for hierarchy, paths in hidden.items():
            for path in paths - shown[hierarchy]:
                scan.note("control groups over which something is mounted cannot be seen", (hierarchy, path))


def _walk(scan: Scan, top: str, points: set[str], known: set[tuple[int, int]]) -> Iterator[str]:
    """The directory `top` and all below but what is known; of mount points, where something else is, the name alone."""
    todo = [top]
    while todo:
        folder = todo.pop()
        scan.check()
        if folder != top and from_os(folder) in points:
            yield folder
            continue
        if known and folder != top and _inode(scan, folder) in known:
            continue
        try:
            with scan.host.scandir(folder) as entries:
                below = [f"{folder}/{entry.name}" for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError as error:
            _unreadable(scan, folder, error)
            if isinstance(error, PermissionError):
                # There it is, all the same; its directory names it.
                yield folder
            continue
        yield folder
        todo += reversed(below)


def _inode(scan: Scan, folder: str) -> tuple[int, int]:
    try:
        found = scan.host.stat(folder)
    except OSError:
        # Removed since its name was read.
        return 0, 0
    return found.st_dev, found.st_ino


def _of_groups(scan: Scan, mounts: list[Mount], hidden: dict[tuple[str, str], set[str]]) -> Iterator[Mount]:
    """Of the mounts of each hierarchy those that show all its groups, however often it is mounted and whatever part of
    it. One that another mount covers, or that may not be read, shows none; what is `hidden` in one, another may show.
    """
    below = covered(mounts)
    of_groups = [mount for mount in mounts if mount.type in ("cgroup", "cgroup2") and mount.id not in below]
    shown: dict[tuple[str, str], list[str]] = {}
    refused = []
    # The widest first; those that begin outside of this control group namespace, one `..` for each level, at the end.
    of_groups.sort(key=lambda mount: (1, -mount.root.count("..")) if _is_outside(mount) else (0, len(mount.root)))
    for mount in of_groups:
        roots = shown.setdefault((mount.type, mount.number), [])
        if any(_holds(root, mount) for root in roots) and not hidden.get((mount.type, mount.number)):
            continue
        try:
            scan.host.listdir(to_os(mount.path)[-1])
        except OSError as error:
            refused.append((mount, error))
            continue
        roots.append(mount.root)
        yield mount
    for mount, reason in refused:
        if not any(_holds(root, mount) for root in shown[mount.type, mount.number]):
            _unreadable(scan, mount.path, reason)


def _is_outside(mount: Mount) -> bool:
    return mount.root[:3] == "/.."


def _holds(root: str, mount: Mount) -> bool:
    """Whether the groups of a mount are among those below the root of another, which is the wider of the two."""
    if _is_outside(mount):
        return root[:3] == "/.."
    return mount.root == root or mount.root.startswith(root.rstrip("/") + "/")


def _unreadable(scan: Scan, folder: str, error: OSError) -> None:
    if isinstance(error, PermissionError):
        scan.denied("control groups", folder)
    elif not isinstance(error, FileNotFoundError):
        scan.note(f"a control group cannot be read: {error.strerror}", folder)
