"""Text that is not UTF-8, which SQLite stores all the same: a cell costs itself, whatever it stands beside."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest
from hostql.vtables.database import Database
from hostql.vtables.errors import HostqlError

ROWS = [(1, "one"), (2, "\\xffA"), (3, None), (4, "\\xfe"), (5, b"\xff"), (6, "café")]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    connection = apsw.Connection(f"{tmp_path}/x.db")
    connection.execute("CREATE TABLE t (a INTEGER, b)")
    values = "(1, 'one'), (2, CAST(x'ff41' AS TEXT)), (3, NULL), (4, CAST(x'fe' AS TEXT)), (5, x'ff'), (6, 'café')"
    connection.execute(f"INSERT INTO t VALUES {values}")
    connection.close()
    return tmp_path / "x.db"


@pytest.mark.parametrize(
    "sql, rows",
    [
        ("SELECT a, b FROM kept.t", ROWS),
        ("SELECT a, b FROM kept.t ORDER BY a DESC; -- the last; first", ROWS[::-1]),
        ("SELECT a, b, b FROM kept.t WHERE a = 2", [(2, "\\xffA", "\\xffA")]),
        ("WITH w AS (SELECT a, b FROM kept.t) SELECT a, b FROM w LIMIT 2", ROWS[:2]),
        ("VALUES (1, 'a'), (2, CAST(x'ff' AS TEXT))", [(1, "a"), (2, "\\xff")]),
        ("SELECT u.uid, b FROM kept.t JOIN users u ON u.uid = a - 2 WHERE u.uid = 0", [(0, "\\xffA")]),
        ("SELECT CASE WHEN random() THEN a END AS a, b FROM kept.t", [ROWS[0], *ROWS[2:3], *ROWS[4:]]),
    ],
)
def test_a_cell_costs_itself(file: Path, sql: str, rows: list[tuple[object, ...]]) -> None:
    with Database() as db:
        list(db.execute(f"ATTACH '{file}' AS kept"))
        result = db.execute(sql)
        assert list(result) == rows
        assert bool(result.notes) == ("random" in sql)


def test_parameters_are_bound_again(file: Path) -> None:
    with Database() as db:
        list(db.execute(f"ATTACH '{file}' AS kept"))
        assert list(db.execute("SELECT b FROM kept.t WHERE a = :a", {"a": 4})) == [("\\xfe",)]


def test_an_argument_of_a_function_is_an_error() -> None:
    with Database() as db, pytest.raises(HostqlError) as caught:
        list(db.execute("SELECT md5(CAST(x'ff' AS TEXT))"))
    assert "UTF-8" in caught.value.message
