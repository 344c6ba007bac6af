"""`Host`: the host whose files are read: the running one, an image below a directory, a container.

Every reader of files asks here, by the absolute path that the file has on that host. For the running host that is the
system call itself; for another root no symbolic link leads out of it (`tree.py`), and nothing but regular files is
opened.
"""

from __future__ import annotations

import errno
import os
import stat

from . import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Protocol, TypeVar

    from .tree import Tree
    from .ways import Guard

    T = TypeVar("T")

    class Entry(Protocol):
        """What is in a directory, as os.DirEntry tells it."""

        @property
        def name(self) -> str: ...
        def is_dir(self, *, follow_symlinks: bool = True) -> bool: ...

    class Entries(Protocol):
        """The entries of a directory that is open, as os.scandir gives them."""

        def __enter__(self) -> Iterator[Entry]: ...
        def __exit__(self, *exception: object) -> None: ...


_HANDLE = os.O_PATH | os.O_CLOEXEC
_LINK = _HANDLE | os.O_NOFOLLOW
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


class NotReached(FileNotFoundError):
    """A path that is not looked up, since that could mount something or wait for ever; a note was made of it."""

    def __init__(self, why: str, path: str) -> None:
        super().__init__(errno.ENOENT, why, path)


class Host:
    """The roots that readers start from; `root` is the directory that stands for / ('' for the running host).

    proc, sys  directories that stand for /proc and /sys, where these lie elsewhere than below the root
    guard      what is asked before a path is looked up; None to look up all

    Methods raise OSError as the functions of os do that they are named after; ValueError for a NUL in a path.
    """

    __slots__ = ("_filled", "_procfs", "_trees", "guard", "process", "root")

    def __init__(self, root: str = "", proc: str | None = None, sys: str | None = None) -> None:
        self.root = root.rstrip("/")
        tops = {"/proc": proc, "/sys": sys}
        places = {prefix: top for prefix, top in tops.items() if top and top.rstrip("/") != self.root + prefix}
        if self.root:
            places[""] = self.root
        # What begins with which path is found below which directory; none for the running host.
        self._trees: list[tuple[str, Tree]] = []
        self.guard: Guard | None = None
        self._procfs: bool | None = None
        self._filled: set[str] = set()
        # The folder of the process whose root that is (/proc/PID of /proc/PID/root), say of a container; '' for none.
        self.process = ""
        if places:
            from .tree import Tree

            self._trees = [(prefix, Tree(top)) for prefix, top in {**places, "": self.root or "/"}.items()]
            folder, _, name = self.root.rpartition("/")
            if name == "root" and Tree(folder or "/").is_procfs("/"):
                self.process = folder

    def guarded(self, guard: Guard) -> Host:
        """The same, with a guard."""
        other = Host.__new__(Host)
        for name in Host.__slots__:
            setattr(other, name, getattr(self, name))
        other.guard = guard
        return other

    @property
    def live(self) -> bool:
        """Whether this is the running host itself, so that system calls (not files) may answer."""
        return not self._trees

    @property
    def kernel_proc(self) -> bool:
        """Whether /proc of another root is the kernel's own, not copied files.

        Such a one answers some files (net, sysvipc, self, the host's name) by the namespaces of whoever reads them.
        """
        if self._procfs is None:
            tree, below = self._place("/proc") if self._trees else (None, "")
            self._procfs = tree is not None and tree.is_procfs(below)
        return self._procfs

    @property
    def mounted_at(self) -> str:
        """The directory whose mounts this host's kernel shows to hostql as those of another root, which is one that
        processes of this host can have (chroot(2)); '' where it is not known to be."""
        return self.top if self.own_processes else ""

    @property
    def top(self) -> str:
        """The directory of this host that is another root, without links; '' where that is none of this mount
        namespace: by way of /proc/PID/root, links have other meanings."""
        top = os.path.realpath(self.root)
        return top if os.path.exists(top) and os.path.samefile(top, self.root) else ""

    @property
    def own_processes(self) -> bool:
        """Whether /proc of another root lists the processes that this host's /proc lists, us among them."""
        try:
            return self.kernel_proc and self.readlink("/proc/self") == str(os.getpid())
        except OSError:
            return False

    def only_own(self, what: str) -> None:
        """TableUnavailable where the kernel would tell `what` of the namespaces of hostql, not of this root's."""
        if self.kernel_proc:
            from ..errors import TableUnavailable

            raise TableUnavailable(
                f"{what} of {self.root} cannot be read from outside: the kernel tells of hostql's own namespaces",
                "Run hostql within the container: nsenter --all --target PID hostql.",
            )

    def only_with(self, folder: str) -> None:
        """TableUnavailable where another root has nothing in a folder that a kernel fills: /proc, /sys."""
        if not self._trees or folder in self._filled:
            return
        try:
            found = self.listdir(folder)
        except FileNotFoundError:
            found = []
        if not found:
            from ..errors import TableUnavailable

            raise TableUnavailable(f"{self.root} has nothing in {folder}, which a running kernel fills")
        self._filled.add(folder)

    def only_live(self, what: str) -> None:
        """TableUnavailable unless this is the running host: its kernel alone knows `what` ('the routes')."""
        if self._trees:
            from ..errors import TableUnavailable

            raise TableUnavailable(f"{what} are known to the running kernel alone, not to the files of {self.root}")

    def read(self, path: str, limit: int = files.LARGEST) -> bytes:
        """The bytes of a file of the kernel, at most `limit` of them."""
        return self.read_regular(path, limit) if self._trees else files.read(path, limit)

    def read_once(self, path: str) -> bytes:
        """What one read(2) gives of a file of the kernel: all of a single record such as /proc/PID/stat."""
        return self.read_regular(path, files.ONE_READ) if self._trees else files.read_once(path)

    def read_regular(self, path: str, limit: int) -> bytes:
        """The bytes of a regular file, at most `limit` of them; see `use_regular`."""
        return self.use_regular(path, files.reading(path, limit))

    def use_regular(self, path: str, use: Callable[[int], T]) -> T:
        """What `use` gives for a descriptor to read from, which is closed afterwards. OSError says what it is if it is
        no regular file, which is then not opened."""
        if self.guard is not None:
            self.guard(path)
        if not self._trees:
            return files.use_regular(path, use)
        return self._at(path, lambda handle: files.use_handle(handle, path, use, lambda: self._again(path)))

    def use_magic(self, path: str, use: Callable[[int], T]) -> T:
        """As `use_regular`; a path that ends in a link of a process (see `stat_magic`) leads to the file itself."""
        if not self._trees:
            return self.use_regular(path, use)
        if self.guard is not None:
            self.guard(path)
        tree, below = self._place(path)
        return _used(
            tree.open_magic(below), lambda handle: files.use_handle(handle, path, use, lambda: self._again(path))
        )

    def open_regular(self, path: str) -> int:
        """A descriptor to read a large file from, bit by bit; the caller closes it. OSError as `use_regular`."""
        if self.guard is not None:
            self.guard(path)
        handle = self._open(path, _HANDLE) if self._trees else os.open(path, _HANDLE)
        return _used(handle, lambda handle: files.open_handle(handle, path, lambda: self._again(path)))

    def stat(self, path: str) -> os.stat_result:
        """As os.stat."""
        if self.guard is not None:
            self.guard(path)
        return self._at(path, os.fstat) if self._trees else os.stat(path)

    def lstat(self, path: str) -> os.stat_result:
        """As os.lstat."""
        if self.guard is not None:
            self.guard(path, follow=False)
        return self._at(path, os.fstat, _LINK) if self._trees else os.lstat(path)

    def stat_magic(self, path: str) -> os.stat_result:
        """The file that a link of a process leads to: /proc/PID/exe, fd/N, ns/net (proc(5)), whatever its text says."""
        if not self._trees:
            return self.stat(path)
        if self.guard is not None:
            self.guard(path)
        tree, below = self._place(path)
        return _used(tree.open_magic(below), os.fstat)

    def identity_magic(self, path: str) -> tuple[int, int, int]:
        """(device, inode, mode) of what such a link leads to, as the kernel has them at hand: no server is asked."""
        if not self._trees:
            from .statx import identity

            return identity(path)
        found = self.stat_magic(path)
        return found.st_dev, found.st_ino, found.st_mode

    def exists(self, path: str) -> bool:
        """Whether a path leads to something."""
        return self._mode(path) != 0

    def lexists(self, path: str) -> bool:
        """Whether there is a path, if only a link that leads nowhere."""
        try:
            self.lstat(path)
        except (OSError, ValueError):
            return False
        return True

    def isdir(self, path: str) -> bool:
        """Whether a path leads to a directory."""
        return stat.S_ISDIR(self._mode(path))

    def isfile(self, path: str) -> bool:
        """Whether a path leads to a regular file."""
        return stat.S_ISREG(self._mode(path))

    def islink(self, path: str) -> bool:
        """Whether a path is a symbolic link."""
        try:
            return stat.S_ISLNK(self.lstat(path).st_mode)
        except (OSError, ValueError):
            return False

    def readlink(self, path: str) -> str:
        """As os.readlink."""
        if self.guard is not None:
            self.guard(path, follow=False)
        return self._at(path, _target, _LINK) if self._trees else os.readlink(path)

    def realpath(self, path: str) -> str:
        """The path on this host without links, as os.path.realpath gives it."""
        if self.guard is not None:
            self.guard(path)
        if not self._trees:
            return os.path.realpath(path)
        tree, below = self._place(path)
        prefix = next(prefix for prefix, each in self._trees if each is tree)
        return (prefix + tree.realpath(below)).rstrip("/") or "/"

    def where(self, fd: int) -> str:
        """The path on this host of a file that this thread has open, without links; '' where no /proc tells it."""
        from _thread import get_native_id

        try:
            place = os.readlink(f"/proc/self/task/{get_native_id()}/fd/{fd}")
            tops = [(prefix, tree.place().rstrip("/")) for prefix, tree in self._trees] or [("", "")]
        except OSError:
            return ""
        return next((prefix + place[len(top) :] for prefix, top in tops if place.startswith(f"{top}/")), "")

    def listdir(self, path: str) -> list[str]:
        """As os.listdir."""
        if self.guard is not None:
            self.guard(path, inside=True)
        return self._at(path, os.listdir, _DIRECTORY) if self._trees else os.listdir(path)

    def scandir(self, path: str) -> Entries:
        """The entries of a directory, to be used in a `with` statement."""
        if self.guard is not None:
            self.guard(path, inside=True)
        return _Scanned(self, path) if self._trees else os.scandir(path)

    def walk(self, top: str) -> Iterator[tuple[str, list[str]]]:
        """(directory, names of what is no directory in it) of a directory and all below; links are not followed.

        What may not be read, or goes away meanwhile, is left out.
        """
        todo = [top]
        while todo:
            above = todo.pop()
            folders: list[str] = []
            names: list[str] = []
            try:
                with self.scandir(above) as entries:
                    for entry in entries:
                        (folders if entry.is_dir(follow_symlinks=False) else names).append(entry.name)
            except OSError:
                continue
            yield above, names
            todo += [f"{above}/{folder}" for folder in reversed(folders)]

    def statvfs(self, path: str) -> os.statvfs_result:
        """As os.statvfs."""
        if self.guard is not None:
            self.guard(path)
        return self._at(path, os.statvfs) if self._trees else os.statvfs(path)

    def listxattr(self, path: str) -> list[str]:
        """As os.listxattr."""
        if self.guard is not None:
            self.guard(path)
        return self._at(path, lambda handle: os.listxattr(_name(handle))) if self._trees else os.listxattr(path)

    def getxattr(self, path: str, attribute: str) -> bytes:
        """As os.getxattr."""
        if self.guard is not None:
            self.guard(path)
        if not self._trees:
            return os.getxattr(path, attribute)
        return self._at(path, lambda handle: os.getxattr(_name(handle), attribute))

    def creation_time(self, path: str, follow: bool = True) -> int | None:
        """When a file was created, in Unix seconds; None where that is not known."""
        if self.guard is not None:
            self.guard(path, follow)
        from .statx import creation_time

        if not self._trees:
            return creation_time(path, follow)
        return self._at(path, creation_time, _HANDLE if follow else _LINK)

    def _mode(self, path: str) -> int:
        try:
            return self.stat(path).st_mode
        except (OSError, ValueError):
            return 0

    def _place(self, path: str) -> tuple[Tree, str]:
        """Below which directory a path is found, and where there."""
        for prefix, tree in self._trees:
            if path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] in ("", "/"):
                return tree, path[len(prefix) :] or "/" * bool(prefix)
        return self._trees[-1][1], path

    def _open(self, path: str, flags: int) -> int:
        tree, below = self._place(path)
        try:
            return tree.open(below, flags)
        except OSError as error:
            error.filename = path
            raise

    def _again(self, path: str) -> int:
        """What a host without /proc opens a regular file by."""
        return self._open(path, files.FLAGS) if self._trees else os.open(path, files.FLAGS)

    def _at(self, path: str, use: Callable[[int], T], flags: int = _HANDLE) -> T:
        return _used(self._open(path, flags), use)


# The running host, for those that read nothing else.
LIVE = Host()


class _Scanned:
    """os.scandir of a descriptor, with entries that look a link up on their host."""

    def __init__(self, host: Host, path: str) -> None:
        self._host = host
        self._path = path
        self._fd = -1

    def __enter__(self) -> Iterator[Entry]:
        self._fd = self._host._open(self._path, _DIRECTORY)
        return self._entries()

    def _entries(self) -> Iterator[Entry]:
        with os.scandir(self._fd) as entries:
            for entry in entries:
                yield _Entry(self._host, self._path, entry)

    def __exit__(self, *exception: object) -> None:
        os.close(self._fd)


class _Entry:
    """One of them; what it is itself is asked at once, while its directory is open."""

    __slots__ = ("_directory", "_host", "_path", "name")

    def __init__(self, host: Host, path: str, entry: os.DirEntry[str]) -> None:
        self.name = entry.name
        self._host = host
        self._path = path
        self._directory = None if entry.is_symlink() else entry.is_dir(follow_symlinks=False)

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        if self._directory is None:
            return follow_symlinks and self._host.isdir(f"{self._path}/{self.name}")
        return self._directory


def _used(fd: int, use: Callable[[int], T]) -> T:
    try:
        return use(fd)
    finally:
        os.close(fd)


def _target(link: int) -> str:
    try:
        return os.readlink("", dir_fd=link)
    except FileNotFoundError:
        if stat.S_ISLNK(os.fstat(link).st_mode):
            # Of a link of procfs that leads nowhere, as that to the executable of a kernel thread.
            raise
        # What readlinkat(2) says of an open file that is no link.
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL)) from None


def _name(handle: int) -> str:
    """A path that leads to what a handle stands for, for calls that take no such descriptor."""
    return f"/proc/self/fd/{handle}"
