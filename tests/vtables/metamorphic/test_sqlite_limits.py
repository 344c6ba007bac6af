"""Statements near SQLite's limits, and beyond: an answer that is right, or an error that says what was too much."""

from __future__ import annotations

import pytest
from hostql.vtables.errors import QueryError

from .pair import Pair


@pytest.mark.parametrize("terms", (2, 63, 64, 65, 500))
def test_many_alternatives(pair: Pair, terms: int):
    pair.check(f"SELECT id FROM things WHERE {' OR '.join(f'id = {n}' for n in range(terms))}", thresholds=(1,))
    pair.check(
        f"SELECT id FROM things WHERE {' OR '.join(f'name = {str(n)!r}' for n in range(terms))}", thresholds=(1,)
    )
    pair.check(f"SELECT id FROM things WHERE id IN ({', '.join(map(str, range(terms)))})", thresholds=(1,))
    mixed = " OR ".join(f"(id = {n} AND plain IS {n % 3})" for n in range(terms))
    pair.check(f"SELECT id FROM things WHERE {mixed}", thresholds=(1,))


@pytest.mark.parametrize("terms", (63, 64, 65, 200))
def test_many_conditions(pair: Pair, terms: int):
    pair.check(f"SELECT id FROM things WHERE {' AND '.join(f'id <> {n}' for n in range(4, terms))}", thresholds=(1,))
    pair.check(f"SELECT id FROM things WHERE {' AND '.join(['id = 1'] * terms)}", thresholds=(1,))
    pair.check(f"SELECT id FROM things WHERE size > 0 AND {' AND '.join(f'size < {n}' for n in range(3, terms))}")


def test_a_deep_expression(pair: Pair):
    pair.check("SELECT id FROM things WHERE " + "NOT " * 80 + "id = 1")
    pair.check(f"SELECT id FROM things WHERE {'(' * 40}id = 1{')' * 40}")


@pytest.mark.parametrize(
    "sql, message",
    [
        (f"SELECT id FROM things WHERE {' AND '.join(['id + 0 = 1'] * 1200)}", "depth"),
        (f"SELECT 1 FROM {', '.join(f'things t{n}' for n in range(65))}", "64 tables"),
        (f"SELECT {', '.join(['id'] * 2001)} FROM things", "too many columns"),
        (" UNION ALL ".join(["SELECT id FROM things"] * 501), "too many terms in compound SELECT"),
        ("SELECT sum(size) FROM things WHERE size > 0", "integer overflow"),
        ("SELECT abs(size) FROM things", "integer overflow"),
    ],
)
def test_too_much_is_an_error(pair: Pair, sql: str, message: str):
    with pytest.raises(QueryError) as caught:
        pair.ours(sql)
    assert message in caught.value.message


def test_joins_of_many_tables(pair: Pair):
    tables = " ".join(f"JOIN things t{n} ON t{n}.id = t{n - 1}.id" for n in range(1, 12))
    pair.check(f"SELECT count(*) FROM things t0 {tables}", thresholds=(1,))


def test_a_statement_that_is_run_again_is_planned_anew(pair: Pair):
    """What a statement uses of a table is found while it is planned, so no plan of before may be taken."""
    for sql in ("SELECT id FROM things WHERE plain = 1", "SELECT id, label FROM things WHERE plain = 1"):
        for _ in range(3):
            pair.check(sql)
    assert pair.hostql.connection.cache_stats()["size"] == 0
