"""What every table promises, checked for each on the live host: schema, types, look-ups, examples, documentation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hostql.tests.conftest import as_nobody
from hostql.vtables.catalog import Catalog
from hostql.vtables.database import Database
from hostql.vtables.errors import QueryError, TableUnavailable
from hostql.vtables.table import BIGINT, DOUBLE, INTEGER, TEXT, UNSIGNED_BIGINT, Table, quote

CATALOG = Catalog()
TABLES = [name for name in CATALOG if CATALOG.subject(name) != "meta_test"]
OSQUERY: dict[str, list[list[str]]] = json.loads((Path(__file__).parents[1] / "data/osquery_schema.json").read_text())
TYPES = {
    "text": TEXT,
    "integer": INTEGER,
    "bigint": BIGINT,
    "unsigned_bigint": UNSIGNED_BIGINT,
    "double": DOUBLE,
    "datetime": TEXT,
}
COLLATIONS = ("nocase", "version", "version_dpkg", "version_rhel")
PYTHON = {TEXT: str, INTEGER: int, BIGINT: int, UNSIGNED_BIGINT: int, DOUBLE: float}

# A full scan that needs a constraint is asked with this one.
ASK = {
    "file": "path LIKE '/etc/%'",
    "hash": "path LIKE '/etc/%'",
    "magic": "path IN ('/etc/passwd', '/bin/sh')",
    "extended_attributes": "path = '/etc/passwd'",
}
# Tables whose rows are of another moment at each scan, so that two scans cannot be compared.
MOVING = {"time", "uptime", "cpu_time", "load_average", "pressure", "memory_info", "osquery_info"}


@pytest.fixture(params=TABLES)
def table(request: pytest.FixtureRequest) -> type[Table]:
    return CATALOG.load(request.param)


def rows_of(database: Database, table: type[Table], where: str = "", limit: int = 2000) -> list[dict[str, Any]]:
    columns = ", ".join(quote(column.name) for column in table.columns)
    clause = f" WHERE {where or ASK.get(table.name)}" if where or table.name in ASK else ""
    try:
        result = database.execute(f"SELECT {columns} FROM {table.name}{clause} LIMIT {limit}")
        return [dict(zip(result.columns, row)) for row in result]
    except TableUnavailable as unavailable:
        pytest.skip(f"{unavailable.message} {unavailable.hint}")


def test_schema_is_osquerys(table: type[Table]) -> None:
    if table.name not in OSQUERY:
        pytest.skip(f"{table.name} is hostql's own")
    ours = [(column.name, column.type) for column in table.columns]
    theirs = [(name, TYPES[kind]) for name, kind, *_ in OSQUERY[table.name]]
    assert ours[: len(theirs)] == theirs
    for name, _, *flags in OSQUERY[table.name]:
        column = table.column(name)
        assert column.hidden == ("hidden" in flags), name
        assert [column.collate] == ([flag.upper() for flag in flags if flag in COLLATIONS] or [""]), name
        if "required" in flags or "index" in flags:
            assert column.key, f"{name} can be looked up in osquery"


def test_documentation(table: type[Table]) -> None:
    assert table.__doc__
    for column in table.columns:
        assert column.doc and column.doc[0] == column.doc.strip()[0], column
        assert not column.doc.endswith("."), column
    assert table.examples
    for name in table.identity:
        assert table.column(name)


def test_values_have_their_declared_type(db: Database, table: type[Table]) -> None:
    for row in rows_of(db, table):
        for column in table.columns:
            value = row[column.name]
            if value is not None:
                assert isinstance(value, PYTHON.get(column.type, bytes)), (column, value)


def test_examples_run(db: Database, table: type[Table]) -> None:
    for example in table.examples:
        try:
            list(db.execute(example))
        except TableUnavailable as unavailable:
            pytest.skip(f"{unavailable.message} {unavailable.hint}")


def test_required_constraint_is_explained(db: Database, table: type[Table]) -> None:
    if not table.required():
        pytest.skip("answers without a constraint")
    with pytest.raises(QueryError) as caught:
        list(db.execute(f"SELECT * FROM {table.name}"))
    assert all(name in caught.value.message for name in table.required())
    assert table.examples[0] in caught.value.hint


def keys(table: type[Table]) -> Iterator[str]:
    for column in table.columns:
        if column.key and not column.hidden:
            yield column.name


def test_look_ups_give_the_rows_of_a_full_scan(db: Database, table: type[Table]) -> None:
    """For each key column and some of its values: the rows found are the scan's, no more and no fewer."""
    if table.name in MOVING:
        pytest.skip("its values are of another moment at each scan")
    names = list(keys(table))
    if not names:
        pytest.skip("has no key")
    shown = table.identity or tuple(column.name for column in table.columns if not column.hidden)
    chosen = ", ".join(quote(name) for name in dict.fromkeys((*shown, *names)))
    where = f" WHERE {ASK[table.name]}" if table.name in ASK else ""
    compared = 0
    for name in names:
        for value in sample(db, table, name, where):
            # A column that only changes the answer does not do in place of a required one.
            given = f"{where} AND" if where and not table.column(name).required else " WHERE"
            found = f"SELECT {chosen} FROM {table.name}{given} {quote(name)} = ?"

            def scan(name: str = name, value: Any = value) -> list[str]:
                return sorted(map(repr, select(db, f"SELECT {chosen} FROM {table.name}{where}", name, value)))

            full = scan()
            for _ in range(8):
                looked_up = sorted(map(repr, db.execute(found, (value,))))
                if table.name in ASK:
                    looked_up = [row for row in looked_up if row in full]
                if looked_up == full:
                    compared += 1
                    break
                # The host may have changed; where it did not between two scans, they say what there is.
                before, full = full, scan()
                assert looked_up == full or before != full, (name, value, looked_up, full)
    if not compared:
        pytest.skip("no rows here")


def select(db: Database, sql: str, name: str, value: Any) -> list[tuple[Any, ...]]:
    """The rows of a full scan that have the value, chosen in Python so that nothing is pushed down."""
    result = db.execute(sql)
    position = result.columns.index(name)
    return [row for row in result if row[position] == value]


def sample(db: Database, table: type[Table], name: str, where: str) -> list[Any]:
    try:
        values = list(dict.fromkeys(row[0] for row in db.execute(f"SELECT {quote(name)} FROM {table.name}{where}")))
    except TableUnavailable as unavailable:
        pytest.skip(f"{unavailable.message} {unavailable.hint}")
    values = [value for value in values if value is not None]
    # Each costs a scan.
    return values[:: max(1, len(values) // 3)][: 1 if table.typical_rows >= 100_000 else 3]


def test_an_ordinary_user_gets_an_answer(table: type[Table]) -> None:
    """Nothing that may not be read raises: it is NULL or absent, with a note."""
    name, where = table.name, f" WHERE {ASK[table.name]}" if table.name in ASK else ""

    def answer() -> str:
        with Database() as database:
            try:
                for _ in database.execute(f"SELECT * FROM {name}{where} LIMIT 500"):
                    pass
            except TableUnavailable as unavailable:
                return unavailable.message
            return "rows"

    assert as_nobody(answer)
