"""Running the watched query once: its rows, what tells them apart, and the units of its numbers."""

from __future__ import annotations

import time

from ....vtables.database import split
from ....vtables.errors import HostqlError
from ..quantity import unit_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ....vtables.catalog import Catalog
    from ....vtables.database import Params, Result
    from ...runner import Runner

# Rows that are held and compared; more are no watching matter.
MOST_ROWS = 10_000


class Answer:
    """The rows of one run.

    identity  positions of the columns that together identify a row of the tables, () when the result lacks some
    hints     positions of columns that belong to an identity
    units     the unit of each column, '' for none
    """

    __slots__ = ("columns", "hints", "identity", "notes", "rows", "seconds", "units")

    def __init__(self, result: Result, catalog: Catalog) -> None:
        self.columns = result.columns
        origins = result.origins
        self.identity, self.hints = identity(origins, catalog)
        docs = documentation(origins, catalog) or [""] * len(result.columns)
        self.units = [unit_of(name, doc) for name, doc in zip(result.columns, docs)]
        self.rows: list[tuple[Any, ...]] = []
        self.notes: list[str] = []
        self.seconds = 0.0


class Query:
    """One statement, run as often as wanted on the session's database, under its limits."""

    def __init__(self, runner: Runner, sql: str, params: Params) -> None:
        if len(split(sql)) != 1:
            raise HostqlError("one statement is watched at a time")
        self._runner = runner
        self.sql = sql
        self._params = params

    def run(self) -> Answer:
        """Run it. Raises HostqlError, KeyboardInterrupt."""
        answers: list[Answer] = []

        def take(result: Result, rows: Iterator[tuple[Any, ...]]) -> None:
            answer = Answer(result, self._runner.database.catalog)
            answers.append(answer)
            for row in rows:
                if len(answer.rows) == MOST_ROWS:
                    answer.notes.append(f"only the first {MOST_ROWS:,} rows are watched")
                    break
                answer.rows.append(row)
            answer.notes += result.notes

        started = time.monotonic()
        self._runner.run(self.sql, self._params, take)
        answer = answers[0]
        if not answer.columns:
            raise HostqlError("the statement gives no rows to watch")
        answer.seconds = time.monotonic() - started
        return answer

    def cancel(self) -> None:
        """Stop a run from another thread."""
        self._runner.database.cancel()


def identity(origins: list[tuple[str, str]], catalog: Catalog) -> tuple[list[int], list[int]]:
    """Positions that identify a row, when each table of the result has its identity there; positions of its parts."""
    tables = {table for table, _ in origins if table in catalog}
    hints, complete = [], bool(tables)
    for name in sorted(tables):
        table = catalog.load(name)
        keys = table.identity or tuple(column.name for column in table.columns if column.key and not column.hidden)
        places = [i for i, origin in enumerate(origins) if origin[0] == name and origin[1] in keys]
        present = {origins[i][1] for i in places}
        hints += places
        complete = complete and bool(table.identity) and present.issuperset(table.identity)
    hints.sort()
    return (hints, hints) if complete else ([], hints)


def documentation(origins: list[tuple[str, str]], catalog: Catalog) -> list[str]:
    """What the tables say of each result column; '' for what is no column of theirs."""
    return [_doc(table, column, catalog) for table, column in origins]


def _doc(table: str, column: str, catalog: Catalog) -> str:
    try:
        return catalog.load(table).column(column).doc if table in catalog else ""
    except KeyError:
        return ""
