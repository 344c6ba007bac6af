"""`Window`: some events of a table under the table's own name, so that any statement over it sees these alone."""

from __future__ import annotations

import re

from ..vtables.table import quote
from .attach import SCHEMA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..vtables.catalog import Catalog
    from ..vtables.database import Database


def named(sql: str, catalog: Catalog) -> list[str]:
    """The tables of events that a statement names, in its order."""
    names = {name for name in catalog if catalog.subject(name) == "events" and name.endswith("_events")}
    names.discard("osquery_events")
    return [word for word in dict.fromkeys(re.findall(r"\w+", sql.lower())) if word in names]


class Window:
    """A temporary view that SQLite finds before the table itself. The buffer is attached where it is not yet: raises
    TableUnavailable."""

    def __init__(self, database: Database, table: str) -> None:
        self._database = database
        self._name = quote(table)
        self._opened = False
        # Naming the table has it attached, or says why it cannot be.
        list(database.execute(f"SELECT 1 FROM {self._name} LIMIT 0"))

    def newest(self) -> int:
        """The number of the newest event; 0 for none."""
        found = self._execute(f"SELECT coalesce(max(eid), 0) FROM {SCHEMA}.{self._name}")
        return int(found[0][0])

    def oldest(self) -> int:
        """The number of the oldest event that is still there; 0 for none."""
        found = self._execute(f"SELECT coalesce(min(eid), 0) FROM {SCHEMA}.{self._name}")
        return int(found[0][0])

    def open(self, after: int, upto: int) -> None:
        """From now on the table's name means its events after one number and up to another."""
        self.close()
        self._execute(
            f"CREATE TEMP VIEW {self._name} AS SELECT * FROM {SCHEMA}.{self._name} "
            f"WHERE eid > {int(after)} AND eid <= {int(upto)}"
        )
        self._opened = True

    def close(self) -> None:
        """The name means the table again."""
        # Not IF EXISTS: where there is no view, SQLite would look for a virtual table of the name.
        if self._opened:
            self._opened = False
            self._execute(f"DROP VIEW temp.{self._name}")

    def _execute(self, sql: str) -> list[tuple[Any, ...]]:
        """Not a user's statement: the policy is not asked."""
        connection = self._database.connection
        authorizer, connection.authorizer = connection.authorizer, None
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.authorizer = authorizer
