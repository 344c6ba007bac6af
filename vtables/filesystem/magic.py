"""The table `magic`: what a file is by its content, as file(1) tells (libmagic)."""

from __future__ import annotations

import ctypes
import os
import stat

from ..errors import TableUnavailable
from ..scan import Scan
from ..sources.apart import Apart
from ..sources.files import name_of
from ..sources.text import decode, from_os, to_os
from ..sources.ways import named
from ..table import TEXT, Column, Table
from ._paths import note_beyond

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any


_DATABASES = "/usr/share/file/magic.mgc:/usr/share/misc/magic.mgc"
# magic.h
_MIME_TYPE, _MIME_ENCODING, _SYMLINK = 0x10, 0x400, 0x2


class Magic(Table):
    """What files are by their content; devices, FIFOs and sockets are not opened."""

    path = Column(TEXT, "Path", required=True)
    magic_db_files = Column(TEXT, "Databases to look in, separated by colons", additional=True)
    data = Column(TEXT, "What the file is, in words")
    mime_type = Column(TEXT, "Media type")
    mime_encoding = Column(TEXT, "Encoding of its text; binary for none")

    typical_rows = 10
    row_cost = 50.0
    examples = ["SELECT data, mime_type FROM magic WHERE path = '/etc/passwd';"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        databases = scan.equals("magic_db_files") or frozenset([_DATABASES])
        for database in databases:
            if not isinstance(database, str):
                continue
            if database != _DATABASES:
                for file in database.split(":"):
                    if not _is_there(file):
                        scan.note(f"there is no database {from_os(file)}")
                if not any(map(_is_there, database.split(":"))):
                    # libmagic would look in its own.
                    yield from ((path, database, None, None, None) for path in scan.equals("path") or ())
                    continue
            yield from _rows(scan, database)


def _rows(scan: Scan, database: str) -> Iterator[tuple[Any, ...]]:
    lines: list[str] = []

    def said(line: str) -> None:
        lines.append(line)
        scan.note(f"libmagic: {line}")

    with _thread() as thread:
        try:
            cookies = thread.call(lambda: _cookies(database), said)
        except TableUnavailable as error:
            error.message = "; ".join([error.message, *lines[:3]])
            raise
        try:
            for path in scan.equals("path") or ():
                for name in to_os(path) if isinstance(path, str) and path and "\0" not in path else ():
                    if not named(scan, name):
                        continue
                    row = _row(scan, name, lambda opened: thread.call(lambda: [c.ask(opened) for c in cookies], said))
                    if row is not None:
                        yield (from_os(name), database, *row)
        finally:
            for cookie in cookies:
                cookie.close()


def _is_there(file: str) -> bool:
    return os.path.isfile(file) or os.path.isdir(file)


def _thread() -> Apart:
    """Where libmagic works: it prints on standard error what it thinks of a database."""
    try:
        return Apart()
    except OSError as error:
        raise TableUnavailable(f"libmagic cannot be run here: {error.strerror}") from error


def _row(scan: Scan, path: str, ask: Callable[[str], list[str]]) -> list[str] | None:
    scan.check()
    try:
        if not stat.S_ISREG(scan.host.stat_magic(path).st_mode):
            return None
        # libmagic looks at the mode too, which it does by a name.
        return scan.host.use_magic(path, lambda fd: ask(name_of(fd, path)))
    except PermissionError:
        scan.denied("files", path)
        return None
    except OSError as error:
        note_beyond(scan, path, error)
        return None


def _cookies(databases: str) -> list[_Cookie]:
    return [_Cookie(flags | _SYMLINK, databases) for flags in (0, _MIME_TYPE, _MIME_ENCODING)]


class _Cookie:
    """An open libmagic with its flags and databases loaded. Raises TableUnavailable."""

    def __init__(self, flags: int, databases: str) -> None:
        self._library = _library()
        self._handle = self._library.magic_open(flags)
        # A FIFO would be waited for.
        existing = ":".join(filter(_is_there, databases.split(":")))
        if self._library.magic_load(self._handle, os.fsencode(existing) or None) != 0:
            reason = decode(self._library.magic_error(self._handle) or b"")
            self.close()
            raise TableUnavailable(
                f"no database of file types can be read: {reason}", "Install the package libmagic-mgc."
            )

    def ask(self, name: str) -> str:
        return decode(self._library.magic_file(self._handle, os.fsencode(name)) or b"")

    def close(self) -> None:
        self._library.magic_close(self._handle)


def _library() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL("libmagic.so.1")
    except OSError:
        raise TableUnavailable("libmagic is not installed", "Install the package libmagic1 (file-libs).") from None
    library.magic_open.restype = ctypes.c_void_p
    library.magic_load.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    library.magic_close.argtypes = [ctypes.c_void_p]
    library.magic_close.restype = None
    for function in (library.magic_file, library.magic_error):
        function.restype = ctypes.c_char_p
    library.magic_file.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    library.magic_error.argtypes = [ctypes.c_void_p]
    return library
