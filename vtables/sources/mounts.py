"""What is mounted where: /proc/self/mountinfo (proc_pid_mountinfo(5))."""

from __future__ import annotations

import os

from .host import LIVE
from .text import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..scan import Scan

AUTOFS = "autofs"
_REMOTE = frozenset(
    "nfs nfs4 cifs smb3 smbfs ncpfs 9p virtiofs vboxsf ceph glusterfs lustre afs coda beegfs orangefs pvfs2 gpfs gfs2 "
    "ocfs2".split()
)
# What a list of mounts says if any of them is to be kept off.
_SLOW = tuple([b" - " + each.encode() for each in (AUTOFS, "fuse", *sorted(_REMOTE))])


class Mount:
    """One mount: its device, where, its type, its options (those of the mount, then those of the file system).

    id, parent  numbers of the mount and of the one it is mounted on
    number      major:minor of the file system, the same for all of its mounts
    root        what of the file system is mounted: '/' for all of it
    """

    __slots__ = ("device", "id", "number", "options", "parent", "path", "root", "type")

    def __init__(
        self,
        device: str,
        path: str,
        type: str,
        options: str,
        *,
        id: int = 0,
        parent: int = 0,
        number: str = "",
        root: str = "/",
    ) -> None:
        self.device = device
        self.path = path
        self.type = type
        self.options = options
        self.id = id
        self.parent = parent
        self.number = number
        self.root = root

    @property
    def remote(self) -> bool:
        """Whether reading it can wait for another machine or a user's program."""
        return is_remote(self.type)


def is_remote(type: str) -> bool:
    """Whether a file system of this type has a server that can be waited for."""
    return type in _REMOTE or type.startswith("fuse")


def parse_mountinfo(raw: bytes) -> list[Mount]:
    r"""The mounts in the order they were made; octal escapes undone, a broken line left out.

    >>> mount = parse_mountinfo(b"36 35 98:0 / /a\\040b ro,noatime shared:1 - ext3 /dev/root rw,errors=continue\n")[0]
    >>> mount.path, mount.type, mount.device, mount.options
    ('/a b', 'ext3', '/dev/root', 'ro,noatime,errors=continue')
    >>> mount.id, mount.parent, mount.number, mount.root
    (36, 35, '98:0', '/')
    """
    found = []
    for line in raw.split(b"\n"):
        before, dash, after = line.partition(b" - ")
        left, right = before.split(b" "), after.split(b" ")
        if not dash or len(left) < 6 or len(right) < 3 or not (left[0].isdigit() and left[1].isdigit()):
            continue
        options = _merged(unescaped(left[5]).split(","), unescaped(right[2]).split(","))
        mount = Mount(unescaped(right[1]), unescaped(left[4]), decode(right[0]), options)
        mount.id, mount.parent = int(left[0]), int(left[1])
        mount.number, mount.root = decode(left[2]), unescaped(left[3])
        found.append(mount)
    return found


def covered(mounts: list[Mount]) -> set[int]:
    """The numbers of the mounts that no path leads to, since others lie over them or over a directory above.

    >>> raw = b"1 0 8:1 / / rw - ext4 a rw\\n2 1 0:5 / /a/b rw - tmpfs b rw\\n3 1 0:6 / /a rw - tmpfs c rw\\n"
    >>> covered(parse_mountinfo(raw)), covered(parse_mountinfo(raw + b"4 1 0:7 / / rw - tmpfs d rw\\n"))
    ({2}, {1, 2, 3})
    """
    by_id = {mount.id: mount for mount in mounts}
    # The mounts on each mount, by where.
    on: dict[int, dict[str, set[int]]] = {}
    for mount in mounts:
        on.setdefault(mount.parent, {}).setdefault(mount.path, set()).add(mount.id)

    def is_covered(mount: Mount, way: int) -> bool:
        """By a mount over all of it, the one that the way leads through apart, or over a directory above it."""
        if on.get(mount.id, {}).get(mount.path, set()) - {way}:
            return True
        beside = on[mount.parent]
        return mount.path != "/" and any(above in beside for above in _above(mount.path))

    hidden = set()
    for mount in mounts:
        each, way, seen = mount, 0, set()
        while each.id not in seen:
            if is_covered(each, way):
                hidden.add(mount.id)
                break
            seen.add(each.id)
            way, each = each.id, by_id.get(each.parent, each)
    return hidden


def _above(path: str) -> list[str]:
    """The directories above a path, the nearest first.

    >>> _above("/a/b")
    ['/a', '/']
    """
    found = []
    while path != "/":
        path = path.rpartition("/")[0] or "/"
        found.append(path)
    return found


def _merged(mount: list[str], system: list[str]) -> str:
    """Options of a mount, then of its file system, each once; it can be written only where both say `rw`."""
    readonly = "ro" in mount or "ro" in system
    others = dict.fromkeys([option for option in mount + system if option not in ("ro", "rw")])
    return ",".join(["ro" if readonly else "rw", *others])


def unescaped(raw: bytes) -> str:
    """Text whose space, tab, newline, # and backslash the kernel wrote in octal."""
    return decode(_unescaped(raw))


def _unescaped(raw: bytes) -> bytes:
    if b"\\" not in raw:
        return raw
    for code, character in (
        (b"\\040", b" "),
        (b"\\011", b"\t"),
        (b"\\012", b"\n"),
        (b"\\043", b"#"),
        (b"\\134", b"\\"),
    ):
        raw = raw.replace(code, character)
    return raw


def mounts_of(scan: Scan) -> list[Mount]:
    """The mounts of the scanned host, read once a statement; a note where they cannot be read."""

    def read_them() -> list[Mount]:
        found = parse_mountinfo(_mountinfo(scan))
        host = scan.host
        return found if host.live or host.process or not host.mounted_at else mounts_below(found, host.mounted_at)

    return scan.shared("mounts", read_them)


def mounts_below(mounts: list[Mount], top: str) -> list[Mount]:
    r"""The mounts of a directory without links and of all below, as a process has them whose root it is (chroot(2)).

    >>> raw = b"1 0 8:1 / / rw - ext4 a rw\n2 1 0:5 / /srv/c/data rw - tmpfs b rw\n3 1 0:6 / /srv/cc rw - tmpfs c rw\n"
    >>> [(mount.path, mount.root, mount.device) for mount in mounts_below(parse_mountinfo(raw), "/srv/c")]
    [('/', '/srv/c', 'a'), ('/data', '/', 'b')]
    """
    hidden = covered(mounts)
    here = [mount for mount in mounts if mount.id not in hidden and mount.path in (top, *_above(top))]
    found = []
    for mount in sorted(here, key=lambda mount: len(mount.path))[-1:]:
        mount.root = (mount.root.rstrip("/") + top[len(mount.path.rstrip("/")) :]) or "/"
        mount.path = "/"
        found.append(mount)
    prefix = top.rstrip("/") + "/"
    for mount in mounts:
        if mount not in found and mount.path.startswith(prefix):
            mount.path = mount.path[len(prefix) - 1 :]
            found.append(mount)
    return found


def _mountinfo(scan: Scan) -> bytes:
    def read_it() -> bytes:
        host = scan.host
        try:
            if host.process:
                return LIVE.read(f"{host.process}/mountinfo")
            if host.mounted_at:
                return LIVE.read("/proc/self/mountinfo")
            host.only_own("the mounts")
            return host.read("/proc/self/mountinfo")
        except OSError as error:
            scan.note(f"cannot read the mounts: {error.strerror}")
            return b""

    return scan.shared("mountinfo", read_it)


def uppermost(raw: bytes) -> dict[str, tuple[str, int]]:
    """{path as os functions take it: (type of the file system there, its device)} of the mounts that a path leads to,
    from /proc/PID/mountinfo."""
    # What lies below a mount that is covered is not on the way to anything.
    hidden = covered(parse_mountinfo(raw)) if any(each in raw for each in _SLOW) else set()
    found = {}
    for line in raw.split(b"\n"):
        before, dash, after = line.partition(b" - ")
        left = before.split(b" ", 5)
        if dash and len(left) == 6 and not (hidden and left[0].isdigit() and int(left[0]) in hidden):
            found[os.fsdecode(_unescaped(left[4]))] = (decode(after.partition(b" ")[0]), _device(left[2]))
    return found


def _device(raw: bytes) -> int:
    """The device number that the kernel writes as major:minor; -1 for what is no such."""
    major, _, minor = raw.partition(b":")
    return os.makedev(int(major), int(minor)) if major.isdigit() and minor.isdigit() else -1


def slow_mounts(mounts: dict[str, tuple[str, int]], remote_mounts: bool) -> dict[str, int]:
    """{path: device} of those of `uppermost` that can wait for others or mount something; but the root.

    >>> mounts = uppermost(b"1 0 0:9 / /n rw - nfs s:/ rw\\n2 0 0:8 / /a rw - autofs m rw\\n")
    >>> slow_mounts(mounts, False), slow_mounts({**mounts, "/a": ("ext4", 8)}, True)
    ({'/n': 9, '/a': 8}, {})
    """
    return {
        path: device
        for path, (type, device) in mounts.items()
        if path != "/" and (type == AUTOFS or (not remote_mounts and is_remote(type)))
    }


def uppermost_of(scan: Scan) -> dict[str, tuple[str, int]]:
    """What is mounted where on the scanned host; for an image, by this host below its root."""
    host = scan.host
    if host.live or host.process:
        return uppermost(_mountinfo(scan))
    top = host.top
    if not top:
        return {}
    here = uppermost(LIVE.read("/proc/self/mountinfo"))
    prefix = top.rstrip("/") + "/"
    return {path[len(prefix) - 1 :]: found for path, found in here.items() if path.startswith(prefix)}
