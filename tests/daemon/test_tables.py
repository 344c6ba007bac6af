"""The agent's tables: their schema and documentation, and what they say where no agent has run."""

from __future__ import annotations

from pathlib import Path

import pytest
from hostql.daemon.catalog import catalog
from hostql.tests.conftest import as_nobody, notes
from hostql.tests.vtables.test_contract import OSQUERY, TYPES
from hostql.vtables.database import Database
from hostql.vtables.errors import TableUnavailable
from hostql.vtables.settings import Settings
from hostql.vtables.table import Table
from hostql.watchdog.denylist import Denylist

CATALOG = catalog()
TABLES = [name for name in CATALOG if CATALOG.subject(name) == "agent"]


@pytest.fixture(params=TABLES)
def table(request: pytest.FixtureRequest) -> type[Table]:
    return CATALOG.load(request.param)


def beside(state: Path) -> Database:
    """A database of a shell on a host whose agent keeps its state there."""
    return Database(catalog=catalog(), settings=Settings(state=str(state)))


def test_columns_are_osquerys_first(table: type[Table]) -> None:
    if table.name not in OSQUERY:
        pytest.skip(f"{table.name} is hostql's own")
    theirs = [(name, TYPES[kind]) for name, kind, *_ in OSQUERY[table.name]]
    assert [(column.name, column.type) for column in table.columns][: len(theirs)] == theirs


def test_documentation(table: type[Table], tmp_path: Path) -> None:
    assert table.__doc__ and table.examples
    for column in table.columns:
        assert column.doc and not column.doc.endswith("."), column
    with beside(tmp_path) as database:
        for example in table.examples:
            assert not list(database.execute(example))


def test_without_an_agent(table: type[Table], tmp_path: Path) -> None:
    with beside(tmp_path) as database:
        said = notes(database, f"SELECT * FROM {table.name}")
    assert [("no agent has run" in note) for note in said] == ([] if table.name == "hostql_denylist" else [True])


def test_a_state_of_another_user(table: type[Table], tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=0o700)

    def ask() -> str:
        with beside(state) as database:
            try:
                list(database.execute(f"SELECT * FROM {table.name}"))
            except TableUnavailable as unavailable:
                return str(unavailable.message)
        return ""

    assert "is for root to read" in as_nobody(ask)


def test_the_denylist_is_that_of_the_state(tmp_path: Path) -> None:
    Denylist(str(tmp_path / "denylist.json")).deny("a query", "", "as a test")
    with beside(tmp_path) as database:
        assert list(database.execute("SELECT query, reason FROM hostql_denylist")) == [("a query", "as a test")]
