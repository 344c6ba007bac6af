"""`Window`: some events of a table under the table's own name, so that any statement over it sees these alone."""

from __future__ import annotations

import re

from ..vtables.errors import QueryError
from ..vtables.script import bare
from ..vtables.table import quote
from .attach import SCHEMA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..vtables.catalog import Catalog
    from ..vtables.database import Database, Params


def event_tables(catalog: Catalog) -> Iterator[str]:
    """The tables whose rows are events, that come once and never change."""
    for name in catalog:
        if catalog.subject(name) == "events" and name.endswith("_events") and name != "osquery_events":
            yield name


def tables_read(database: Database, sql: str, params: Params = ()) -> list[str]:
    """The tables of events that statements read: first those that their text names, in its order, then those that views
    name. Raises HostqlError for what cannot be prepared."""
    names = set(event_tables(database.catalog))
    read = {table for table, _, schema, _ in database.reads(sql, params) if schema in ("", "main", SCHEMA)} & names
    if len(read) < 2:
        return sorted(read)
    words = [word for word in dict.fromkeys(re.findall(r"\w+", bare(sql).lower())) if word in read]
    return words + sorted(read.difference(words))


class Window:
    """A temporary view that SQLite finds before the table itself. The buffer is attached where it is not yet: raises
    TableUnavailable.

    table  the table of events
    """

    def __init__(self, database: Database, table: str) -> None:
        self.table = table
        self._database = database
        self._name = quote(table)
        # Naming the table has it attached, or says why it cannot be.
        list(database.execute(f"SELECT 1 FROM {self._name} LIMIT 0"))

    @classmethod
    def over(cls, database: Database, sql: str, params: Params = ()) -> Window | None:
        """The window over the first event table that statements read; None where they read none. Raises HostqlError."""
        for table in tables_read(database, sql, params):
            window = cls(database, table)
            window.open(0, 0)
            try:
                reads = database.reads(sql, params)
            finally:
                window.close()
            read = [(view, column) for name, column, schema, view in reads if (name, schema) == (table, SCHEMA)]
            seen = any(view == table for view, _ in read)
            if any(view != table and (column or not seen) for view, column in read):
                raise QueryError(
                    f"{SCHEMA}.{table} is all events there are, not those that are new",
                    f"Name the table without its schema: {table}.",
                )
            # Not where a common table expression has the name.
            if seen:
                return window
        return None

    def newest(self) -> int:
        """The number of the newest event; 0 for none."""
        return int(self._database.own(f"SELECT coalesce(max(eid), 0) FROM {SCHEMA}.{self._name}")[0][0])

    def oldest(self) -> int:
        """The number of the oldest event that is still there; 0 for none."""
        return int(self._database.own(f"SELECT coalesce(min(eid), 0) FROM {SCHEMA}.{self._name}")[0][0])

    def open(self, after: int, upto: int) -> None:
        """From now on the table's name means its events after one number and up to another."""
        events = f"SELECT * FROM {SCHEMA}.{self._name} WHERE eid > {int(after)} AND eid <= {int(upto)}"
        self._database.make_view(self.table, events)

    def close(self) -> None:
        """The name means the table again."""
        self._database.drop_view(self.table)
