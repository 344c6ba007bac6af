"""Tables over SQLite files of the host (`auto_table_construction`): browsers' histories, package managers' databases.

A file is read as it is on the disk: opened read-only and immutable, so that no journal is rolled back and no lock is
waited for. What its log holds alone is not seen; a note says so.
"""

from __future__ import annotations

import os
from glob import glob
from urllib.parse import quote as quote_path

import apsw

from ..vtables.errors import HostqlError
from ..vtables.table import TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ..vtables.database import Database
    from ..vtables.scan import Scan
    from .config.model import DatabaseTable


def add_tables(database: Database, tables: list[DatabaseTable]) -> list[str]:
    """Add them to a database; gives in words what could not be added."""
    problems = []
    for table in tables:
        try:
            database.add(table.name, _made(table))
        except HostqlError as error:
            problems.append(f"auto_table_construction.{table.name}: {error.message}")
    return problems


def _made(about: DatabaseTable) -> type[Table]:
    columns = [name for name in about.columns if name != "path"]

    def rows(self: Table, scan: Scan) -> Iterator[tuple[Any, ...]]:
        pattern = about.path.replace("%%", "**").replace("%", "*")
        files = sorted(glob(pattern, recursive=True))
        wanted = scan.equals("path")
        for file in files:
            if wanted is None or file in wanted:
                yield from _rows(scan, file, about.query, columns)

    members: dict[str, Any] = {
        "__doc__": f"Rows of SQLite files at {about.path}, by the configuration.",
        "__module__": __name__,
        "rows": rows,
        "typical_rows": 100,
        "examples": [f"SELECT * FROM {about.name} LIMIT 10;"],
    }
    members.update({name: Column(TEXT, f"Column {name} of the query") for name in columns})
    members["path"] = Column(TEXT, "The file", key=True)
    return type(about.name.title().replace("_", ""), (Table,), members)


def _rows(scan: Scan, file: str, query: str, columns: list[str]) -> Iterator[tuple[Any, ...]]:
    try:
        connection = apsw.Connection(
            f"file:{quote_path(file)}?mode=ro&immutable=1", flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        )
    except apsw.Error as error:
        scan.note(f"{file} cannot be read: {error}")
        return
    try:
        if os.path.exists(file + "-wal") and os.path.getsize(file + "-wal"):
            scan.note(f"what is only in {file}-wal is not seen")
        cursor = connection.execute(query)
        names = [column[0] for column in cursor.get_description()]
        places = [names.index(name) if name in names else None for name in columns]
        for row in cursor:
            scan.check()
            yield (*(None if place is None else _text(row[place]) for place in places), file)
    except (apsw.Error, OSError) as error:
        scan.note(f"{file} cannot be read: {error}")
    finally:
        connection.close(True)


def _text(value: Any) -> Any:
    return value if value is None or isinstance(value, (str, bytes)) else str(value)
