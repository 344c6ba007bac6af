"""What the engine adds to a row: against the cheapest table that APSW allows, in one process; and memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import apsw

from ..vtables.database import Database
from ..vtables.scan import Scan
from ..vtables.table import INTEGER, TEXT, Column, Table
from .installed import hostql
from .measure import compare_calls, peak, verdict

ROWS = 100_000
PREPARED = [(i, "a text") for i in range(ROWS)]
MILLION = "with recursive n(i) as (select 1 union all select i + 1 from n limit {}) select i, 'a text' from n"


class Numbers(Table):
    """Rows that cost nothing to read."""

    number = Column(INTEGER, "A number")
    word = Column(TEXT, "A text")
    identity = ("number",)

    def rows(self, scan: Scan) -> Iterator[tuple[int, str]]:
        """The rows."""
        yield from PREPARED


class Cheapest:
    """The least an APSW table can do for the same rows: module, table and cursor in one."""

    def Connect(self, *_: Any) -> tuple[str, Any]:
        return "create table t (number INTEGER, word TEXT)", self

    def BestIndexObject(self, _info: Any) -> bool:
        return True

    def Open(self) -> Any:
        return Cheapest()

    def Filter(self, *_: Any) -> None:
        self._rows = iter(PREPARED)
        self._row = next(self._rows, None)

    def Eof(self) -> bool:
        return self._row is None

    def Next(self) -> None:
        self._row = next(self._rows, None)

    def Column(self, number: int) -> Any:
        row: Any = self._row
        return row[number]

    def Rowid(self) -> int:
        return 0

    def Close(self) -> None:
        pass

    Disconnect = Close


def main() -> None:
    """Print the figures."""
    bare: Any = apsw.Connection(":memory:")
    bare.create_module("t", Cheapest(), use_bestindex_object=True, eponymous_only=True, read_only=True)
    with Database() as database:
        database.add("t", Numbers)

        def ours() -> None:
            for _ in database.execute("select number, word from t"):
                pass

        def theirs() -> None:
            for _ in bare.execute("select number, word from t"):
                pass

        compare_calls(f"{ROWS} rows of a table / of the cheapest APSW table", ours, theirs, 2)
    for format in ("tsv", "csv", "json", "table"):
        many, few = (peak(hostql(f"--{format}", MILLION.format(count))) for count in (1_000_000, 5_000))
        title = f"memory of a million rows / of 5,000, --{format}"
        verdict(title, many / few, 1.1, f"{many / 1e6:.1f} / {few / 1e6:.1f} MB")
