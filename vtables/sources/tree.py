"""`Tree`: a directory that stands for `/`: paths are resolved below it, as for a process whose root it is (chroot(2)).

An absolute symbolic link begins at the top again, and `..` does not climb above it. The kernel resolves
(openat2(2), RESOLVE_IN_ROOT); where it cannot (before Linux 5.6, or a sandbox forbids the call), each component is
opened from the one before. Either way the answer is a descriptor: what was checked is what is read.
"""

from __future__ import annotations

import errno
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# Number of openat2(2) on every architecture; linux/openat2.h.
_SYS_OPENAT2 = 437
_RESOLVE_NO_MAGICLINKS, _RESOLVE_IN_ROOT = 0x02, 0x10
# How often openat2 is tried while others rename directories or mount (EAGAIN) before components are walked instead.
_TRIES = 32
# MAXSYMLINKS and PATH_MAX of the kernel.
_MOST_LINKS, _LONGEST = 40, 4096
# linux/magic.h
_PROC_SUPER_MAGIC = 0x9FA0

# A descriptor that stands for a file without opening it: no device, FIFO or automount point notices.
HANDLE = os.O_PATH | os.O_CLOEXEC


class Tree:
    """The files below the directory `top`. Raises OSError where that cannot be opened.

    by_kernel  whether openat2(2) resolves the paths
    """

    __slots__ = ("_call", "_fd", "by_kernel")

    def __init__(self, top: str) -> None:
        self._fd = -1
        self._fd = os.open(top, HANDLE | os.O_DIRECTORY)
        self._call = _openat2()
        try:
            os.close(self._by_kernel("/", HANDLE))
            self.by_kernel = True
        except OSError:
            self.by_kernel = False

    def __del__(self, close: Callable[[int], None] = os.close) -> None:
        if self._fd >= 0:
            close(self._fd)

    def open(self, path: str, flags: int) -> int:
        """A descriptor of what a path leads to, from the top even if it does not begin with a slash.

        `flags` are HANDLE, or those to read with; O_NOFOLLOW and O_DIRECTORY beside them. A magic link
        (/proc/PID/exe, fd/N) leads out of the tree and is not followed. Raises OSError as open(2) does, ValueError for
        a NUL in the path.
        """
        if self.by_kernel:
            try:
                return self._by_kernel(path, flags)
            except BlockingIOError:
                pass
        return self._by_components(path, flags)[0]

    def open_magic(self, path: str) -> int:
        """As `open` with HANDLE; but where the path ends in a magic link of procfs, this is followed."""
        folder, _, name = path.rpartition("/")
        link = self.open(path, HANDLE | os.O_NOFOLLOW)
        try:
            if not _is_magic(link):
                return self.open(path, HANDLE)
        finally:
            os.close(link)
        above = self.open(folder or "/", HANDLE)
        try:
            return os.open(name, HANDLE, dir_fd=above)
        finally:
            os.close(above)

    def is_procfs(self, path: str) -> bool:
        """Whether a path leads into procfs, where the kernel answers, not a file."""
        try:
            fd = self.open(path, HANDLE)
        except OSError:
            return False
        try:
            return _in_procfs(fd)
        finally:
            os.close(fd)

    def place(self) -> str:
        """The path of the directory on the running host. Raises OSError where no /proc is mounted."""
        return os.readlink(f"/proc/self/fd/{self._fd}")

    def realpath(self, path: str) -> str:
        """The path without links, as os.path.realpath gives it: of what is not there, as far as there is anything."""
        names: list[str] = []
        try:
            os.close(self._by_components(path, HANDLE, names)[0])
        except OSError:
            # What is left to resolve was put at the end.
            return os.path.normpath("/" + "/".join([name for name in names if name]))
        return "/" + "/".join(names)

    def _by_kernel(self, path: str, flags: int) -> int:
        raw = os.fsencode(path)
        if b"\0" in raw:
            raise ValueError("embedded null byte")
        for _ in range(_TRIES):
            found, code = self._call(self._fd, raw, flags)
            if found >= 0:
                return found
            if code not in (errno.EAGAIN, errno.EINTR):
                break
        raise OSError(code, os.strerror(code), path)

    def _by_components(self, path: str, flags: int, names: list[str] | None = None) -> tuple[int, list[str]]:
        """(descriptor, the names that lead to it without links); `names` are those found so far, should it fail."""
        names = [] if names is None else names
        if not path or len(os.fsencode(path)) >= _LONGEST:
            code = errno.ENAMETOOLONG if path else errno.ENOENT
            raise OSError(code, os.strerror(code), path)
        # The directories above the place that is reached: `..` goes back to one of them, never to a parent by name.
        opened = [os.dup(self._fd)]
        todo = path.split("/")[::-1]
        try:
            return _Walk(opened, names, todo, flags).end(), names
        except OSError as error:
            names += todo[::-1]
            error.filename = path
            raise
        finally:
            for fd in opened:
                os.close(fd)


class _Walk:
    """One path, component by component."""

    def __init__(self, opened: list[int], names: list[str], todo: list[str], flags: int) -> None:
        self._opened = opened
        self._names = names
        self._todo = todo
        self._flags = flags
        self._links = 0
        # A slash at the end asks for a directory, and follows a link even if O_NOFOLLOW is set (path_resolution(7)).
        self._directory = bool(flags & os.O_DIRECTORY)
        self._follow = not flags & os.O_NOFOLLOW
        self._slash()

    def end(self) -> int:
        """The descriptor of what the whole path leads to; those above it stay in `opened`."""
        while self._todo:
            name = self._todo[-1]
            here = self._opened[-1]
            if name in ("", ".", ".."):
                if name:
                    # Only who may search a directory gets anywhere from it, to itself and to its parent, too.
                    os.stat(".", dir_fd=here)
                self._todo.pop()
                if name == ".." and self._names:
                    self._names.pop()
                    os.close(self._opened.pop())
            else:
                self._enter(name, os.open(name, HANDLE | os.O_NOFOLLOW, dir_fd=here))
        found = self._opened[-1]
        if self._directory and not stat.S_ISDIR(os.fstat(found).st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if self._flags & os.O_PATH:
            return self._opened.pop()
        if not self._flags & os.O_DIRECTORY and len(self._opened) > 1:
            return os.open(self._names[-1], self._flags | os.O_NOFOLLOW, dir_fd=self._opened[-2])
        try:
            return os.open(f"/proc/self/fd/{found}", self._flags & ~os.O_NOFOLLOW)
        except FileNotFoundError:
            # No /proc is mounted: who may search the directory, too, can open it so.
            return os.open(".", self._flags, dir_fd=found)

    def _enter(self, name: str, fd: int) -> None:
        """From the last directory on to what `name` is there."""
        self._opened.append(fd)
        last = not any(self._todo[:-1])
        mode = os.fstat(fd).st_mode
        if stat.S_ISLNK(mode) and (self._follow or not last):
            self._links += 1
            if self._links > _MOST_LINKS or _is_magic(fd):
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            target = os.readlink("", dir_fd=fd)
            os.close(self._opened.pop())
            self._todo.pop()
            self._todo += target.split("/")[::-1]
            if target.startswith("/"):
                self._names.clear()
                while len(self._opened) > 1:
                    os.close(self._opened.pop())
            if last:
                self._slash()
            return
        if not (last or stat.S_ISDIR(mode)):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        self._todo.pop()
        self._names.append(name)

    def _slash(self) -> None:
        if self._todo and not self._todo[0]:
            self._directory = self._follow = True


def _is_magic(link: int) -> bool:
    """Whether a link is one that the kernel follows by itself, not by its text: /proc/PID/exe, cwd, fd/N, ns/net.

    The other links of procfs (self, mounts) have plain relative texts.
    """
    if not stat.S_ISLNK(os.fstat(link).st_mode) or not _in_procfs(link):
        return False
    text = os.readlink("", dir_fd=link)
    return text[:1] in "/(" or ":" in text


def _in_procfs(fd: int) -> bool:
    from ctypes import CDLL, c_long, c_uint32, create_string_buffer

    found = create_string_buffer(256)
    if CDLL(None).fstatfs(fd, found) != 0:
        return False
    # statfs(2) begins with f_type: a long, but on s390x.
    return _PROC_SUPER_MAGIC in (c_long.from_buffer(found).value, c_uint32.from_buffer(found).value)


def _openat2() -> Callable[[int, bytes, int], tuple[int, int]]:
    """openat2(2) with RESOLVE_IN_ROOT: (directory, path, flags) -> (descriptor or -1, errno)."""
    import ctypes

    syscall = ctypes.CDLL(None, use_errno=True).syscall
    syscall.restype = ctypes.c_long
    number, size = ctypes.c_long(_SYS_OPENAT2), ctypes.c_size_t(24)
    # struct open_how for each set of flags: flags, mode, resolve.
    hows: dict[int, ctypes.Array[ctypes.c_uint64]] = {}
    resolve = _RESOLVE_IN_ROOT | _RESOLVE_NO_MAGICLINKS

    def call(directory: int, path: bytes, flags: int) -> tuple[int, int]:
        how = hows.get(flags)
        if how is None:
            how = hows[flags] = (ctypes.c_uint64 * 3)(flags, 0, resolve)
        return syscall(number, directory, path, how, size), ctypes.get_errno()

    return call
