"""The table `hostql_columns`: the columns of every table."""

from __future__ import annotations

from ..scan import Scan
from ..table import INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class HostqlColumns(Table):
    """The columns of the tables of this database; one row for each."""

    table_name = Column(TEXT, "Name of the table", key=True)
    position = Column(INTEGER, "Place of the column in the table, from 0")
    column_name = Column(TEXT, "Name of the column")
    type = Column(TEXT, "Declared type")
    description = Column(TEXT, "What a value is, with its unit")
    is_key = Column(INTEGER, "1 if rows are looked up by = and IN on it, instead of scanning")
    is_required = Column(INTEGER, "1 if it must be constrained (one of a table's required columns is enough)")
    is_pattern = Column(INTEGER, "1 if LIKE and GLOB on it narrow what is read")
    is_hidden = Column(INTEGER, "1 if SELECT * leaves it out")

    identity = ("table_name", "position")
    typical_rows = 1000
    examples = ["SELECT column_name, type, description FROM hostql_columns WHERE table_name = 'time';"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        asked = scan.equals("table_name")
        names = [name for name in scan.catalog if asked is None or name in asked]
        for table in scan.catalog.loadable(names, scan.note):
            for place, column in enumerate(table.columns):
                flags = (column.key, column.required, column.like, column.hidden)
                yield (table.name, place, column.name, column.type, column.doc, *(int(flag) for flag in flags))
