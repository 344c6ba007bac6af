"""What file system is on a block device, by libblkid: for hosts without udev's database; needs to read the device."""

from __future__ import annotations

import ctypes
import os

# What is asked for, by the names that udev's database has for it.
_NAMES = {"ID_FS_UUID": b"UUID", "ID_FS_TYPE": b"TYPE", "ID_FS_LABEL": b"LABEL"}
# blkid.h: look for file systems, and for these values of them.
_SUBLKS = 1 << 1 | 1 << 3 | 1 << 5


def probe(device: str) -> dict[str, str]:
    """ID_FS_UUID, ID_FS_TYPE and ID_FS_LABEL where the device has them; empty without libblkid. Raises OSError."""
    from .text import decode

    fd = os.open(device, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        library = _library()
        if library is None:
            return {}
        handle = library.blkid_new_probe()
        try:
            library.blkid_probe_set_device(handle, fd, 0, 0)
            library.blkid_probe_enable_superblocks(handle, 1)
            library.blkid_probe_set_superblocks_flags(handle, _SUBLKS)
            if library.blkid_do_safeprobe(handle) != 0:
                return {}
            found = {}
            for name, theirs in _NAMES.items():
                data = ctypes.c_char_p()
                if library.blkid_probe_lookup_value(handle, theirs, ctypes.byref(data), None) == 0:
                    found[name] = decode(data.value or b"")
            return found
        finally:
            library.blkid_free_probe(handle)
    finally:
        os.close(fd)


def _library() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL("libblkid.so.1")
    except OSError:
        return None
    handle = ctypes.c_void_p
    library.blkid_new_probe.restype = handle
    library.blkid_free_probe.argtypes = [handle]
    library.blkid_free_probe.restype = None
    library.blkid_probe_set_device.argtypes = [handle, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
    library.blkid_probe_enable_superblocks.argtypes = [handle, ctypes.c_int]
    library.blkid_probe_set_superblocks_flags.argtypes = [handle, ctypes.c_int]
    library.blkid_do_safeprobe.argtypes = [handle]
    library.blkid_probe_lookup_value.argtypes = [
        handle,
        ctypes.c_char_p,
        ctypes.POINTER(ctypes.c_char_p),
        ctypes.c_void_p,
    ]
    return library
