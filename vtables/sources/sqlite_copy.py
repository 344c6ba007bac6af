"""Rows of SQLite files that other programs write, without touching them: no lock, no journal, no file beside them.

SQLite works on a copy in memory, journals included, so a transaction that its writer has not finished, or died in, is
rolled back as the writer itself would do it. Nothing in the file is trusted: one plain table is read, and no
expression, view or virtual table of it is evaluated.
"""

from __future__ import annotations

import apsw

from .configuration import bytes_of
from .sqlite_text import as_bytes, decoder
from .text import clean, from_os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from ..scan import Scan

    Files = dict[str, bytearray]

# Of a database and of each journal; a login or a row of the like takes some 80 bytes.
LARGEST = 64 << 20
# No value of the tables that are read is longer; and no row takes fewer bytes of a file that is not damaged.
_LONGEST, _SMALLEST_ROW = 1 << 16, 4
# How often a file is read until two copies agree: each time it was written to meanwhile.
_TRIES = 5
# SQLite's instructions between two looks at whether the statement was stopped.
_STEPS = 10_000
# What SQLite appends to the name of a database (https://www.sqlite.org/tempfiles.html).
_JOURNALS = ("-journal", "-wal")


def rows_of(scan: Scan, path: str, table: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """The rows of a table in the order of their rowids; values are None, int, float, str or bytes, whatever is meant.

    None where there is no such file or no such table; notes say what could not be read, and of a damaged file what
    came before the damage is given.
    """
    files = _copied(scan, path)
    if not files:
        return
    shown = from_os(path)
    _complete(files["main"])
    vfs = _Memory(files)
    try:
        connection = apsw.Connection("/main", flags=apsw.SQLITE_OPEN_READWRITE, vfs=vfs.vfs_name)
        try:
            yield from _plain_rows(scan, connection, table, columns, sum(map(len, files.values())))
        finally:
            connection.close(True)
    except apsw.InterruptError:
        scan.check()
    except apsw.NotADBError:
        scan.note(f"{shown} is no SQLite database")
    except (apsw.Error, UnicodeDecodeError) as error:
        scan.note(f"{shown} cannot be read whole: {clean(str(error))}")
    finally:
        vfs.unregister()


def _copied(scan: Scan, path: str) -> Files | None:
    """The file and its journals by their endings, all of one moment; None where there is none."""
    # SQLite names the journals after the file that a link leads to.
    try:
        scan.host.stat(path)
        real = scan.host.realpath(path)
    except FileNotFoundError:
        # A link to where its first writer will make it, too.
        return None
    except OSError:
        real = path
    before: Files | None = None
    for _ in range(_TRIES):
        scan.check()
        files = {"main": bytearray(bytes_of(scan, path, expected=False, limit=LARGEST, cut=False))}
        for ending in _JOURNALS:
            journal = bytes_of(scan, real + ending, expected=False, limit=LARGEST, cut=False)
            if journal:
                files["main" + ending] = bytearray(journal)
        if not files["main"]:
            return None
        if files == before:
            return files
        before = files
    scan.note(f"{from_os(path)} is being written to without a pause: what was read may be damaged")
    return before


def _complete(main: bytearray) -> None:
    """Zeros for what a file that was cut short has lost, so that SQLite reads the rest of it.

    The header has the size of a page, where 1 is 65,536, and their number (https://www.sqlite.org/fileformat.html).
    """
    page = int.from_bytes(main[16:18], "big")
    size = (65536 if page == 1 else page) * int.from_bytes(main[28:32], "big")
    main.extend(bytes(max(0, min(size, LARGEST) - len(main))))


def _plain_rows(
    scan: Scan, connection: apsw.Connection, table: str, columns: Sequence[str], size: int
) -> Iterator[tuple[Any, ...]]:
    connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    connection.limit(apsw.SQLITE_LIMIT_LENGTH, _LONGEST)
    connection.set_progress_handler(lambda: scan.statement.stopped is not None, _STEPS)
    # Without shared memory a write-ahead log can be read by one alone (https://www.sqlite.org/wal.html#noshm).
    connection.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
    found = connection.execute(
        "SELECT sql FROM sqlite_schema WHERE type IN ('table', 'view') AND name = ? COLLATE NOCASE", (table,)
    ).fetchall()
    if not found:
        # Programs make their table when they first write.
        return
    if not str(found[0][0]).upper().startswith("CREATE TABLE "):
        raise apsw.SQLError(f"{table} is no plain table")
    hidden = connection.execute("SELECT max(hidden) FROM pragma_table_xinfo(?)", (table,)).fetchall()
    if hidden[0][0]:
        raise apsw.SQLError(f"{table} has columns that are computed")

    def authorize(action: int, first: str | None, second: str | None, *_: str | None) -> int:
        read = action == apsw.SQLITE_READ and str(first).lower() == table.lower()
        plain = action == apsw.SQLITE_SELECT or (action == apsw.SQLITE_FUNCTION and second == "typeof")
        return apsw.SQLITE_OK if read or plain else apsw.SQLITE_DENY

    decode = decoder(str(connection.pragma("encoding")))
    connection.authorizer = authorize
    rows = connection.execute(f"SELECT {as_bytes(columns)} FROM {table} NOT INDEXED")
    for count, row in enumerate(map(decode, rows)):
        if count * _SMALLEST_ROW > size:
            # Pages that lead to each other again and again.
            raise apsw.CorruptError("it has more rows than room for them")
        yield row


class _Memory(apsw.VFS):
    """A file system of nothing but these files, in memory: what SQLite writes, it writes there."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self.vfs_name = f"hostql-{id(self)}"
        super().__init__(self.vfs_name, base="")

    def xAccess(self, pathname: str, flags: int) -> bool:
        return pathname.lstrip("/") in self._files

    def xFullPathname(self, name: str) -> str:
        return name

    def xDelete(self, filename: str, syncdir: bool) -> None:
        self._files.pop(filename.lstrip("/"), None)

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> Any:
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        return _File(bytearray() if path is None else self._files.setdefault(path.lstrip("/"), bytearray()))


class _File:
    """An open file of it, as apsw.VFSFile; nobody else knows of it, so locks are nobody's business."""

    def __init__(self, data: bytearray) -> None:
        self._data = data

    def xRead(self, amount: int, offset: int) -> bytes:
        return bytes(self._data[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:
        self._data.extend(bytes(max(0, offset - len(self._data))))
        self._data[offset : offset + len(data)] = data

    def xTruncate(self, newsize: int) -> None:
        del self._data[newsize:]

    def xFileSize(self) -> int:
        return len(self._data)

    def xSync(self, flags: int) -> None:
        pass

    def xClose(self) -> None:
        pass

    def xLock(self, level: int) -> None:
        pass

    def xUnlock(self, level: int) -> None:
        pass

    def xCheckReservedLock(self) -> bool:
        return False

    def xSectorSize(self) -> int:
        return 512

    def xDeviceCharacteristics(self) -> int:
        return 0

    def xFileControl(self, op: int, ptr: int) -> bool:
        return False
