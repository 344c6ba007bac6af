"""fanotify(7) as the kernel speaks it: the system calls by libc, its records as tuples, handles as paths.

Struct layouts: <linux/fanotify.h>, struct file_handle of open_by_handle_at(2).
"""

from __future__ import annotations

import ctypes
import os
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Events
ATTRIB, CLOSE_WRITE, OPEN = 0x4, 0x8, 0x20
MOVED_FROM, MOVED_TO, CREATE, DELETE = 0x40, 0x80, 0x100, 0x200
OVERFLOW, RENAME, ONDIR = 0x4000, 0x1000_0000, 0x4000_0000
# fanotify_init(2)
CLOEXEC, NONBLOCK = 0x1, 0x2
REPORT_FID, REPORT_DIR_FID, REPORT_NAME, REPORT_TARGET_FID = 0x200, 0x400, 0x800, 0x1000
# fanotify_mark(2)
MARK_ADD, MARK_FILESYSTEM = 0x1, 0x100
# Records of information that follow an event
_FID, _DFID_NAME, _OLD, _NEW = 1, 2, 10, 12

_EVENT = struct.Struct("=IBBHQii")
_INFO = struct.Struct("=BBHQIi")

_libc = ctypes.CDLL(None, use_errno=True)


class Event:
    """One event: what, by whom, where. `place` is (directory, name), `before` the same of a rename's old name.

    A directory is (fsid, handle); `target` is the handle of what was created or deleted, where the kernel tells it.
    """

    __slots__ = ("before", "mask", "pid", "place", "target")

    def __init__(self, mask: int, pid: int) -> None:
        self.mask = mask
        self.pid = pid
        self.place: tuple[bytes, bytes] | None = None
        self.before: tuple[bytes, bytes] | None = None
        self.target: bytes | None = None


def init(flags: int) -> int:
    """A descriptor of a new group. OSError."""
    return _checked(_libc.fanotify_init(flags, os.O_RDONLY | os.O_LARGEFILE | os.O_CLOEXEC))


def mark(fd: int, mask: int, path: str) -> None:
    """Report the events of `mask` of the whole file system that a path lies on. OSError."""
    name = os.fsencode(path)
    flags = ctypes.c_uint(MARK_ADD | MARK_FILESYSTEM)
    _checked(_libc.fanotify_mark(fd, flags, ctypes.c_uint64(mask), -100, ctypes.c_char_p(name)))


def parse(raw: bytes) -> Iterator[Event]:
    """The events in what was read, in their order; a record that makes no sense ends them."""
    at, end = 0, len(raw)
    while at + _EVENT.size <= end:
        length, version, _, begin, mask, _, pid = _EVENT.unpack_from(raw, at)
        if version != 3 or not _EVENT.size <= begin <= length <= end - at:
            return
        event = Event(mask, pid)
        place, stop = at + begin, at + length
        at = stop
        while place + _INFO.size <= stop:
            kind, _, size, _, handle_bytes, _ = _INFO.unpack_from(raw, place)
            name_at, following = place + _INFO.size + handle_bytes, place + size
            if size < _INFO.size or following > stop or name_at > following:
                break
            # fsid and handle together name a file or directory of the host.
            file = raw[place + 4 : name_at]
            if kind in (_DFID_NAME, _NEW):
                event.place = file, raw[name_at:following].split(b"\0", 1)[0]
            elif kind == _OLD:
                event.before = file, raw[name_at:following].split(b"\0", 1)[0]
            elif kind == _FID:
                event.target = file
            place = following
        yield event


class Directories:
    """Paths of the wanted directories by fsid and handle, remembered until a directory is moved.

    A directory that is not wanted is False, and costs no more than a look into a dictionary.
    """

    _MOST = 20_000

    def __init__(self, wanted: Callable[[str], bool]) -> None:
        self._wanted = wanted
        self._mounts: dict[bytes, int] = {}
        self._known: dict[bytes, str | bool] = {}

    def mounted(self, directory: str) -> None:
        """A directory of a file system, by which those below it are opened. OSError."""
        fsid = struct.pack("=Q", os.statvfs(directory).f_fsid)
        if fsid not in self._mounts:
            self._mounts[fsid] = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def path(self, file: bytes) -> str | bool | None:
        """The path of a directory, '' for the root; False where it is not wanted, None where it is gone or too deep."""
        found = self._known.get(file)
        if found is None:
            path = self._read(file)
            if path is not None:
                found = self.know(file, path)
        return found

    def know(self, file: bytes, path: str) -> str | bool:
        """Remember a path."""
        if len(self._known) >= self._MOST:
            self._known.clear()
        self._known[file] = found = path if self._wanted(path) else False
        return found

    def forget(self) -> None:
        """A directory was moved: what is below it has other paths."""
        self._known.clear()

    def close(self) -> None:
        """Let go of the file systems."""
        for fd in self._mounts.values():
            os.close(fd)
        self._mounts.clear()

    def _read(self, file: bytes) -> str | None:
        mount = self._mounts.get(file[:8])
        if mount is None:
            return None
        fd = _libc.open_by_handle_at(mount, file[8:], os.O_PATH | os.O_CLOEXEC)
        if fd < 0:
            return None
        try:
            path = os.readlink(f"/proc/self/fd/{fd}")
            gone = path.endswith(" (deleted)") and not os.fstat(fd).st_nlink
        except OSError:
            # Deeper than a path can tell (PATH_MAX): who goes there by relative paths is not to stop the rest.
            return None
        finally:
            os.close(fd)
        if gone or not path.startswith("/"):
            return None
        return path.rstrip("/")


def _checked(result: int) -> int:
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result
