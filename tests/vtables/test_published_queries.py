"""Queries that people have published for osquery run here as they stand: what they name is there, and answers.

tests/data/published_queries.json names where each is from: the packs that come with osquery, Palantir's
osquery-configuration, nais' osquery-naisdevice-sqls, and the osquery cookbook.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hostql.vtables.catalog import Catalog
from hostql.vtables.database import Database
from hostql.vtables.errors import TableUnavailable

QUERIES: list[dict[str, Any]] = json.loads((Path(__file__).parents[1] / "data/published_queries.json").read_text())
TABLES = frozenset(Catalog())


@pytest.mark.parametrize("published", QUERIES, ids=lambda published: f"{published['source']}: {published['name']}")
def test_runs_as_it_stands(db: Database, published: dict[str, Any]) -> None:
    missing = sorted(set(published["tables"]) - TABLES)
    if missing:
        pytest.skip(f"there is no table {', '.join(missing)}")
    try:
        for _ in db.execute(published["sql"]):
            pass
    except TableUnavailable as unavailable:
        pytest.skip(f"{unavailable.message} {unavailable.hint}")


def test_most_of_them_are_of_tables_there_are() -> None:
    covered = [published for published in QUERIES if set(published["tables"]) <= TABLES]
    assert len(QUERIES) == 148
    assert len(covered) >= 125
