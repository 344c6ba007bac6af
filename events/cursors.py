"""`Cursor`: where a consumer of an event table stands, so that it sees every event once, also after a restart."""

from __future__ import annotations

import apsw

from ..vtables.table import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS cursors "
    "(consumer TEXT, event_table TEXT, eid INTEGER, PRIMARY KEY (consumer, event_table))"
)


class Cursor:
    """A consumer's place in one event table, kept beside the events.

    missed  events that expired before this consumer read them
    """

    def __init__(self, connection: apsw.Connection, consumer: str, table: str) -> None:
        self._connection = connection
        self._consumer = consumer
        self._table = table
        self.missed = 0
        # The last event that is known to be missed or read.
        self._counted = 0
        connection.execute(_SCHEMA).fetchall()
        found = connection.execute(
            "SELECT eid FROM cursors WHERE consumer = ? AND event_table = ?", (consumer, table)
        ).fetchall()
        self.eid = int(found[0][0] or 0) if found else 0
        self.new = not found

    def read(self, limit: int) -> list[tuple[Any, ...]]:
        """The next events, the oldest first; they come again until `advance` says they were handled."""
        name = quote(self._table)
        rows = self._connection.execute(
            f"SELECT * FROM {name} WHERE eid > ? ORDER BY eid LIMIT ?", (self.eid, limit)
        ).fetchall()
        if rows and not self.new:
            first: Any = self._connection.execute(f"SELECT min(eid) FROM {name}").fetchall()[0][0]
            known = max(self.eid, self._counted)
            if first - 1 > known:
                self.missed += first - 1 - known
                self._counted = first - 1
        return rows

    def advance(self, eid: int) -> None:
        """All events up to this number were handled."""
        self.eid, self.new = eid, False
        self._connection.execute(
            "INSERT INTO cursors VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET eid = excluded.eid",
            (self._consumer, self._table, eid),
        ).fetchall()
