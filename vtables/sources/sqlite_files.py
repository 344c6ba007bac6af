"""SQLite files that this process opens: regular files alone, and known to be open (locked.py)."""

from __future__ import annotations

import errno
import os
import stat

import apsw

from .locked import hold, release

_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def check(path: str) -> None:
    """OSError if something else than a regular file has this name, whatever links lead there: opening a FIFO waits
    until somebody writes to it, and SQLite's waiting is not to be interrupted. What is not there is no error."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, f"it is {_KINDS.get(stat.S_IFMT(mode), 'something else')}, not a file", path)


def check_readable(path: str) -> None:
    """OSError if a file is not there, is no regular file or may not be read. It is not opened (locked.py)."""
    os.stat(path)
    check(path)
    if not os.access(path, os.R_OK, effective_ids=True):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)


class Connection(apsw.Connection):
    """A connection to a file, which is known to be open until the connection is closed."""

    path = ""

    def close(self, force: bool = False) -> None:
        """As apsw.Connection.close."""
        super().close(force)
        path, self.path = self.path, ""
        if path:
            release(path)


def connect(path: str, flags: int = apsw.SQLITE_OPEN_READWRITE, query: str = "") -> Connection:
    """Open a database file that is there; `query` are parameters of SQLite's URI, 'immutable=1'. Raises OSError,
    apsw.Error."""
    check(path)
    if query:
        flags |= apsw.SQLITE_OPEN_URI
    connection = Connection(uri(path, query) if query else path, flags=flags)
    connection.path = hold(path)
    return connection


def uri(path: str, query: str) -> str:
    """SQLite's name for a file, with parameters (https://www.sqlite.org/uri.html).

    >>> uri("/a b?", "mode=ro")
    'file:///a%20b%3F?mode=ro'
    """
    from urllib.parse import quote

    return f"file://{quote(os.path.abspath(path), errors='surrogateescape')}?{query}"
