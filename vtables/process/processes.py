"""The table `processes`: what runs on the host, from /proc (proc(5))."""

from __future__ import annotations

import errno
import time

from ..scan import Scan
from ..sources.files import ONE_READ
from ..sources.process_paths import executable, is_deleted, unseen
from ..sources.procfs import (
    PAGE,
    TICKS,
    chosen,
    parse_boot_time,
    parse_cgroup,
    parse_cmdline,
    parse_fields,
    parse_stat,
)
from ..sources.text import decode, from_os
from ..table import BIGINT, INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


_MS = 1000 // TICKS if TICKS <= 1000 else 1
# Columns that stat tells, besides the name.
_IN_STAT = (
    *("state", "parent", "pgroup", "user_time", "system_time", "nice", "threads", "total_size", "resident_size"),
    "start_time",
)
_IO = ("disk_bytes_read", "disk_bytes_written")


class _Process:
    """One process; each of its kernel files is read when a column first needs it."""

    __slots__ = (
        *("_boot", "_cgroup", "_fields", "_folder", "_host", "_io", "_program", "_scan", "_status"),
        *("name", "pid"),
    )

    def __init__(self, pid: int, scan: Scan, boot: Callable[[], int | None], name_alone: bool) -> None:
        """Raises OSError where the process has ended. `name_alone`: nothing else that stat tells will be asked for."""
        self.pid = pid
        self._scan = scan
        self._host = host = scan.host
        self._folder = folder = f"/proc/{pid}"
        self._program: tuple[str | None, int | None] | None = None
        self._boot = boot
        if name_alone:
            # The kernel writes comm in half the time it takes for stat: 2.6 us instead of 5.1.
            self.name = decode(host.read_once(folder + "/comm")[:-1])
        else:
            comm, self._fields = parse_stat(host.read_once(folder + "/stat"))
            self.name = decode(comm)
        self._status: dict[bytes, bytes] | None = None
        self._io: dict[bytes, bytes] | None = None
        self._cgroup: bytes | None = None

    # Numbers from stat, by their place after comm: proc_pid_stat(5) counts them from (3) state.
    state = property(lambda self: self._fields[0].decode())
    parent = property(lambda self: int(self._fields[1]))
    pgroup = property(lambda self: int(self._fields[2]))
    user_time = property(lambda self: int(self._fields[11]) * _MS)
    system_time = property(lambda self: int(self._fields[12]) * _MS)
    nice = property(lambda self: int(self._fields[16]))
    threads = property(lambda self: int(self._fields[17]))
    wired_size = 0
    total_size = property(lambda self: int(self._fields[20]) or None)

    @property
    def resident_size(self) -> int | None:
        pages = int(self._fields[21])
        # Without an address space (a kernel thread, a zombie) there is nothing to be resident.
        return pages * PAGE if pages or self.total_size else None

    @property
    def start_time(self) -> int | None:
        boot = self._boot()
        return None if boot is None else boot + int(self._fields[19]) // TICKS

    @property
    def cmdline(self) -> str:
        # One read(2) gives all of it, unless it fills the buffer.
        raw = self._host.read_once(self._folder + "/cmdline")
        return parse_cmdline(raw if len(raw) < ONE_READ else self._host.read(self._folder + "/cmdline"))

    path = property(lambda self: self._executable()[0])
    on_disk = property(lambda self: self._executable()[1])
    exe_link = property(lambda self: f"/proc/{self.pid}/exe")

    def _executable(self) -> tuple[str | None, int | None]:
        """(path, on_disk): a path that names another file now is marked, so that none is taken for what runs."""
        if self._program is None:
            try:
                target = self._target("exe")
            except OSError as error:
                if error.errno != errno.ENAMETOOLONG or not self._host.live:
                    raise
                self._scan.note("a path is longer than 4,095 bytes, which the kernel does not show", self.pid)
                self._program = (None, unseen(self.pid))
                return self._program
            path, on_disk = executable(self._scan, self.pid, target)
            self._program = (from_os(path), on_disk)
        return self._program

    cwd = property(lambda self: from_os(self._target("cwd")))
    root = property(lambda self: from_os(self._target("root")))
    cwd_deleted = property(lambda self: is_deleted(self._scan, self.pid, "cwd", self._target("cwd")))
    root_deleted = property(lambda self: is_deleted(self._scan, self.pid, "root", self._target("root")))

    def _target(self, link: str) -> str:
        try:
            return self._host.readlink(f"{self._folder}/{link}")
        except FileNotFoundError:
            # A kernel thread has no executable; of a process that has ended nothing is known.
            self._host.stat(self._folder)
            return ""

    def _id(self, key: bytes, place: int) -> int:
        if self._status is None:
            self._status = parse_fields(self._host.read_once(self._folder + "/status"))
        return int(self._status[key].split()[place])

    uid = property(lambda self: self._id(b"Uid", 0))
    euid = property(lambda self: self._id(b"Uid", 1))
    suid = property(lambda self: self._id(b"Uid", 2))
    gid = property(lambda self: self._id(b"Gid", 0))
    egid = property(lambda self: self._id(b"Gid", 1))
    sgid = property(lambda self: self._id(b"Gid", 2))

    def _bytes(self, key: bytes) -> int:
        if self._io is None:
            self._io = parse_fields(self._host.read_once(self._folder + "/io"))
        return int(self._io[key])

    disk_bytes_read = property(lambda self: self._bytes(b"read_bytes"))
    disk_bytes_written = property(lambda self: self._bytes(b"write_bytes"))

    def _groups(self) -> bytes:
        if self._cgroup is None:
            self._cgroup = self._host.read(self._folder + "/cgroup")
        return self._cgroup

    cgroup_path = property(lambda self: parse_cgroup(self._groups()))

    @property
    def container_id(self) -> str:
        from ..sources.containers import container_in

        return container_in(self._groups())[0]

    @property
    def container_runtime(self) -> str:
        from ..sources.containers import container_in

        return container_in(self._groups())[1]


class Processes(Table):
    """The processes of the host; one row for each, threads not apart."""

    pid = Column(BIGINT, "Process id", key=True)
    name = Column(TEXT, "Command name as the kernel keeps it (comm), at most 15 bytes; more for its own workers")
    path = Column(
        TEXT,
        "The executable's path in the mount namespace of the process; '' for a kernel thread; "
        "' (deleted)' follows where another file has this path now",
    )
    cmdline = Column(TEXT, "The arguments, a space between them; '' for a kernel thread")
    state = Column(
        TEXT, "State as one letter: R running, S sleeping, D waiting for a device, Z zombie, T stopped, I idle"
    )
    cwd = Column(TEXT, "Working directory")
    root = Column(TEXT, "Root directory")
    uid = Column(BIGINT, "Real user id")
    gid = Column(BIGINT, "Real group id")
    euid = Column(BIGINT, "Effective user id")
    egid = Column(BIGINT, "Effective group id")
    suid = Column(BIGINT, "Saved user id")
    sgid = Column(BIGINT, "Saved group id")
    on_disk = Column(
        INTEGER,
        "1 if the executable's path leads to it, 0 if it is deleted, replaced or mounted over, -1 for none",
    )
    wired_size = Column(BIGINT, "Always 0: Linux has no such figure for each process")
    resident_size = Column(BIGINT, "Memory held in RAM, in bytes; NULL for a kernel thread and a zombie")
    total_size = Column(BIGINT, "Size of the address space, in bytes; NULL for a kernel thread and a zombie")
    user_time = Column(BIGINT, "CPU time spent in user space, in milliseconds")
    system_time = Column(BIGINT, "CPU time spent in the kernel, in milliseconds")
    disk_bytes_read = Column(BIGINT, "Bytes read from storage")
    disk_bytes_written = Column(BIGINT, "Bytes written to storage")
    start_time = Column(BIGINT, "When it started, in Unix seconds")
    parent = Column(BIGINT, "Process id of its parent; 0 for none")
    pgroup = Column(BIGINT, "Process group id")
    threads = Column(INTEGER, "Number of its threads")
    nice = Column(INTEGER, "Scheduling niceness, -20 (most CPU) to 19")
    cgroup_path = Column(TEXT, "Its control group, from the root of the hierarchy")
    container_id = Column(TEXT, "Id of the container it runs in, from its control group; '' for none")
    container_runtime = Column(
        TEXT, "Who runs the container, as `containers` has it: docker, containerd, podman, crio, lxc and others"
    )

    exe_link = Column(
        TEXT,
        "Path by which what it runs is read, whatever its path leads to: JOIN hash ON hash.path = exe_link",
        hidden=True,
    )
    cwd_deleted = Column(
        INTEGER, "1 if the working directory is deleted: the end of cwd is a mark, no name; else 0", hidden=True
    )
    root_deleted = Column(
        INTEGER, "1 if the root directory is deleted: the end of root is a mark, no name; else 0", hidden=True
    )

    identity = ("pid",)
    typical_rows = 300
    examples = [
        "SELECT pid, name, resident_size FROM processes ORDER BY resident_size DESC LIMIT 5;",
        "SELECT name, path, pid FROM processes WHERE on_disk = 0;",
        "SELECT p.pid, p.path, h.sha256 FROM processes p JOIN hash h ON h.path = p.exe_link LIMIT 5;",
    ]

    def rows(self, scan: Scan) -> Iterator[_Process]:
        def boot() -> int | None:
            return scan.shared("boot time", lambda: _boot_time(scan))

        name_alone = not scan.wants(*_IN_STAT)
        denied_files = ("path", "cwd", "root", "on_disk", "cwd_deleted", "root_deleted", *_IO)
        counts = scan.wants(*denied_files)
        for pid in chosen(scan, scan.equals("pid")):
            if counts:
                scan.tried("processes", pid)
            try:
                yield _Process(pid, scan, boot, name_alone)
            except (FileNotFoundError, ProcessLookupError):
                continue
            except PermissionError:
                scan.denied("processes", pid)
            except (ValueError, IndexError):
                scan.note("a process's stat line could not be read", pid)
            except OSError as error:
                scan.note(f"a process's stat line could not be read: {error.strerror}", pid)


def _boot_time(scan: Scan) -> int | None:
    try:
        return parse_boot_time(scan.host.read("/proc/stat"))
    except FileNotFoundError:
        # Mounted with subset=pid, which shows processes alone.
        return round(time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)) if scan.host.live else None
