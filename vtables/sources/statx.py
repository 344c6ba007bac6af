"""What statx(2) tells and stat(2) does not, and Python does not offer before 3.15: when a file was created, and what is
known of it without asking a server."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# linux/stat.h: the mask that asks for the creation time, and where it lies in struct statx.
_STATX_BTIME = 0x800
_SIZE, _BTIME_AT = 256, 80
_STATX_NLINK, _LINKS_AT = 0x4, 16
# linux/fcntl.h
_AT_FDCWD, _AT_SYMLINK_NOFOLLOW, _AT_EMPTY_PATH = -100, 0x100, 0x1000
_AT_NO_AUTOMOUNT, _AT_STATX_DONT_SYNC = 0x800, 0x4000
# What else is asked for and where it lies: type, mode and inode (STATX_TYPE and so on), the device's major and minor.
_IDENTITY = 0x1 | 0x2 | 0x100
_MODE_AT, _INODE_AT, _DEVICE_AT = 28, 32, 136

_statx: Any = None


def creation_time(path: str | int, follow: bool = True) -> int | None:
    """Unix seconds, of a path or a descriptor; None where the file system, the kernel or the C library does not tell.

    Raises OSError.
    """
    import ctypes

    statx = _function()
    if not statx:
        return None
    found = ctypes.create_string_buffer(_SIZE)
    if isinstance(path, int):
        failed = statx(path, b"", _AT_EMPTY_PATH, _STATX_BTIME, found)
    else:
        # Unlike stat(2), statx(2) triggers an automount point at the end of a path, unless told not to.
        flags = _AT_NO_AUTOMOUNT | (0 if follow else _AT_SYMLINK_NOFOLLOW)
        failed = statx(_AT_FDCWD, os.fsencode(path), flags, _STATX_BTIME, found)
    if failed:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), path)
    if not ctypes.c_uint32.from_buffer(found).value & _STATX_BTIME:
        return None
    # Some file systems say that they tell, and tell 0.
    return ctypes.c_int64.from_buffer(found, _BTIME_AT).value or None


def identity(path: str, follow: bool = True) -> tuple[int, int, int]:
    """(device, inode, mode) of a file, as the kernel has them at hand: no server of a network or FUSE file system is
    asked, and an automount point at the end of the path is not triggered. Raises OSError.

    On the way to a path's end servers can be asked; to the end of a magic link (/proc/PID/exe) there is no way.
    """
    import ctypes
    import struct

    statx = _function()
    if not statx:
        status = os.stat(path, follow_symlinks=follow)
        return status.st_dev, status.st_ino, status.st_mode
    found = ctypes.create_string_buffer(_SIZE)
    flags = _AT_STATX_DONT_SYNC | _AT_NO_AUTOMOUNT | (0 if follow else _AT_SYMLINK_NOFOLLOW)
    if statx(_AT_FDCWD, os.fsencode(path), flags, _IDENTITY, found):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), path)
    major, minor = struct.unpack_from("=II", found, _DEVICE_AT)
    inode: int = struct.unpack_from("=Q", found, _INODE_AT)[0]
    mode: int = struct.unpack_from("=H", found, _MODE_AT)[0]
    return os.makedev(major, minor), inode, mode


def hard_links(path: str) -> int:
    """How many names a file has, as the kernel has that at hand; see `identity`. Raises OSError."""
    import ctypes

    statx = _function()
    if not statx:
        return os.stat(path).st_nlink
    found = ctypes.create_string_buffer(_SIZE)
    if statx(_AT_FDCWD, os.fsencode(path), _AT_STATX_DONT_SYNC | _AT_NO_AUTOMOUNT, _STATX_NLINK, found):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), path)
    return ctypes.c_uint32.from_buffer(found, _LINKS_AT).value


def _function() -> Any:
    """The C library's statx; False where it has none."""
    global _statx
    if _statx is None:
        import ctypes

        _statx = getattr(ctypes.CDLL(None, use_errno=True), "statx", False)
    return _statx
