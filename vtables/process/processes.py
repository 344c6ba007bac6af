"""The table `processes`: what runs on the host, from /proc (proc(5))."""

from __future__ import annotations

from ..scan import Scan
from ..sources.files import ONE_READ
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

    from ..sources.host import Host

_MS = 1000 // TICKS if TICKS <= 1000 else 1
# Columns that stat tells, besides the name.
_IN_STAT = (
    *("state", "parent", "pgroup", "user_time", "system_time", "nice", "threads", "total_size", "resident_size"),
    "start_time",
)


class _Process:
    """One process; each of its kernel files is read when a column first needs it."""

    __slots__ = ("_boot", "_cgroup", "_fields", "_folder", "_host", "_io", "_status", "name", "pid")

    def __init__(self, pid: int, host: Host, boot: Callable[[], int | None], name_alone: bool) -> None:
        """Raises OSError where the process has ended. `name_alone`: nothing else that stat tells will be asked for."""
        self.pid = pid
        self._host = host
        self._folder = folder = f"/proc/{pid}"
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

    @property
    def path(self) -> str:
        target = self._link("exe")
        return target[:-10] if target.endswith(" (deleted)") else target

    @property
    def on_disk(self) -> int:
        """1 when the executable is where its path says, 0 when it is gone, -1 when there is none to ask about."""
        target = self._link("exe")
        if not target:
            return -1
        return int(not target.endswith(" (deleted)"))

    cwd = property(lambda self: self._link("cwd"))
    root = property(lambda self: self._link("root"))

    def _link(self, name: str) -> str:
        try:
            return from_os(self._host.readlink(f"{self._folder}/{name}"))
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
    name = Column(TEXT, "Command name as the kernel keeps it (comm), at most 15 bytes")
    path = Column(TEXT, "The executable's path; '' for a kernel thread")
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
    on_disk = Column(INTEGER, "1 if the executable is still where it was started from, 0 if deleted, -1 for none")
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

    identity = ("pid",)
    typical_rows = 300
    examples = [
        "SELECT pid, name, resident_size FROM processes ORDER BY resident_size DESC LIMIT 5;",
        "SELECT name, path, pid FROM processes WHERE on_disk = 0;",
    ]

    def rows(self, scan: Scan) -> Iterator[_Process]:
        host = scan.host

        def boot() -> int | None:
            return scan.shared("boot time", lambda: parse_boot_time(host.read("/proc/stat")))

        name_alone = not scan.wants(*_IN_STAT)
        denied_files = ("path", "cwd", "root", "on_disk", "disk_bytes_read", "disk_bytes_written")
        counts = scan.wants(*denied_files)
        for pid in chosen(scan, scan.equals("pid")):
            if counts:
                scan.tried("processes", pid)
            try:
                yield _Process(pid, host, boot, name_alone)
            except (FileNotFoundError, ProcessLookupError):
                continue
            except PermissionError:
                scan.denied("processes", pid)
            except (ValueError, IndexError):
                scan.note("a process's stat line could not be read", pid)
            except OSError as error:
                scan.note(f"a process's stat line could not be read: {error.strerror}", pid)
