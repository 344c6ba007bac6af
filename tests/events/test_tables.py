"""The event tables as they are declared: osquery's columns first, documentation, and what they say without a buffer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hostql.events.catalog import catalog
from hostql.events.table import CONTEXT, EventTable
from hostql.tests.vtables.test_contract import TYPES
from hostql.vtables.database import Database
from hostql.vtables.errors import TableUnavailable
from hostql.vtables.table import BIGINT, Table

CATALOG = catalog()
TABLES = [name for name in CATALOG if CATALOG.subject(name) == "events"]
OSQUERY = json.loads((Path(__file__).parents[1] / "data/osquery_schema.json").read_text())
# osquery numbers events in text; a number is what a cursor compares.
OWN_TYPES = {"eid": BIGINT}


@pytest.fixture(params=TABLES)
def table(request: pytest.FixtureRequest) -> type[Table]:
    return CATALOG.load(request.param)


def test_columns_are_osquerys_first(table: type[Table]) -> None:
    if table.name not in OSQUERY:
        pytest.skip(f"{table.name} is hostql's own")
    ours = [(column.name, column.type) for column in table.columns]
    theirs = [(name, OWN_TYPES.get(name, TYPES[kind])) for name, kind, *_ in OSQUERY[table.name]]
    assert ours[: len(theirs)] == theirs


def test_documentation(table: type[Table]) -> None:
    assert table.__doc__ and table.examples
    for column in table.columns:
        assert column.doc and not column.doc.endswith("."), column


def test_who_did_it_is_told_where_a_process_is_named(table: type[Table]) -> None:
    if not issubclass(table, EventTable):
        pytest.skip(f"{table.name} holds no events")
    names = [column.name for column in table.columns]
    assert {"eid", "time", "publisher"} <= set(names)
    assert table.event_class and table.publishers
    if "pid" in names and table.event_class not in ("security",):
        assert set(CONTEXT) <= set(names)


def test_without_a_buffer_it_says_what_would_help(table: type[Table]) -> None:
    with Database(catalog=catalog()) as database, pytest.raises(TableUnavailable, match="nothing is collecting"):
        list(database.execute(f"SELECT * FROM {table.name}"))
