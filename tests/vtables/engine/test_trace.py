"""What a trace says of a statement's scans is what happened."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hostql.tests.conftest import examples
from hostql.vtables.database import Database
from hostql.vtables.plan import WHOLE_LISTS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .numbers import Numbers


@pytest.fixture(scope="module")
def db() -> Iterator[Database]:
    with Database() as database:
        database.add("numbers", type("numbers", (Numbers,), {"name": "numbers", "size": 20}))
        yield database


def traced(db: Database, sql: str) -> list[tuple[str, int, int, int | None]]:
    """(the constraints passed on, calls, rows read, rows kept) of each scan."""
    result = db.execute(sql, traced=True)
    list(result)
    return [
        (" ".join(map(repr, scan.plan.terms)), scan.calls, scan.rows, scan.kept)
        for scan in result.statement.trace.scans.values()
    ]


# How IN is answered depends on the version of SQLite.
BY_LIST = ("idIN", 1, 2, 2) if WHOLE_LISTS else ("id=*", 3, 2, 2)


@pytest.mark.parametrize(
    "sql, scans",
    [
        ("SELECT id FROM numbers", [("", 1, 20, None)]),
        ("SELECT square FROM numbers WHERE parity = 1", [("", 1, 20, 10)]),
        ("SELECT name FROM numbers WHERE name > 'n5'", [("", 1, 20, 4)]),
        (
            "SELECT square FROM numbers WHERE id IN (3, 4, 99)",
            [BY_LIST],
        ),
        ("SELECT square FROM numbers WHERE parity = 1 AND name IN ('n1', 'n2', 'n3')", [("", 1, 20, 2)]),
        # DISTINCT drops rows as well, but only after they were kept.
        ("SELECT DISTINCT parity FROM numbers WHERE name LIKE 'n1_'", [("", 1, 20, 10)]),
        ("SELECT parity, count(*) FROM numbers WHERE id > 4 GROUP BY parity", [("", 1, 20, 15)]),
        ("SELECT square FROM numbers ORDER BY name LIMIT 3", [("", 1, 20, None)]),
        # One table in two places: each scan counts for itself.
        (
            "SELECT b.square FROM numbers a CROSS JOIN numbers b ON b.id = a.square WHERE a.parity = 0",
            [("", 1, 20, 10), ("id=", 10, 3, 3)],
        ),
    ],
)
def test_what_a_scan_read_and_kept(db: Database, sql: str, scans):
    assert traced(db, sql) == scans


@pytest.mark.parametrize(
    "where, columns",
    [
        ("", []),
        ("WHERE parity = 1", ["parity"]),
        ("WHERE parity = 1 AND name > 'n3'", ["parity", "name"]),
        ("WHERE parity = 1 OR square > 9", ["parity", "square"]),
        ("WHERE id = 3", ["id"]),
    ],
)
def test_which_columns_decide_whether_a_row_is_kept(db: Database, where: str, columns: list[str]):
    result = db.execute(f"SELECT count(*) FROM numbers {where}", traced=True)
    list(result)
    (scan,) = result.statement.trace.scans.values()
    assert [Numbers.columns[position].name for position in scan.filtered] == columns


def test_a_scan_without_a_witness_does_not_say_what_was_kept(db: Database):
    assert traced(db, "SELECT count(*) FROM numbers WHERE parity = 1 OR name = 'n2'") == [("", 1, 20, None)]


def test_recordings_are_told_from_readings(db: Database):
    result = db.execute("SELECT count(*) FROM numbers a, numbers b WHERE a.square < b.square", traced=True)
    list(result)
    assert [(scan.calls, scan.asked) for scan in result.statement.trace.scans.values()] == [(1, 1), (20, 0)]


def test_tracing_changes_no_answer_and_is_not_there_without_being_asked_for(db: Database):
    sql = "SELECT a.id, b.name FROM numbers a JOIN numbers b ON b.parity = a.id ORDER BY 1, 2"
    plain = db.execute(sql)
    rows = list(plain)
    assert plain.statement.trace is None
    assert list(db.execute(sql, traced=True)) == rows


def test_an_error_is_the_same_with_and_without(db: Database):
    errors = []
    for with_trace in (False, True):
        with pytest.raises(Exception) as caught:
            db.execute("SELECT nmae FROM numbers", traced=with_trace)
        errors.append((str(caught.value), caught.value.offset))
    assert errors[0] == errors[1]


TESTS = st.sampled_from(
    ["parity = 1", "id > 7", "name LIKE 'n1%'", "square BETWEEN 9 AND 200", "id IN (1, 5, 6)", "square % 3 = 1"]
)
CONDITION = st.recursive(
    TESTS,
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from(["AND", "OR"]), inner)
        | st.builds("NOT ({})".format, inner)
    ),
    max_leaves=4,
)


@given(CONDITION, st.sampled_from(["id", "name", "square", "parity, name", "upper(name)"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(150), deadline=None)
def test_kept_is_right_or_not_told(db: Database, condition: str, columns: str):
    sql = f"SELECT {columns} FROM numbers WHERE {condition}"
    result = db.execute(sql, traced=True)
    count = len(list(result))
    scans = list(result.statement.trace.scans.values())
    # An OR may be answered by several scans, whose rows SQLite makes one.
    if len(scans) == 1 and scans[0].kept is not None:
        assert scans[0].kept == count
