"""Where a path leads, component by component and by descriptor: each directory and symbolic link is looked at as it is
passed, and nothing that is renamed meanwhile changes the outcome (path_resolution(7), openat(2)).
"""

from __future__ import annotations

import errno
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    Look = Callable[[str, os.stat_result, int], None]

# Symbolic links that are followed in one path, as many as the kernel follows (linux/namei.h, MAXSYMLINKS).
LINKS = 40
_PATH = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFLNK: "a symbolic link",
}


class Refused(PermissionError):
    """A file that is not used, though it could be: `strerror` says why, and what to do."""

    def __init__(self, why: str, path: str) -> None:
        super().__init__(errno.EPERM, why, path)


class Place:
    """A directory that is held open, and a name in it.

    path    the same without symbolic links
    folder  descriptor of the directory (O_PATH), and `around` its status
    found   status of what has the name, None where nothing has
    """

    __slots__ = ("around", "folder", "found", "name", "path")

    def __init__(self, path: str, folder: int, name: str, around: os.stat_result, found: os.stat_result | None) -> None:
        self.path = path
        self.folder = folder
        self.name = name
        self.around = around
        self.found = found

    def __enter__(self) -> Place:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self.folder)

    @property
    def descriptor(self) -> int | None:
        """The open descriptor of this process that the path names, as /dev/stdout does; None for a file."""
        own = f"/proc/{os.getpid()}/fd/"
        return int(self.name) if self.path.startswith(own) and self.name.isdecimal() else None

    def open(self, flags: int, mode: int = 0) -> int:
        """Open what was found, or make it where nothing was; never through a link. Raises OSError."""
        return os.open(self.name, flags | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NOCTTY, mode, dir_fd=self.folder)

    def open_found(self, flags: int) -> int:
        """Open what was found; OSError where something else has its name by now."""
        file = self.open(flags)
        if self.found is None or not os.path.samestat(os.fstat(file), self.found):
            os.close(file)
            raise Refused("it was replaced while it was opened; try again", self.path)
        return file

    def is_mount_point(self) -> bool:
        """Whether what was found is mounted over, as containers have single files of their host. Raises OSError."""
        handle = self.open_found(os.O_PATH)
        try:
            return _mount(handle) != _mount(self.folder)
        finally:
            os.close(handle)


def find(path: str, look: Look, *, follow: bool = True) -> Place:
    """The place of a file, which need not exist; its directory must. Without `follow` its last name is not followed.

    `look(path, status, handle)` is called for each directory and symbolic link on the way, which `handle` (O_PATH)
    stands for until it returns, a directory until the next; what it raises ends the way. Raises OSError.
    """
    if "\0" in path:
        raise OSError(errno.EINVAL, "its name has a NUL byte", path)
    names, links = _names(os.path.join(os.getcwd(), path)), 0
    way = _Way(look)
    try:
        while names:
            name = names.pop()
            if name in (".", ".."):
                way.enter(name, os.open(name, _PATH | os.O_DIRECTORY, dir_fd=way.folder))
                continue
            try:
                entry = os.open(name, _PATH, dir_fd=way.folder)
            except FileNotFoundError:
                if names:
                    raise
                return way.place(name, None)
            found = os.fstat(entry)
            if stat.S_ISLNK(found.st_mode) and (names or follow) and not _is_descriptor(way.at):
                try:
                    target = os.readlink("", dir_fd=entry)
                    look(_below(way.at, name), found, entry)
                finally:
                    os.close(entry)
                links += 1
                if links > LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
                if target.startswith("/"):
                    way.to_root()
                names += _names(target)
            elif names:
                way.enter(name, entry)
            else:
                os.close(entry)
                return way.place(name, found)
        return way.place(".", way.around)
    except OSError as error:
        way.close()
        error.filename = error.filename if isinstance(error, Refused) else path
        raise
    except BaseException:
        way.close()
        raise


class _Way:
    """How far one has come: a directory held open, its status, and its path without links ('' for the root)."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self.folder, self.at = -1, ""
        self.to_root()

    def to_root(self) -> None:
        """Begin again."""
        self.close()
        self.at = ""
        self.enter(".", os.open("/", _PATH | os.O_DIRECTORY))

    def enter(self, name: str, entry: int) -> None:
        """Go on to an entry that was opened, which becomes ours. OSError where it is no directory."""
        self.close()
        self.folder, self.around = entry, os.fstat(entry)
        if not stat.S_ISDIR(self.around.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        self.at = _below(self.at, name)
        self._look(self.at or "/", self.around, self.folder)

    def place(self, name: str, found: os.stat_result | None) -> Place:
        return Place(_below(self.at, name) or "/", self.folder, name, self.around, found)

    def close(self) -> None:
        if self.folder >= 0:
            os.close(self.folder)
        self.folder = -1


def kind_of(found: os.stat_result) -> str:
    """What a file is, in words."""
    return _KINDS.get(stat.S_IFMT(found.st_mode), "a file")


def _mount(handle: int) -> bytes:
    """The number of the mount that a descriptor is on (proc_pid_fdinfo(5)); empty for unknown."""
    try:
        with open(f"/proc/self/fdinfo/{handle}", "rb") as file:
            return next((line for line in file if line.startswith(b"mnt_id:")), b"")
    except OSError:
        return b""


def _below(at: str, name: str) -> str:
    """The path of a name below another, both without links; '' is the root.

    >>> _below("/etc", "hostql"), _below("/etc", ".."), _below("", "..")
    ('/etc/hostql', '', '')
    """
    if name == ".":
        return at
    return at.rpartition("/")[0] if name == ".." else f"{at}/{name}"


def _names(path: str) -> list[str]:
    """The components of a path, the first of them last; what ends with a slash is a directory.

    >>> _names("/etc//hostql/")
    ['.', 'hostql', 'etc']
    """
    names = [name for name in path.split("/") if name]
    return ([*names, "."] if path.endswith("/") else names)[::-1]


def _is_descriptor(folder: str) -> bool:
    """Whether the links of a directory are this process's open descriptors, which no path replaces (proc_pid_fd(5))."""
    return folder == f"/proc/{os.getpid()}/fd"
