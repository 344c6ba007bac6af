"""When a file was created: statx(2), which Python does not offer before 3.15."""

from __future__ import annotations

import ctypes
import os

# linux/stat.h: the mask that asks for the creation time, and where it lies in struct statx.
_STATX_BTIME = 0x800
_SIZE, _BTIME_AT = 256, 80
# linux/fcntl.h
_AT_FDCWD, _AT_SYMLINK_NOFOLLOW, _AT_EMPTY_PATH = -100, 0x100, 0x1000


def creation_time(path: str | int, follow: bool = True) -> int | None:
    """Unix seconds, of a path or a descriptor; None where the file system, the kernel or the C library does not tell.

    Raises OSError.
    """
    statx = getattr(ctypes.CDLL(None, use_errno=True), "statx", None)
    if statx is None:
        return None
    found = ctypes.create_string_buffer(_SIZE)
    if isinstance(path, int):
        failed = statx(path, b"", _AT_EMPTY_PATH, _STATX_BTIME, found)
    else:
        failed = statx(_AT_FDCWD, os.fsencode(path), 0 if follow else _AT_SYMLINK_NOFOLLOW, _STATX_BTIME, found)
    if failed:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), path)
    if not ctypes.c_uint32.from_buffer(found).value & _STATX_BTIME:
        return None
    # Some file systems say that they tell, and tell 0.
    return ctypes.c_int64.from_buffer(found, _BTIME_AT).value or None
