"""Constraints of every operator with values of every type on every kind of column, beside plain SQLite."""

from __future__ import annotations

import itertools

import pytest
from hostql.vtables.table import TEXT

from .pair import THRESHOLDS, Pair
from .statements import ANYTHING, GLOBS, PATTERNS, literal
from .tables import Things

COLUMNS = [column.name for column in Things.columns]
TEXTS = [column.name for column in Things.columns if column.type == TEXT]
OPERATORS = ("=", "<>", "<", "<=", ">", ">=", "IS", "IS NOT")
COLLATIONS = ("BINARY", "NOCASE", "RTRIM")


def check_each(pair: Pair, predicates: list[str]) -> None:
    """Each predicate, at one threshold after the other."""
    for predicate, threshold in zip(predicates, itertools.cycle(THRESHOLDS)):
        pair.check(f"SELECT id FROM things x WHERE {predicate}", thresholds=(threshold,))


@pytest.mark.parametrize("column", COLUMNS)
def test_each_operator_with_each_value(pair: Pair, column: str):
    values = [literal(value) for value in ANYTHING]
    check_each(pair, [f"{column} {operator} {value}" for operator in OPERATORS for value in values])
    check_each(pair, [f"{value} {operator} {column}" for operator in ("=", "<", ">=", "IS") for value in values])


@pytest.mark.parametrize("column", COLUMNS)
def test_lists_of_mixed_types_and_null(pair: Pair, column: str):
    values = [literal(value) for value in ANYTHING]
    lists = [", ".join(some) for some in zip(values, values[7:] + values[:7], values[20:] + values[:20])]
    check_each(pair, [f"{column} {word} ({some})" for word in ("IN", "NOT IN") for some in (*lists, "", "NULL")])
    rows = [f"(SELECT column1 FROM (VALUES ({some.replace(', ', '), (')})))" for some in lists]
    check_each(pair, [f"{column} {word} {some}" for word in ("IN", "NOT IN") for some in rows])


@pytest.mark.parametrize("column", COLUMNS)
def test_lists_of_another_column(pair: Pair, column: str):
    """A subquery has an affinity of its own."""
    others = [f"SELECT y.{other} FROM things y" for other in COLUMNS]
    others += [f"SELECT CAST(y.{other} AS {kind}) FROM things y" for other in TEXTS for kind in ("REAL", "NUMERIC")]
    check_each(pair, [f"x.{column} {word} ({other})" for word in ("IN", "NOT IN") for other in others])
    check_each(pair, [f"(x.{column}, x.id) IN ({other.replace(' FROM', ', y.id FROM')})" for other in others])
    check_each(pair, [f"(x.id, x.{column}) IN ({other.replace('SELECT', 'SELECT y.id,')})" for other in others])
    check_each(pair, [f"x.{column} = ({other} ORDER BY 1 DESC LIMIT 1)" for other in others])


@pytest.mark.parametrize("one, other", list(itertools.product(COLUMNS, COLUMNS)))
def test_each_column_joined_with_each(pair: Pair, one: str, other: str):
    for join in ("JOIN", "LEFT JOIN", "FULL JOIN"):
        for operator in ("=", "IS"):
            pair.check(
                f"SELECT x.id, y.id FROM things x {join} things y ON x.{one} {operator} y.{other}", thresholds=(2,)
            )


@pytest.mark.parametrize("column", TEXTS)
def test_collations_on_either_side(pair: Pair, column: str):
    values = [literal(value) for value in ("ann", "ANN", "ann ", "É", "x ", "1", 1, None)]
    for collation in COLLATIONS:
        check_each(pair, [f"{column} COLLATE {collation} {op} {v}" for op in OPERATORS for v in values])
        check_each(pair, [f"{column} {op} {v} COLLATE {collation}" for op in OPERATORS for v in values])
        check_each(pair, [f"{v} COLLATE {collation} = {column}" for v in values])
        check_each(pair, [f"{column} COLLATE {collation} IN ({', '.join(values)})"])
    for other in TEXTS:
        for collation in COLLATIONS:
            pair.check(f"SELECT x.id, y.id FROM things x JOIN things y ON x.{column} = y.{other} COLLATE {collation}")


@pytest.mark.parametrize("column", COLUMNS)
def test_patterns(pair: Pair, column: str):
    patterns = [literal(pattern) for pattern in PATTERNS]
    check_each(pair, [f"{column} {word} {pattern}" for word in ("LIKE", "NOT LIKE") for pattern in patterns])
    check_each(pair, [f"{column} LIKE {pattern} ESCAPE {e}" for e in ("'\\'", "'%'", "'a'") for pattern in patterns])
    check_each(pair, [f"{column} {word} {literal(glob)}" for word in ("GLOB", "NOT GLOB") for glob in GLOBS])
    check_each(pair, [f"{pattern} LIKE {column}" for pattern in patterns])


@pytest.mark.parametrize(
    "one, other", [("id", "size"), ("size", "ratio"), ("name", "code"), ("code", "id"), ("data", "plain")]
)
def test_row_values(pair: Pair, one: str, other: str):
    values = [f"({literal(first)}, {literal(second)})" for first, second in zip(ANYTHING, ANYTHING[5:] + ANYTHING[:5])]
    check_each(pair, [f"({one}, {other}) {op} {value}" for op in ("=", "<", ">=", "<>", "IS") for value in values])
    check_each(pair, [f"({one}, {other}) {word} (VALUES {', '.join(values)})" for word in ("IN", "NOT IN")])
    check_each(pair, [f"({one}, {other}) BETWEEN {low} AND {high}" for low, high in zip(values, values[3:])])


@pytest.mark.parametrize("limit", (-1, 0, 1, 2, 3, 7, 100))
@pytest.mark.parametrize("offset", (-1, 0, 1, 3, 100))
def test_limit_and_offset(pair: Pair, limit: int, offset: int):
    for shape in (
        "SELECT id FROM things ORDER BY id LIMIT {} OFFSET {}",
        "SELECT id FROM things WHERE size > 0 OR ratio < 1 ORDER BY ratio DESC, id LIMIT {} OFFSET {}",
        "SELECT count(*) FROM (SELECT 1 FROM things LIMIT {} OFFSET {})",
        "SELECT count(*) FROM (SELECT 1 FROM things WHERE (size, id) > (1, 1) LIMIT {} OFFSET {})",
        "SELECT id FROM things UNION ALL SELECT id FROM delayed ORDER BY 1 LIMIT {} OFFSET {}",
        "SELECT x.id FROM delayed x WHERE x.id IN (SELECT id FROM things ORDER BY 1 LIMIT {} OFFSET {})",
    ):
        pair.check(shape.format(limit, offset))
