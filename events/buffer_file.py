"""The file of the buffer as SQLite sees it: its tables, what a value may be, transactions, giving room back."""

from __future__ import annotations

import os

from ..vtables.table import TEXT, UNSIGNED_BIGINT, quote
from .table import BufferTable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    import apsw

    from ..vtables.table import Table

# Columns with an index besides time, by table.
_INDEXED = {"process_events": ("pid",)}


def storable(value: object) -> bool:
    """Whether SQLite can hold a value.

    >>> storable(1 << 63), storable("\\ud800"), storable([]), storable(None), storable("text")
    (False, False, False, True, True)
    """
    if isinstance(value, int):
        return -(1 << 63) <= value < 1 << 63
    if isinstance(value, str):
        return not any("\ud800" <= character <= "\udfff" for character in value)
    return value is None or isinstance(value, (float, bytes))


def is_added(table: type[Table]) -> bool:
    """Whether rows of this table are added as time goes by, and expire."""
    return issubclass(table, BufferTable) and table.added


def declarations(table: type[Table]) -> list[str]:
    """The statements that make a table of the buffer and its index."""
    added = is_added(table)
    columns = []
    for column in table.columns:
        kind = "BIGINT" if column.type == UNSIGNED_BIGINT else column.type
        if added and column.name == "eid":
            kind = "INTEGER PRIMARY KEY"
        if column.collate == "NOCASE" and column.type == TEXT:
            kind += " COLLATE NOCASE"
        columns.append(f"{quote(column.name)} {kind}")
    made = [f"CREATE TABLE IF NOT EXISTS {quote(table.name)} ({', '.join(columns)})"]
    for name in ("time", *_INDEXED.get(table.name, ())) if added else ():
        made.append(f"CREATE INDEX IF NOT EXISTS {quote(f'{table.name}_{name}')} ON {quote(table.name)} ({name})")
    return made


def last_written(path: str) -> int:
    """Unix seconds of the last write to a buffer or its log; 0 for a new or an empty one."""
    found = [os.stat(p) for p in (path, path + "-wal") if os.path.exists(p)]
    return max((int(each.st_mtime) for each in found if each.st_size), default=0)


def transact(connection: apsw.Connection, write: Callable[[apsw.Connection], object]) -> None:
    """All that is written, or nothing. SQLite itself rolls back where a disk is full; then there is nothing left to."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        write(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def shrink(connection: apsw.Connection) -> None:
    """Give pages that are free back to the file system, some at a time."""
    connection.execute("PRAGMA incremental_vacuum(10000)").fetchall()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
