"""The table `hostql_history`: what was asked at the prompt."""

from __future__ import annotations

from ..errors import TableUnavailable
from ..scan import Scan
from ..table import BIGINT, DOUBLE, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class HostqlHistory(Table):
    """Statements and commands that this user entered at the prompt; one row for each, across sessions."""

    id = Column(BIGINT, "Number, growing")
    time = Column(BIGINT, "When it was entered, in Unix seconds")
    statement = Column(TEXT, "The input as it was typed")
    seconds = Column(DOUBLE, "How long it took; NULL while it runs or where the session was killed")
    row_count = Column(BIGINT, "Rows it gave; NULL for a command")
    error = Column(TEXT, "What went wrong; '' when nothing did")
    session = Column(BIGINT, "Process id of the session")

    identity = ("id",)
    typical_rows = 1000
    examples = [
        "SELECT datetime(time, 'unixepoch') AS utc, statement FROM hostql_history ORDER BY id DESC LIMIT 5;",
        "SELECT statement, seconds FROM hostql_history WHERE error = '' ORDER BY seconds DESC LIMIT 5;",
    ]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        import apsw

        from ..sources.history import entries, history_path

        path = history_path()
        try:
            yield from entries(path)
        except apsw.Error as error:
            raise TableUnavailable(f"the history {path} cannot be read: {error}", "Move the file away.") from error
