"""Files on which SQLite has locks here. None of them is opened and closed beside SQLite.

A process that closes any descriptor of a file gives up all its POSIX locks on it, those of SQLite's connections too
(fcntl(2)). Another process may then take the database for unused and remove its log, and the next look into that ends
this process with SIGBUS. So such a file is read in a thread with descriptors of its own (apart.py).
"""

from __future__ import annotations

import os

# What SQLite locks: the database itself, and the index of its log.
_LOCKED = ("", "-shm")
# Paths of the databases that are open, each as often as it is.
_open: dict[str, int] = {}


def hold(path: str) -> str:
    """From now on SQLite has this file open; gives the name to release it by."""
    path = os.path.realpath(path)
    _open[path] = _open.get(path, 0) + 1
    return path


def release(path: str) -> None:
    """The connection that had it open is closed."""
    if _open.get(path, 0) > 1:
        _open[path] -= 1
    else:
        _open.pop(path, None)


def held(file: os.stat_result) -> bool:
    """Whether SQLite has this file open here, by whatever name it was found."""
    return any(_is(path + ending, file) for path in list(_open) for ending in _LOCKED)


def _is(path: str, file: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.stat(path), file)
    except OSError:
        return False
