"""Tables over SQLite files of the host (`auto_table_construction`): browsers' histories, package managers' databases.

A file is read as it is on the disk: opened read-only and immutable, so that no journal is rolled back and no lock is
waited for. What its log holds alone is not seen; a note says so.
"""

from __future__ import annotations

import os

import apsw

from ..vtables.errors import HostqlError
from ..vtables.policy import READ_ONLY
from ..vtables.sources.locked import held
from ..vtables.sources.osquery_patterns import expand_as_osquery
from ..vtables.sources.sqlite_files import Connection, connect
from ..vtables.sources.sqlite_text import decoder, rows_as_bytes
from ..vtables.sources.text import from_os
from ..vtables.table import TEXT, Column, Table

# SQLite looks whether the statement was stopped after this many of its instructions.
STEPS = 20_000

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


def problems(table: DatabaseTable) -> Iterator[str]:
    """In words what is wrong with a table's query and columns, tried on the first of its files; where there is none,
    on an empty database, which knows what is no query and what is forbidden."""
    import glob

    if len({name.lower() for name in table.columns}) < len(table.columns):
        yield "two of its columns have the same name"
    pattern = table.path.replace("%%", "**").replace("%", "*")
    file = next((name for name in glob.iglob(pattern) if os.path.isfile(name)), None)
    denied: list[tuple[str, str]] = []
    try:
        connection = _opened(file) if file else connect(":memory:")
    except (apsw.Error, OSError):
        # Its rows will say so.
        return
    try:
        connection.authorizer = READ_ONLY.authorizer(denied.append)
        names = _columns(connection, table.query)
        missing = [name for name in table.columns if name != "path" and name not in names]
        if missing:
            yield f"its query gives no column {missing[0]}"
    except apsw.Error as error:
        if denied or file or not str(error).startswith("no such "):
            yield f"its query cannot run: {denied[0][0] if denied else error}"
    finally:
        connection.close(True)


def _columns(connection: Connection, query: str) -> list[str]:
    """The names of a query's columns, without running it."""
    cursor = connection.cursor()
    found: list[str] = []

    def described(cursor: apsw.Cursor, _sql: str, _bindings: Any) -> bool:
        found.extend(column[0] for column in cursor.get_description())
        return False

    cursor.exec_trace = described
    try:
        cursor.execute(query)
    except apsw.ExecTraceAbort:
        pass
    return found


def _made(about: DatabaseTable) -> type[Table]:
    columns = [name for name in about.columns if name != "path"]

    def rows(self: Table, scan: Scan) -> Iterator[tuple[Any, ...]]:
        wanted = scan.equals("path")
        for file in expand_as_osquery(scan, about.path):
            if not file.endswith("/") and (wanted is None or from_os(file) in wanted):
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
    shown = from_os(file)
    try:
        connection = _opened(file)
    except (apsw.Error, OSError) as error:
        scan.note(f"{shown} cannot be read: {getattr(error, 'strerror', None) or error}")
        return
    denied: list[tuple[str, str]] = []
    try:
        # An interrupt of the statement reaches the connection that runs it, not this one.
        connection.set_progress_handler(scan.stopped, STEPS)
        if os.path.exists(file + "-wal") and os.path.getsize(file + "-wal"):
            scan.note(f"what is only in {shown}-wal is not seen")
        decode = decoder(str(connection.pragma("encoding")))
        connection.authorizer = READ_ONLY.authorizer(denied.append)
        names, rows = _run(connection, query)
        places = [names.index(name) if name in names else None for name in columns]
        for row in map(decode, rows):
            scan.check()
            yield (*(None if place is None else _text(row[place]) for place in places), shown)
    except (apsw.Error, OSError, ValueError) as error:
        scan.note(f"{shown} cannot be read: {denied[0][0] if denied else error}")
    finally:
        connection.close(True)


def _run(connection: Connection, query: str) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
    """The columns' names, and the rows as `as_bytes` has them."""
    names: list[str] = []

    def prepared(cursor: apsw.Cursor, _sql: str, _bindings: Any) -> bool:
        names.extend(column[0] for column in cursor.get_description())
        return False

    cursor = connection.cursor()
    cursor.exec_trace = prepared
    try:
        cursor.execute(query)
    except apsw.ExecTraceAbort:
        pass
    if not names:
        raise ValueError("the query gives no columns")
    try:
        return names, connection.execute(rows_as_bytes(query, len(names)))
    except apsw.SQLError:
        # A pragma, which is no part of another statement.
        return names, (tuple([each for value in row for each in (value, 0)]) for row in connection.execute(query))


def _opened(file: str) -> Connection:
    """The file as it lies there: no journal is rolled back, no lock waited for. One that this process has open is
    opened with locks, for SQLite counts those it takes, and not those it leaves out."""
    how = "mode=ro" if held(os.stat(file)) else "mode=ro&immutable=1"
    connection = connect(file, apsw.SQLITE_OPEN_READONLY, how)
    connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    return connection


def _text(value: Any) -> Any:
    return value if value is None or isinstance(value, (str, bytes)) else str(value)
