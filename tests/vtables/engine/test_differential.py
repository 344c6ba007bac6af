"""Any predicate gives the same rows on a table of hostql's as on a plain SQLite table that holds the same rows."""

from __future__ import annotations

from collections.abc import Iterator

import apsw
import pytest
from hostql.tests.conftest import examples
from hostql.vtables.database import Database
from hostql.vtables.scan import Scan
from hostql.vtables.table import INTEGER, TEXT, Column, Table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ROWS = [
    (1, "a", "x", 0),
    (2, "ab", "X", 1),
    (3, "b", None, None),
    (4, "A", "xy", 2),
    (5, "", "x_y", -1),
    (6, "10", "%", 10),
    (10, "1", "x", 1),
    (-3, "é", "", 0),
]


class Mixed(Table):
    """Every kind of column: a key, a key that ignores case, a pattern, a plain one."""

    id = Column(INTEGER, "Key", key=True)
    word = Column(TEXT, "Key that ignores case", key=True, collate="NOCASE")
    text = Column(TEXT, "Pattern", like=True)
    number = Column(INTEGER, "Plain, with a range", range=True)

    identity = ("id",)
    typical_rows = 8
    examples = ["SELECT id FROM mixed;"]

    def rows(self, scan: Scan) -> Iterator[tuple[object, ...]]:
        ids, words = scan.equals("id"), scan.equals("word")
        low, high = scan.range("number")
        for row in ROWS:
            if ids is not None and row[0] not in ids:
                continue
            if words is not None and str(row[1]).lower() not in words and row[1] not in words:
                continue
            if low is not None and (row[3] is None or row[3] < low):
                continue
            if high is not None and (row[3] is None or row[3] > high):
                continue
            yield row


VALUES = st.sampled_from(
    ["1", "2", "'1'", "'10'", "1.0", "1.5", "'a'", "'A'", "'x'", "''", "NULL", "-3", "'é'", "x'61'"]
)
COLUMNS = st.sampled_from(["id", "word", "text", "number"])
PATTERNS = st.sampled_from(["'x%'", "'%'", "'_'", "'%x%'", "'X'", "'a%'", "'x_y'", "''"])

TERMS = st.one_of(
    st.tuples(COLUMNS, st.sampled_from(["=", "<>", "<", "<=", ">", ">=", "IS", "IS NOT"]), VALUES).map(" ".join),
    st.tuples(COLUMNS, st.sampled_from(["LIKE", "GLOB", "NOT LIKE"]), PATTERNS).map(" ".join),
    st.tuples(COLUMNS, st.lists(VALUES, max_size=3)).map(lambda t: f"{t[0]} IN ({', '.join(t[1])})"),
    COLUMNS.map(lambda column: f"{column} IS NULL"),
    st.tuples(COLUMNS, VALUES, VALUES).map(lambda t: f"{t[0]} BETWEEN {t[1]} AND {t[2]}"),
)
PREDICATES = st.recursive(
    TERMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        inner.map(lambda predicate: f"NOT {predicate}"),
    ),
    max_leaves=5,
)


@pytest.fixture
def both(db: Database) -> tuple[Database, apsw.Connection]:
    """The same rows behind hostql and in a plain table."""
    db.add("mixed", Mixed)
    plain = apsw.Connection(":memory:")
    plain.execute("CREATE TABLE mixed (id INTEGER, word TEXT COLLATE NOCASE, text TEXT, number INTEGER)")
    plain.executemany("INSERT INTO mixed VALUES (?, ?, ?, ?)", ROWS)
    return db, plain


@settings(max_examples=examples(400), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(predicate=PREDICATES)
def test_a_predicate_gives_the_same_rows(both: tuple[Database, apsw.Connection], predicate: str):
    db, plain = both
    sql = f"SELECT id FROM mixed WHERE {predicate} ORDER BY id"
    assert list(db.execute(sql)) == list(plain.execute(sql)), sql


@settings(max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(predicate=PREDICATES, columns=st.tuples(COLUMNS, COLUMNS), kind=st.sampled_from(["JOIN", "LEFT JOIN"]))
def test_a_join_gives_the_same_rows(
    both: tuple[Database, apsw.Connection], predicate: str, columns: tuple[str, str], kind: str
):
    db, plain = both
    inner = f"(SELECT * FROM mixed WHERE {predicate})"
    sql = f"SELECT a.id, b.id FROM {inner} a {kind} mixed b ON a.{columns[0]} = b.{columns[1]} ORDER BY 1, 2"
    assert list(db.execute(sql)) == list(plain.execute(sql)), sql
