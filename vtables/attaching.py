"""ATTACH: which file SQLite is to open, whether it may, and how, so that nothing on the disk changes by reading it."""

from __future__ import annotations

import os

from .errors import QueryError
from .script import QUOTES, bare
from .sources.locked import held

# Parameters that say how a file is read (https://www.sqlite.org/uri.html); `vfs` could lock it by making others.
_KNOWN = frozenset(("mode", "immutable", "nolock", "cache", "psow"))
_WITHOUT_LOCKS = ("immutable", "nolock")
# The header of a database (https://www.sqlite.org/fileformat.html): where its versions for writing and reading are, and
# what they are where a write-ahead log is used.
_VERSIONS, _LOGGED = slice(18, 20), b"\2\2"

# On this byte of a log's index each process that has it open holds a lock (https://www.sqlite.org/walformat.html).
_INDEX_OPEN = 128


class Attachment:
    """A file as ATTACH names it.

    name    what SQLite is to open: as it was written, or so that it is only read
    path    the file, '' for a database in memory or a temporary one
    unseen  in words, what is not seen of it
    """

    __slots__ = ("_options", "name", "path", "unseen")

    def __init__(self, name: str, *, write: bool = False) -> None:
        """Raises QueryError for what may not be opened."""
        self.unseen: list[str] = []
        self.name = name
        self.path, self._options = _parsed(name)
        for option in self._options:
            if option not in _KNOWN:
                raise QueryError(f"a file is not attached with {option}={self._options[option]}")
        if self.path == ":memory:" or self._options.get("mode") == "memory":
            self.path = ""
        if self.path:
            self._check()
            # SQLite refuses other modes by itself.
            if not write and self._options.get("mode", "ro") == "ro":
                self._only_read()

    def _only_read(self) -> None:
        """Have nothing written by opening it, beside it neither: of a write-ahead log that nobody has open, SQLite
        would make an index, or write the one there anew. Such a file is read as it lies there."""
        from .sources.sqlite_files import uri

        # Beside what links lead to.
        path = os.path.realpath(self.path)
        how = {option: self._options[option] for option in _WITHOUT_LOCKS if option in self._options}
        if not how and _has_log(path) and not _in_use(path):
            how["immutable"] = "1"
            self.unseen.append(f"{self.path} is read as it is now, not what is written to it later")
            if _size(path + "-wal"):
                self.unseen.append(f"what is only in {path}-wal is not seen")
        self.name = uri(self.path, "&".join(["mode=ro", *(f"{option}={value}" for option, value in how.items())]))

    def _check(self) -> None:
        from .sources.sqlite_files import check

        try:
            check(self.path)
            without = [option for option in _WITHOUT_LOCKS if self._options.get(option, "0") != "0"]
            if without and os.path.exists(self.path) and held(os.stat(self.path)):
                raise QueryError(f"{self.path} is open here already", f"Leave out {without[0]}.")
        except OSError as error:
            raise QueryError(f"cannot attach {self.path}: {error.strerror}") from error


def _parsed(name: str) -> tuple[str, dict[str, str]]:
    """The path and the parameters of a file's name, as SQLite reads it.

    >>> _parsed("a%20b.db"), _parsed("file:a%20b.db?mode=ro#x"), _parsed("file://localhost/a")
    (('a%20b.db', {}), ('a b.db', {'mode': 'ro'}), ('/a', {}))
    """
    if not name.startswith("file:"):
        return name, {}
    from urllib.parse import unquote

    rest = name[len("file:") :].partition("#")[0]
    rest, _, query = rest.partition("?")
    if rest.startswith("//"):
        authority, slash, path = rest[2:].partition("/")
        if authority not in ("", "localhost"):
            raise QueryError(f"invalid uri authority: {authority}")
        rest = slash + path
    options = {}
    for pair in query.split("&"):
        option, _, value = pair.partition("=")
        if option:
            options[unquote(option).partition("\0")[0]] = unquote(value).partition("\0")[0]
    return unquote(rest, errors="surrogateescape").partition("\0")[0], options


def _has_log(path: str) -> bool:
    from .sources.files import read_regular

    try:
        return read_regular(path, _VERSIONS.stop)[_VERSIONS] == _LOGGED
    except OSError:
        return False


def _in_use(path: str) -> bool:
    """Whether a process has the index of a write-ahead log open: each holds a lock on it."""
    import fcntl
    import struct

    from .sources.files import use_regular

    def locked(fd: int) -> bool:
        lock = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, _INDEX_OPEN, 1, 0)
        return bool(struct.unpack("hhqqi4x", fcntl.fcntl(fd, fcntl.F_OFD_GETLK, lock))[0] != fcntl.F_UNLCK)

    try:
        # Closing a descriptor of it would drop the locks of this process.
        return held(os.stat(path)) or use_regular(path + "-shm", locked)
    except OSError:
        return False


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def renamed(sql: str, name: str) -> str:
    """An ATTACH statement with another file's name in place of its own. Raises QueryError where that is not found.

    >>> renamed("ATTACH /* 'x' */ 'a b.db' AS kept", "file:///a%20b.db?mode=ro")
    "ATTACH /* 'x' */ 'file:///a%20b.db?mode=ro' AS kept"
    """
    import re

    text = bare(sql, keep=QUOTES)
    found = re.search(
        r"""\battach\b\s*(?:\bdatabase\b)?[\s(]*('(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^]]*\]|[^\s()]+)""",
        text,
        re.IGNORECASE,
    )
    if found is None:
        raise QueryError("the name of the file is not understood", "Write ATTACH 'FILE' AS NAME.", sql=sql)
    return sql[: found.start(1)] + "'" + name.replace("'", "''") + "'" + sql[found.end(1) :]
