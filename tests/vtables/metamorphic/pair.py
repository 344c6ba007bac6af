"""The same rows twice: behind tables of hostql's, and in plain SQLite tables that are declared alike."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apsw
from hostql.vtables import snapshot
from hostql.vtables.constraints import OtherAffinity
from hostql.vtables.database import Database
from hostql.vtables.errors import QueryError
from hostql.vtables.sources.host import Host
from hostql.vtables.table import Column, quote

from . import root
from .tables import TABLES

# Rows that a scan keeps before it asks whether it has to go on.
THRESHOLDS = (1, 2, 3, 7)
REAL = ("users", "groups", "etc_hosts", "processes", "file")
FILE = f"directory IN {root.FOLDERS}"
# What a scan of the table needs to give all its rows.
NEEDS = {
    "file": FILE,
    "places": "place IN ('/a', '/b', '5', '1.0e+20', '/é')",
    "modes": "mode IN (0, 1, 2)",
}
# Columns that are of the moment, or of this machine.
MOVING = frozenset(["atime", "ctime", "btime", "inode", "device", "block_size"])

Rows = list[tuple[Any, ...]]


class Pair:
    """hostql over a frozen folder with the tables of `tables.py` added, and plain SQLite.

    columns  those that statements use, by table
    """

    def __init__(self, folder: Path) -> None:
        root.make(folder)
        self.hostql = Database(host=Host(str(folder)))
        self.plain = apsw.Connection(":memory:")
        self.columns: dict[str, list[Column]] = {}
        for name, table in TABLES.items():
            self.hostql.add(name, table)
            self._plain(name, list(table.columns), table.frozen)
        for name in REAL:
            columns = [c for c in self.hostql.catalog.load(name).columns if not c.hidden and c.name not in MOVING]
            where = f" WHERE {NEEDS[name]}" if name in NEEDS else ""
            chosen = ", ".join(quote(column.name) for column in columns)
            rows = list(self.hostql.execute(f"SELECT {chosen} FROM {name}{where}"))
            assert len(rows) > 3, name
            self._plain(name, columns, rows)

    def _plain(self, name: str, columns: list[Column], rows: Sequence[tuple[Any, ...]]) -> None:
        self.columns[name] = columns
        declared = ", ".join(
            f"{quote(c.name)} {'BIGINT' if c.type.startswith('UNSIGNED') else c.type}"
            + (f" COLLATE {c.collate}" if c.collate == "NOCASE" else "")
            for c in columns
        )
        self.plain.execute(f"CREATE TABLE {quote(name)} ({declared})")
        self.plain.executemany(f"INSERT INTO {quote(name)} VALUES ({', '.join('?' * len(columns))})", rows)

    def close(self) -> None:
        """Close both."""
        self.hostql.close()
        self.plain.close()

    def ours(self, sql: str, params: Sequence[Any] = (), threshold: int = 1) -> Rows:
        """What hostql answers when it keeps no more rows than the threshold, unless it has to."""
        before, snapshot.MAX_BUFFERED_ROWS = snapshot.MAX_BUFFERED_ROWS, threshold
        try:
            return list(self.hostql.execute(sql, tuple(params)))
        finally:
            snapshot.MAX_BUFFERED_ROWS = before

    def answer(self, sql: str, threshold: int = 1) -> Rows | None:
        """What hostql answers; None where it refuses, having given rows before it met a value of another type."""
        try:
            return self.ours(sql, (), threshold)
        except OtherAffinity:
            return None

    def theirs(self, sql: str, params: Sequence[Any] = ()) -> Rows:
        """What plain SQLite answers."""
        return list(self.plain.execute(sql, tuple(params)))

    def check(
        self,
        sql: str,
        params: Sequence[Any] = (),
        thresholds: Sequence[int] = THRESHOLDS,
        refusable: bool = False,
    ) -> None:
        """hostql and plain SQLite give the same rows, in whatever order; or both an error.

        refusable  hostql may say that it met a value of another type too late to plan the statement anew
        """
        try:
            right = same(self.theirs(sql, params))
        except apsw.Error as error:
            right = str(error)
        for threshold in thresholds:
            try:
                found = same(self.ours(sql, params, threshold))
            except QueryError as error:
                if refusable and isinstance(error, OtherAffinity):
                    continue
                assert isinstance(right, str), f"{error}\nkeeping {threshold} rows: {sql}\n{params}"
                continue
            assert found == right, f"keeping {threshold} rows: {sql}\n{params}"


def same(rows: Rows) -> list[Any]:
    """Rows in an order of their own, as they can be compared: without the case of letters, which DISTINCT and GROUP BY
    take from any row where the column ignores case, and without the type of a number."""
    return sorted((tuple([_same(value) for value in row]) for row in rows), key=repr)


def _same(value: Any) -> Any:
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    return re.sub("[A-Z]", lambda found: found[0].lower(), value) if isinstance(value, str) else value
