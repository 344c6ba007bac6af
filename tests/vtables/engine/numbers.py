"""A table whose reads are counted: what the engine's tests look at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hostql.vtables.scan import Scan
from hostql.vtables.table import INTEGER, TEXT, Column, Table


class Row:
    """One number; `square` is read late, and counted."""

    __slots__ = ("id", "table")

    def __init__(self, id: int, table: type[Numbers]) -> None:
        self.id = id
        self.table = table

    @property
    def name(self) -> str:
        return f"n{self.id}"

    @property
    def parity(self) -> int:
        return self.id % 2

    @property
    def square(self) -> int:
        self.table.late += 1
        return self.id * self.id


class Numbers(Table):
    """The numbers below `size`."""

    id = Column(INTEGER, "The number", key=True)
    name = Column(TEXT, "Its name")
    parity = Column(INTEGER, "0 or 1")
    square = Column(INTEGER, "Its square")

    identity = ("id",)
    typical_rows = 100
    examples = ["SELECT id FROM numbers"]

    size = 100
    scans = 0
    read = 0
    late = 0

    def rows(self, scan: Scan) -> Iterator[Any]:
        kind = type(self)
        kind.scans += 1
        asked = scan.equals("id")
        for id in range(kind.size) if asked is None else sorted(asked):
            scan.check()
            if isinstance(id, int) and 0 <= id < kind.size:
                kind.read += 1
                yield Row(id, kind)
