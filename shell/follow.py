"""Following an event table: a statement over it is asked again for the events that are new, as they come.

The table is put behind a temporary view of its own name that shows only the new events, so any statement works: a
condition, a join with live tables, an aggregate over each batch.
"""

from __future__ import annotations

import time

from ..events.window import named
from ..vtables.errors import HostqlError
from ..vtables.table import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..vtables.database import Database

# Seconds between looking whether the buffer has changed; that costs one read of shared memory.
INTERVAL = 0.1
_WINDOW = "hostql_new_events"


class Follower:
    """Runs a statement over the new events of the one event table that it names. Raises HostqlError."""

    def __init__(self, database: Database, sql: str) -> None:
        self.database = database
        self.sql = sql
        self.table = event_table(database, sql)
        # Naming the table has it attached, or says why it cannot be.
        list(database.execute(f"SELECT 1 FROM {self.table} LIMIT 0"))
        self._connection = database.connection
        self._seen = self._newest()
        self._version = -1

    def follow(self, run: Callable[[str], None], stopped: Callable[[], bool] = lambda: False) -> None:
        """Call `run` with the statement whenever there are new events, until KeyboardInterrupt or `stopped`."""
        name, connection = quote(self.table), self._connection
        connection.execute(f"CREATE TEMP TABLE {_WINDOW} (low, high)")
        connection.execute(f"INSERT INTO {_WINDOW} VALUES (0, 0)")
        connection.execute(
            f"CREATE TEMP VIEW {name} AS SELECT * FROM events.{name} WHERE eid > (SELECT low FROM {_WINDOW}) "
            f"AND eid <= (SELECT high FROM {_WINDOW})"
        )
        try:
            while not stopped():
                self._step(run)
                time.sleep(INTERVAL)
        finally:
            connection.execute(f"DROP VIEW temp.{name}")
            connection.execute(f"DROP TABLE temp.{_WINDOW}")

    def _step(self, run: Callable[[str], None]) -> None:
        version = self._connection.execute("PRAGMA events.data_version").fetchall()[0][0]
        if version == self._version:
            return
        self._version = version  # type: ignore[assignment]
        newest = self._newest()
        if newest > self._seen:
            self._connection.execute(f"UPDATE {_WINDOW} SET low = ?, high = ?", (self._seen, newest))
            self._seen = newest
            run(self.sql)

    def _newest(self) -> int:
        found = self._connection.execute(f"SELECT coalesce(max(eid), 0) FROM events.{quote(self.table)}").fetchall()
        return int(found[0][0])  # type: ignore[arg-type]


def event_table(database: Database, sql: str) -> str:
    """The one event table that a statement names. HostqlError for none or several."""
    catalog = database.catalog
    names: list[str] = [name for name in catalog if catalog.subject(name) == "events" and name.endswith("_events")]
    found = named(sql, catalog)
    if len(found) == 1:
        return found[0]
    several = f"it names {', '.join(found)}" if found else "it names none"
    raise HostqlError(f"one event table can be followed; {several}", f"There are: {', '.join(names)}.")
