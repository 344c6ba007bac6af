"""What is mounted where: /proc/self/mountinfo (proc_pid_mountinfo(5))."""

from __future__ import annotations

from .host import LIVE
from .text import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..scan import Scan

_REMOTE = frozenset("nfs nfs4 cifs smb3 smbfs ncpfs 9p ceph glusterfs lustre afs beegfs orangefs gfs2 ocfs2".split())


class Mount:
    """One mount: its device, where, its type, its options (those of the mount, then those of the file system)."""

    __slots__ = ("device", "options", "path", "type")

    def __init__(self, device: str, path: str, type: str, options: str) -> None:
        self.device = device
        self.path = path
        self.type = type
        self.options = options

    @property
    def remote(self) -> bool:
        """Whether reading it can wait for another machine or a user's program."""
        return self.type in _REMOTE or self.type.startswith("fuse")


def parse_mountinfo(raw: bytes) -> list[Mount]:
    r"""The mounts in the order they were made; octal escapes undone, a broken line left out.

    >>> mount = parse_mountinfo(b"36 35 98:0 / /a\\040b ro,noatime shared:1 - ext3 /dev/root rw,errors=continue\n")[0]
    >>> mount.path, mount.type, mount.device, mount.options
    ('/a b', 'ext3', '/dev/root', 'ro,noatime,errors=continue')
    """
    found = []
    for line in raw.split(b"\n"):
        before, dash, after = line.partition(b" - ")
        left, right = before.split(b" "), after.split(b" ")
        if not dash or len(left) < 6 or len(right) < 3:
            continue
        options = _merged(unescaped(left[5]).split(","), unescaped(right[2]).split(","))
        found.append(Mount(unescaped(right[1]), unescaped(left[4]), decode(right[0]), options))
    return found


def _merged(mount: list[str], system: list[str]) -> str:
    """Options of a mount, then of its file system, each once; it can be written only where both say `rw`."""
    readonly = "ro" in mount or "ro" in system
    others = dict.fromkeys([option for option in mount + system if option not in ("ro", "rw")])
    return ",".join(["ro" if readonly else "rw", *others])


def unescaped(raw: bytes) -> str:
    r"""Text whose space, tab, newline, # and backslash the kernel wrote in octal."""
    for code, character in (
        (b"\\040", b" "),
        (b"\\011", b"\t"),
        (b"\\012", b"\n"),
        (b"\\043", b"#"),
        (b"\\134", b"\\"),
    ):
        raw = raw.replace(code, character)
    return decode(raw)


def mounts_of(scan: Scan) -> list[Mount]:
    """The mounts of the scanned host, read once a statement; a note where they cannot be read."""

    def read_them() -> list[Mount]:
        host = scan.host
        try:
            if host.process:
                return parse_mountinfo(LIVE.read(f"{host.process}/mountinfo"))
            host.only_own("the mounts")
            return parse_mountinfo(host.read("/proc/self/mountinfo"))
        except OSError as error:
            scan.note(f"cannot read the mounts: {error.strerror}")
            return []

    return scan.shared("mounts", read_them)


def remote_paths(scan: Scan) -> frozenset[str]:
    """Where network and FUSE file systems are mounted, unless the settings let scans walk into them."""
    host = scan.host
    if scan.settings.remote_mounts:
        return frozenset()
    if host.live or host.process:
        return frozenset(mount.path for mount in mounts_of(scan) if mount.remote)
    # What is mounted below the root is known to this host, not to what lies there.
    here = scan.shared("mounts here", lambda: parse_mountinfo(LIVE.read("/proc/self/mountinfo")))
    top = LIVE.realpath(host.root)
    return frozenset(mount.path[len(top) :] for mount in here if mount.remote and mount.path.startswith(top + "/"))
