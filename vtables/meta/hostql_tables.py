"""The table `hostql_tables`: the tables there are."""

from __future__ import annotations

from ..scan import Scan
from ..table import INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class HostqlTables(Table):
    """The tables of this database; one row for each."""

    table_name = Column(TEXT, "Name of the table", key=True)
    subject_name = Column(TEXT, "Subject it belongs to; the package's name for a table from another package")
    description = Column(TEXT, "What a row of it is, in one line")
    column_count = Column(INTEGER, "Number of its columns, hidden ones too")
    required_columns = Column(TEXT, "Columns one of which a query must constrain, separated by commas; '' for none")
    example = Column(TEXT, "A statement that shows it")

    identity = ("table_name",)
    typical_rows = 80
    examples = ["SELECT table_name, description FROM hostql_tables WHERE subject_name = 'system';"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        asked = scan.equals("table_name")
        names = [name for name in scan.catalog if asked is None or name in asked]
        for table in scan.catalog.loadable(names, scan.note):
            first_line = (table.__doc__ or "").strip().split("\n", 1)[0]
            example = table.examples[0] if table.examples else ""
            required = ",".join(table.required())
            yield table.name, table.subject, first_line, len(table.columns), required, example
