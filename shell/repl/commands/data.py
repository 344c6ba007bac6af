"""Commands that bring data in and out: .attach .detach .import .export .connect"""

from __future__ import annotations

import os
import re

from ....vtables.errors import HostqlError
from ....vtables.table import quote
from ..display import counted
from .queries import last_result, one_word, split_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..session import Session


def attach(session: Session, argument: str) -> None:
    """Join an SQLite file's tables to the live ones, or list what is attached."""
    words = [word for word in split_words(argument) if word.lower() != "as"]
    if not words:
        session.rows(("name", "file"), _attached(session) or [("main", "the live host")])
        return
    if len(words) > 2:
        raise HostqlError(".attach takes a file and a name for it", "For example: .attach baseline.db old")
    path = os.path.expanduser(words[0])
    name = words[1] if len(words) == 2 else _name_for(path)
    if not os.path.isfile(path):
        raise HostqlError(f"cannot attach {path}: there is no such file")
    session.run(f"ATTACH {_text(path)} AS {quote(name)}")
    tables = [
        row[0]
        for row in session.database.connection.execute(
            f"SELECT name FROM {quote(name)}.sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'"
        )
    ]
    session.write(f"{name}: {', '.join(tables) or 'no tables'}")
    for table in tables:
        if table.lower() in session.database.catalog:
            session.note(f"{table} alone is now {name}.{table}; the live table is main.{table}")


def detach(session: Session, argument: str) -> None:
    """Let an attached database go."""
    name = one_word(argument, ".detach takes the name of an attached database")
    if name not in [row[0] for row in _attached(session)]:
        raise HostqlError(f"no attached database {name}", ".attach lists them.")
    session.run(f"DETACH {quote(name)}")


def import_(session: Session, argument: str) -> None:
    """Read a file into a temporary table."""
    from ..transfer import read_rows

    words = split_words(argument)
    if not 1 <= len(words) <= 2:
        raise HostqlError(".import takes a file and a name for the table", "For example: .import hosts.csv known")
    path = os.path.expanduser(words[0])
    name = words[1] if len(words) == 2 else _name_for(path)
    if name.lower() in session.database.catalog:
        raise HostqlError(f"{name} is a live table", f"Give another name: .import {words[0]} my_{name}")
    columns, rows = read_rows(path)
    connection = session.database.connection
    declared = ", ".join(quote(column) for column in columns)
    places = ", ".join("?" * len(columns))
    session.run(f"CREATE TEMP TABLE {quote(name)} ({declared})")
    count = 0
    try:
        with connection:
            for row in rows:
                connection.execute(f"INSERT INTO temp.{quote(name)} VALUES ({places})", row)
                count += 1
    except BaseException:
        session.run(f"DROP TABLE temp.{quote(name)}")
        raise
    session.write(f"{counted(count)} into the temporary table {name} ({', '.join(columns)})")


def export(session: Session, argument: str) -> None:
    """Write the last result, or a query's, to a file."""
    from ..transfer import write_rows

    words = argument.split(None, 1)
    if not words:
        raise HostqlError(".export takes a file", "For example: .export ports.csv SELECT * FROM listening_ports")
    path = os.path.expanduser(words[0])
    if len(words) == 1:
        last = last_result(session)
        if last.complete:
            write_rows(path, last.columns, last.rows)
            session.write(f"{counted(last.count)} to {path}")
            return
        sql = last.sql
    else:
        sql = words[1]
    session.export(sql, path)


def connect(session: Session, argument: str) -> None:
    """osqueryi's command to talk to an agent; there is none between hostql and the host."""
    session.write("hostql reads the host itself; .attach joins a database file")


def _attached(session: Session) -> list[tuple[str, str]]:
    listed = session.database.connection.execute("SELECT name, file FROM pragma_database_list")
    return [(name, file or "") for name, file in listed if name not in ("main", "temp")]


def _name_for(path: str) -> str:
    name = re.sub(r"\W+", "_", os.path.basename(path).split(".", 1)[0]).strip("_")
    return name if name and not name[0].isdigit() else f"t_{name}"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
