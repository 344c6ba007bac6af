"""Ids of tracepoints, from tracefs; where nobody mounted it, from a mount of our own that no path leads to."""

from __future__ import annotations

import ctypes
import os

from ...publisher import Unavailable

_FOLDERS = ("/sys/kernel/tracing", "/sys/kernel/debug/tracing")
# fsopen(2), fsconfig(2), fsmount(2): the same numbers on every architecture.
_FSOPEN, _FSCONFIG, _FSMOUNT = 430, 431, 432
_CLOEXEC, _CONFIG_CREATE = 1, 6
_libc = ctypes.CDLL(None, use_errno=True)


# System calls that newer architectures do without, or that older kernels lack: then nobody makes them.
_MAY_LACK = frozenset(
    "open creat rename renameat link symlink unlink rmdir mkdir chmod chown lchown openat2 fchmodat2".split()
)


def tracepoint_ids(names: list[str]) -> dict[str, int | None]:
    """Ids of tracepoints named as `syscalls/sys_exit_connect`; None of a system call that this kernel does not have.
    Unavailable where they cannot be read."""
    if not names:
        return {}
    for folder in _FOLDERS:
        if os.path.isdir(folder + "/events"):
            fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            break
    else:
        fd = _mounted()
    try:
        return {name: _id(fd, name) for name in names}
    finally:
        os.close(fd)


def _id(folder: int, name: str) -> int | None:
    try:
        fd = os.open(f"events/{name}/id", os.O_RDONLY, dir_fd=folder)
    except OSError as error:
        if isinstance(error, FileNotFoundError) and name.rpartition("sys_exit_")[2] in _MAY_LACK:
            return None
        raise Unavailable(
            f"tracefs does not give the id of the tracepoint {name}: {error.strerror}",
            "run as root, on a kernel with CONFIG_FTRACE_SYSCALLS",
        ) from None
    try:
        return int(os.read(fd, 32))
    finally:
        os.close(fd)


def _mounted() -> int:
    """A file descriptor of a new mount of tracefs, which goes with it."""
    context = -1
    try:
        context = _call(_FSOPEN, b"tracefs", _CLOEXEC)
        _call(_FSCONFIG, context, _CONFIG_CREATE, None, None, 0)
        return _call(_FSMOUNT, context, _CLOEXEC, 0)
    except OSError as error:
        raise Unavailable(
            f"tracefs is not mounted at {_FOLDERS[0]}, nor can it be: {error.strerror}",
            f"run as root, or mount it: mount -t tracefs tracefs {_FOLDERS[0]}",
        ) from None
    finally:
        if context >= 0:
            os.close(context)


def _call(number: int, *arguments: int | bytes | None) -> int:
    values = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    result: int = _libc.syscall(ctypes.c_long(number), *values)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
