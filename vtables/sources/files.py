"""Reading small host files whole, and counting what was read.

The counters let a query's cost be told (`hostql profile`) and let tests see that nothing was read in vain.
"""

from __future__ import annotations

import errno
import os
import stat
from _thread import get_native_id

from .locked import held

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")

# No kernel file that hostql reads whole is larger, though a process can make its own command line or environment look
# like gigabytes (prctl(2), PR_SET_MM); a bigger one is cut, never swallowed.
LARGEST = 16 << 20
# Device numbers of /dev/null: a file that leads there is meant to be empty.
_NULL = os.makedev(1, 3)

# What `read_once` asks for.
ONE_READ = 65536

FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Counters:
    """How many files were opened and bytes read by this process since it started."""

    __slots__ = ("bytes", "files")

    def __init__(self) -> None:
        self.files = 0
        self.bytes = 0


counters = Counters()


def read(path: str, limit: int = LARGEST) -> bytes:
    """The bytes of a file, at most `limit` of them. Raises OSError as open(2) and read(2) do.

    Opened without blocking, so that a FIFO in a file's place cannot hang the reader, and without becoming a
    controlling terminal. Reads until the end: a seq_file of /proc gives less than a page at a time.
    """
    fd = os.open(path, FLAGS)
    try:
        return _read_descriptor(fd, path, limit)
    finally:
        os.close(fd)


def _read_descriptor(fd: int, path: str, limit: int) -> bytes:
    try:
        data = os.read(fd, min(limit, ONE_READ))
        if data and len(data) < limit:
            parts = [data]
            size = len(data)
            while size < limit:
                more = os.read(fd, min(limit - size, 1 << 20))
                if not more:
                    break
                parts.append(more)
                size += len(more)
            data = b"".join(parts)
    except OSError as error:
        error.filename = path
        raise
    counters.files += 1
    counters.bytes += len(data)
    return data


def reading(path: str, limit: int) -> Callable[[int], bytes]:
    """For `use_regular`: the bytes of a file, at most `limit`; `path` is its name in errors."""
    return lambda fd: _read_descriptor(fd, path, limit)


def read_regular(path: str, limit: int) -> bytes:
    """The bytes of a regular file, at most `limit`, as `use_regular` opens it."""
    return use_regular(path, reading(path, limit))


def use_regular(path: str, use: Callable[[int], T]) -> T:
    """What `use` gives for a descriptor to read a file from, where anybody may have put anything in its place.

    A FIFO, a socket or a device is not opened (to open one can already do something): OSError says what it is. What was
    looked at is what is opened, whatever happens to the name meanwhile. The descriptor is closed afterwards; for a file
    on which SQLite has locks here all this is done in another thread, so that it keeps them.
    """
    handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        return use_handle(handle, path, use, lambda: os.open(path, FLAGS))
    finally:
        os.close(handle)


def use_handle(handle: int, path: str, use: Callable[[int], T], again: Callable[[], int]) -> T:
    """As `use_regular`, for what the descriptor `handle` (O_PATH) stands for.

    `again` opens it by its name, for a host without /proc.
    """
    found = _regular(handle, path)

    def used() -> T:
        fd = _opened(handle, found, path, again)
        try:
            return use(fd)
        finally:
            os.close(fd)

    if not held(found):
        return used()
    from .apart import apart

    return apart(used)


def open_handle(handle: int, path: str, again: Callable[[], int]) -> int:
    """A descriptor to read from for as long as the caller likes, who closes it; otherwise as `use_handle`.

    A file on which SQLite has locks here is refused: closing it would give them up.
    """
    found = _regular(handle, path)
    if held(found):
        raise OSError(errno.EBUSY, "hostql uses it as a database", path)
    return _opened(handle, found, path, again)


def _regular(handle: int, path: str) -> os.stat_result:
    """The status of what a handle stands for; OSError where that is no regular file."""
    found = os.fstat(handle)
    kind = stat.S_IFMT(found.st_mode)
    if kind == stat.S_IFDIR:
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if kind != stat.S_IFREG and not (kind == stat.S_IFCHR and found.st_rdev == _NULL):
        raise OSError(errno.EINVAL, f"it is {_KINDS.get(kind, 'something else')}, not a file", path)
    return found


def _opened(handle: int, found: os.stat_result, path: str, again: Callable[[], int]) -> int:
    try:
        # Of the process: it may be another thread that has descriptors of its own.
        return os.open(f"/proc/self/fd/{handle}", FLAGS)
    except FileNotFoundError:
        fd = again()
    except OSError as error:
        error.filename = path
        raise
    if os.path.samestat(os.fstat(fd), found):
        return fd
    os.close(fd)
    raise FileNotFoundError(errno.ENOENT, "it was replaced meanwhile", path)


def name_of(fd: int, path: str) -> str:
    """A name by which any thread opens what is open in this one; `path` where no /proc is mounted."""
    name = f"/proc/self/task/{get_native_id()}/fd/{fd}"
    return name if os.path.exists(name) else path


_KINDS = {stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}


def read_once(path: str) -> bytes:
    """What one read(2) of a file gives: all of a single-record file such as /proc/PID/stat, at half the cost."""
    fd = os.open(path, FLAGS)
    try:
        data = os.read(fd, ONE_READ)
    finally:
        os.close(fd)
    counters.files += 1
    counters.bytes += len(data)
    return data
