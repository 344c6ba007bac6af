"""Following an event table: a statement over it is asked again for the events that are new, as they come.

The table is put behind a temporary view of its own name that shows only the new events, so any statement works: a
condition, a join with live tables, an aggregate over each batch.
"""

from __future__ import annotations

import time

from ..events.attach import SCHEMA
from ..events.window import Window, event_tables, tables_read
from ..vtables.errors import HostqlError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..vtables.database import Database, Params

# Seconds between looking whether the buffer has changed; that costs one read of shared memory.
INTERVAL = 0.1


class Follower:
    """Runs a statement over the new events of the one event table that it reads. Raises HostqlError."""

    def __init__(self, database: Database, sql: str, params: Params = ()) -> None:
        self.sql = sql
        self._database = database
        self._window = _window(database, sql, params)
        self.table = self._window.table
        self._seen = self._window.newest()
        self._version = -1

    def follow(self, run: Callable[[str], None], stopped: Callable[[], bool] = lambda: False) -> None:
        """Call `run` with the statement whenever there are new events, until KeyboardInterrupt or `stopped`."""
        try:
            while not stopped():
                self._step(run)
                time.sleep(INTERVAL)
        finally:
            self._window.close()

    def _step(self, run: Callable[[str], None]) -> None:
        version = self._database.own(f"PRAGMA {SCHEMA}.data_version")[0][0]
        if version == self._version:
            return
        self._version = version
        newest = self._window.newest()
        if newest > self._seen:
            self._window.open(self._seen, newest)
            self._seen = newest
            run(self.sql)


def _window(database: Database, sql: str, params: Params) -> Window:
    """The window over the one event table that a statement reads. HostqlError for none or several."""
    found = tables_read(database, sql, params)
    window = Window.over(database, sql, params) if len(found) == 1 else None
    if window is not None:
        return window
    several = f"it reads {', '.join(found)}" if len(found) > 1 else "it reads none"
    there = ", ".join(event_tables(database.catalog))
    raise HostqlError(f"one event table can be followed; {several}", f"There are: {there}.")
