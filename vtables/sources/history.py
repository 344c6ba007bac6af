"""The statements that were asked at the prompt: a private SQLite file in the user's state folder."""

from __future__ import annotations

import os
import time

import apsw

from ..files.private import make_private
from .sqlite_files import connect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    Row = tuple[int, int, str, float | None, int | None, str, int]

# Seconds to wait for another session that is writing.
_BUSY_MS = 2000
_SCHEMA = """
CREATE TABLE IF NOT EXISTS statements (
    id INTEGER PRIMARY KEY, time INTEGER NOT NULL, statement TEXT NOT NULL,
    seconds REAL, row_count INTEGER, error TEXT, session INTEGER NOT NULL)
"""


def history_path() -> str:
    """The file, by the XDG base directories: `$XDG_STATE_HOME/hostql/history.db` (~/.local/state)."""
    state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return os.path.join(state, "hostql", "history.db")


class History:
    """Writes one session's statements. Raises OSError or apsw.Error where the file cannot be used.

    session  the process id of the session, which tells sessions of one time apart.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        make_private(path)
        self._connection = connect(path)
        self._connection.set_busy_timeout(_BUSY_MS)
        for statement in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL", _SCHEMA):
            self._connection.execute(statement).fetchall()

    def begin(self, statement: str) -> int:
        """Note a statement before it runs; returns its id."""
        self._connection.execute(
            "INSERT INTO statements (time, statement, session) VALUES (?, ?, ?)",
            (int(time.time()), statement.encode("utf-8", "replace").decode(), os.getpid()),
        )
        return self._connection.last_insert_rowid()

    def end(self, id: int, seconds: float, rows: int | None, error: str) -> None:
        """Add how it went."""
        self._connection.execute(
            "UPDATE statements SET seconds = ?, row_count = ?, error = ? WHERE id = ?", (seconds, rows, error, id)
        )

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close(True)


def entries(path: str, newest_first: bool = False) -> Iterator[Row]:
    """What is kept: (id, Unix seconds, statement, seconds taken, rows, error or '', session); empty without a file.

    Opens the file anew, for reading alone, so that any thread may call it. Raises apsw.Error for a damaged file.
    """
    if not os.path.isfile(path):
        return
    connection = connect(path, apsw.SQLITE_OPEN_READONLY)
    connection.set_busy_timeout(_BUSY_MS)
    try:
        yield from connection.execute(
            "SELECT id, time, statement, seconds, row_count, coalesce(error, ''), session FROM statements "
            f"ORDER BY id {'DESC' if newest_first else 'ASC'}"
        )
    finally:
        connection.close(True)
