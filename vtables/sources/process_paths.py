"""Whether the paths that /proc shows of a process lead where its links lead: a file can be replaced, deleted, covered
by a mount, or lie in a mount namespace in which the process is and hostql is not (proc(5), mount_namespaces(7)).

Only files that were found by a path are compared, never with the numbers in mountinfo or maps: these are others for
btrfs and overlayfs.
"""

from __future__ import annotations

from .host import LIVE
from .mounts import slow_mounts, uppermost
from .statx import hard_links, identity
from .ways import reaches

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..scan import Scan

# What the kernel puts behind the path of a file that is not there any more; any file can have such a name.
DELETED = " (deleted)"

# Where there is a file that may not be looked at: no file has these numbers. Behind a mount that is not looked into,
# the device is known and the inode is not.
_NO_INODE = -1
_UNKNOWN = (-1, _NO_INODE)
_NOT_LOOKED_UP = "files on network, FUSE and automount points are not looked up (--remote-mounts looks)"
_OUTSIDE = "what lies outside of the root of a process in another mount namespace is not looked up"
_ELSEWHERE_OPEN = "the path of a file of a process in another mount namespace leads to another file or none here"
_ELSEWHERE = (
    "the path of a process in another mount namespace leads to another file or none here; "
    "join hash by exe_link to get what runs"
)


class ProcessPaths:
    """Looks paths of processes up. One is shared by all tables of a statement: processes run the same files."""

    def __init__(self, scan: Scan) -> None:
        self.live = scan.host.live
        self._remote = scan.settings.remote_mounts
        self._own = ""
        # What was found by namespace ('' for that of hostql) and path.
        self._found: dict[tuple[str, str], tuple[int, int] | None] = {}
        # {mount point: device} of the mounts not to be looked into, by namespace.
        self._slow: dict[str, dict[str, int]] = {}
        # A process of each namespace whose root is the top of it.
        self._tops: dict[str, str] | None = None

    def leads(self, scan: Scan, pid: int, link: str, path: str) -> bool | None:
        """Whether a path, for that process, is the file that its link (exe, cwd, fd/3) leads to.

        None where this cannot be looked up. Raises PermissionError where the link may not be followed.
        """
        if not self.live:
            return None
        try:
            target = identity(f"/proc/{pid}/{link}")[:2]
            here = self._look(scan, "", "", path)
            if here == target:
                return True
            there = self._there(scan, pid, path, here)
        except (FileNotFoundError, ProcessLookupError):
            return None
        if there == target and _joins_files(scan):
            scan.note(_ELSEWHERE if link == "exe" else _ELSEWHERE_OPEN, pid)
        if there is None or there[1] != _NO_INODE:
            return there == target
        if there is _UNKNOWN:
            return None
        if there[0] != target[0]:
            # What runs is of another file system than lies over its path: no server is needed to tell.
            return False
        scan.note(_NOT_LOOKED_UP, path)
        return None

    def taken(self, scan: Scan, pid: int, path: str) -> bool:
        """Whether there is a file at the path, for that process or for hostql."""
        if not self.live:
            return False
        here = self._look(scan, "", "", path)
        if here not in (None, _UNKNOWN):
            # Behind a mount that is not looked into, too, there may be one.
            return True
        try:
            return self._there(scan, pid, path, here) not in (None, _UNKNOWN)
        except OSError:
            return False

    def beside(self, scan: Scan, pid: int, link: str, path: str) -> bool:
        """Whether the directory of a path, for that process, is of the file system of what its link leads to."""
        try:
            folder = path.rpartition("/")[0] or "/"
            there = self._there(scan, pid, folder, self._look(scan, "", "", folder))
            return there is not None and there[0] == identity(f"/proc/{pid}/{link}")[0]
        except OSError:
            return False

    def has_inode(self, scan: Scan, pid: int, path: str, inode: int) -> bool:
        """Whether a path, for that process, leads to a file with this number."""
        if not self.live:
            return False
        try:
            there = self._there(scan, pid, path, self._look(scan, "", "", path))
        except OSError:
            return False
        return there is not None and there[1] == inode

    def _there(self, scan: Scan, pid: int, path: str, here: tuple[int, int] | None) -> tuple[int, int] | None:
        """What is at the path in the mount namespace of a process."""
        namespace = LIVE.readlink(f"/proc/{pid}/ns/mnt")
        self._own = self._own or LIVE.readlink("/proc/self/ns/mnt")
        if namespace == self._own:
            return here
        # The kernel shows a path from the top of the namespace, even if the root of the process lies below that.
        root = LIVE.readlink(f"/proc/{pid}/root").rstrip("/")
        if root:
            # Its list of mounts is that of what is below its root alone.
            top = self._top(namespace)
            if top:
                return self._look(scan, namespace, f"/proc/{top}/root", path, top)
            if not path.startswith(root + "/"):
                scan.note(_OUTSIDE, pid)
                return _UNKNOWN
            return self._look(scan, f"{namespace} {root}", f"/proc/{pid}/root", path[len(root) :], str(pid))
        return self._look(scan, namespace, f"/proc/{pid}/root", path, str(pid))

    def _top(self, namespace: str) -> str:
        """The pid of a process in a mount namespace whose root is the top of it; '' where there is none."""
        if self._tops is None:
            self._tops = {}
            for pid in LIVE.listdir("/proc"):
                try:
                    if pid.isdigit() and LIVE.readlink(f"/proc/{pid}/root") == "/":
                        self._tops.setdefault(LIVE.readlink(f"/proc/{pid}/ns/mnt"), pid)
                except OSError:
                    continue
        return self._tops.get(namespace, "")

    def _look(self, scan: Scan, namespace: str, top: str, path: str, process: str = "self") -> tuple[int, int] | None:
        """What is at a path below `top`, the root of a process that is in a namespace."""
        key = (namespace, path)
        if key not in self._found:
            if namespace not in self._slow:
                self._slow[namespace] = slow_mounts(uppermost(_mountinfo(process)), self._remote)
            found: tuple[int, int] | None = _UNKNOWN
            device = _behind(self._slow[namespace], path)
            if device is not None:
                found = (device, _NO_INODE)
            elif top or reaches(scan, path):
                try:
                    found = identity(top + path, follow=False)[:2]
                except (FileNotFoundError, NotADirectoryError):
                    found = None
                except OSError:
                    pass
            self._found[key] = found
        return self._found[key]


def process_paths(scan: Scan) -> ProcessPaths:
    """That of the statement."""
    return scan.shared("paths of processes", lambda: ProcessPaths(scan))


def executable(scan: Scan, pid: int, target: str) -> tuple[str, int]:
    """(path, whether it leads to what runs: 1 or 0, -1 for none) by what /proc/PID/exe says.

    Where another file has the path now, the mark of deleted files follows, as the kernel writes it for most of these.
    Raises PermissionError.
    """
    if not target:
        return "", -1
    paths = process_paths(scan)
    leads = paths.leads(scan, pid, "exe", target)
    if leads:
        return target, 1
    marked = target.endswith(DELETED)
    path = target[: -len(DELETED)] if marked else target
    if leads is None:
        # The kernel's word alone.
        return path, int(not marked)
    if marked and paths.leads(scan, pid, "exe", path):
        # It got its name back, by another of its links.
        return path, 1
    return path + DELETED if paths.taken(scan, pid, path) else path, 0


def unseen(pid: int) -> int | None:
    """`on_disk` of an executable whose path is longer than the kernel shows: whether it has a name at all."""
    try:
        return int(hard_links(f"/proc/{pid}/exe") > 0)
    except OSError:
        return None


def shown(scan: Scan, pid: int, link: str, target: str) -> tuple[str, int | None]:
    """(path, deleted) of a file by what a link of the process (fd/3, cwd) says; `deleted` is None where that cannot be
    told, of which there is a note.

    The mark of deleted files follows, too, where another file has the path: none is taken for it. Raises
    PermissionError.
    """
    paths = process_paths(scan)
    marked = target.endswith(DELETED)
    leads = paths.leads(scan, pid, link, target) if paths.live or marked else None
    if leads or (leads is None and not marked):
        return target, 0
    if not paths.live:
        # The kernel's word alone.
        return target, 1
    if not marked:
        return target + DELETED if paths.taken(scan, pid, target) else target, 0
    if _nameless(pid, link):
        return target, 1
    path = target[: -len(DELETED)]
    if leads is False and paths.leads(scan, pid, link, path):
        # It got its name back, by another of its links.
        return path, 0
    if leads is False and paths.beside(scan, pid, link, path):
        # Nothing lies over its directory, and it is not there: only other names of it are left.
        return target, 1
    scan.note("whether some files are deleted, or have a name that ends so, cannot be told", (pid, link))
    return target, None


def is_deleted(scan: Scan, pid: int, link: str, target: str) -> int | None:
    """`deleted` of `shown`, alone; quick for what the kernel does not mark."""
    return shown(scan, pid, link, target)[1] if target.endswith(DELETED) else 0


def _nameless(pid: int, link: str) -> bool:
    try:
        return hard_links(f"/proc/{pid}/{link}") == 0
    except OSError:
        return False


def _behind(slow: dict[str, int], path: str) -> int | None:
    """The device of the innermost of these mounts that a path lies on; None for none."""
    found = [each for each in slow if path == each or path.startswith(each + "/")]
    return slow[max(found, key=len)] if found else None


def _joins_files(scan: Scan) -> bool:
    return not scan.statement.wanted.keys().isdisjoint(("hash", "file", "magic"))


def _mountinfo(process: str) -> bytes:
    try:
        return LIVE.read(f"/proc/{process}/mountinfo")
    except OSError:
        return b""
