"""The table `osquery_registry`: what this program is made of, under the name that osquery's queries know."""

from __future__ import annotations

from ..scan import Scan
from ..table import INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class OsqueryRegistry(Table):
    """The tables, as the plugins that osquery would list."""

    registry = Column(TEXT, "Kind of plugin: table")
    name = Column(TEXT, "Name of the table")
    owner_uuid = Column(INTEGER, "Always 0: part of the program")
    internal = Column(INTEGER, "Always 0")
    active = Column(INTEGER, "Always 1")

    typical_rows = 80
    examples = ["SELECT name FROM osquery_registry WHERE registry = 'table' LIMIT 5;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        for name in scan.catalog:
            yield "table", name, 0, 0, 1
