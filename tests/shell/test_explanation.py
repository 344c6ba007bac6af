"""How statements are explained: the words for scans, for what SQLite does besides, and for what is dear."""

from __future__ import annotations

import subprocess
import sys

import pytest
from apsw import SQLITE_VERSION_NUMBER
from hostql.shell.explanation import Explanation, explain
from hostql.vtables.database import Database
from hostql.vtables.plan import WHOLE_LISTS

from tests.vtables.engine.numbers import Numbers


def explained(db: Database, sql: str) -> Explanation:
    result = db.execute(sql, traced=True)
    return explain(result, len(list(result)), db.catalog)


# How IN and UNION are answered depends on the version of SQLite.
UNION = "UNION of two sorted results" if SQLITE_VERSION_NUMBER >= 3_054_000 else "UNION: rows remembered in memory"
BY_LIST = "looked up by id (a list)" if WHOLE_LISTS else "looked up by id, 2 times"


@pytest.fixture
def numbers(db: Database) -> Database:
    db.add("numbers", type("numbers", (Numbers,), {"name": "numbers", "size": 50}))
    return db


@pytest.mark.parametrize(
    "sql, steps",
    [
        ("SELECT id FROM numbers", [("numbers", "full scan", "50 rows")]),
        ("SELECT id FROM numbers n WHERE id = 7", [("numbers n", "looked up by id", "1 row")]),
        (
            "SELECT name FROM numbers WHERE parity = 1",
            [("numbers", "full scan, parity filtered after reading", "50 read, 25 kept")],
        ),
        ("SELECT name FROM numbers WHERE id IN (1, 2)", [("numbers", BY_LIST, "2 rows")]),
        (
            "SELECT b.username FROM numbers a CROSS JOIN users b ON b.uid = a.parity WHERE a.id < 4",
            [
                ("numbers a", "full scan, id filtered after reading", "50 read, 4 kept"),
                ("users b", "looked up by uid, 4 times", None),
            ],
        ),
        # No witness among the columns, but the result itself counts.
        ("SELECT 1 FROM numbers WHERE name = 'n1' OR parity = 0", [
            ("numbers", "full scan, name and parity filtered after reading", "50 read, 26 kept")
        ]),
        ("SELECT 1 FROM numbers a CROSS JOIN numbers b WHERE a.id = 1", [
            ("numbers a", "looked up by id", "1 row"), ("numbers b", "full scan", "50 rows")
        ]),
        ("SELECT path FROM file WHERE path LIKE '/etc/pass%'", [("file", "narrowed by path LIKE", None)]),
        ("SELECT x FROM (SELECT 1 AS x UNION ALL SELECT 2) WHERE x IN (SELECT id FROM numbers)", None),
        ("SELECT * FROM (VALUES (1), (2))", [("(values)", "rows written in the statement", "")]),
    ],
)  # fmt: skip
def test_the_steps(numbers: Database, sql: str, steps):
    told = explained(numbers, sql)
    assert told.steps
    if steps is not None:
        assert [(step.name, step.how) for step in told.steps] == [step[:2] for step in steps]
        assert all(counts is None or step.counts == counts for step, (_, _, counts) in zip(told.steps, steps))


@pytest.mark.parametrize(
    "sql, remark",
    [
        ("SELECT id FROM numbers ORDER BY name", "sorted in memory (ORDER BY)"),
        ("SELECT parity, count(*) FROM numbers GROUP BY parity", "sorted in memory to form groups (GROUP BY)"),
        ("SELECT DISTINCT parity FROM numbers", "rows remembered in memory to leave doubles out (DISTINCT)"),
        ("SELECT count(DISTINCT parity) FROM numbers", "values remembered in memory for count(DISTINCT)"),
        (
            "WITH t AS MATERIALIZED (SELECT id FROM numbers) SELECT * FROM t a JOIN t b USING (id)",
            "t is computed once and kept in memory",
        ),
        (
            "SELECT id, (SELECT count(*) FROM numbers b WHERE b.parity = a.id) FROM numbers a",
            "subquery 1 runs for each row",
        ),
        ("SELECT id FROM numbers WHERE id > (SELECT avg(square) FROM numbers)", "subquery 1 runs once"),
        ("SELECT id FROM numbers UNION SELECT uid FROM users", UNION),
        ("SELECT id FROM numbers UNION ALL SELECT uid FROM users", "UNION ALL: one result after the other"),
        (
            "SELECT path FROM file WHERE path = '/etc' OR path LIKE '/etc/p%'",
            "OR: each alternative is looked up by itself",
        ),
        (
            "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 3) SELECT * FROM c",
            "c: a recursive step runs until it gives no new rows",
        ),
        ("SELECT row_number() OVER (ORDER BY name) FROM numbers", "subquery 2 is computed row by row as it is needed"),
    ],
)
def test_the_remarks(numbers: Database, sql: str, remark: str):
    assert remark in explained(numbers, sql).remarks


def test_no_word_of_sqlites_own_is_left(numbers: Database):
    for sql in (
        "WITH t AS (SELECT id, name FROM numbers ORDER BY name LIMIT 5) SELECT * FROM t LEFT JOIN users ON uid = id",
        "SELECT name FROM numbers INTERSECT SELECT username FROM users ORDER BY 1",
        "SELECT name FROM numbers EXCEPT SELECT username FROM users",
        "SELECT max(id) FROM numbers a WHERE EXISTS (SELECT 1 FROM numbers b WHERE b.id = a.parity)",
    ):
        text = "\n".join(explained(numbers, sql).lines())
        assert "B-TREE" not in text.upper() and "VIRTUAL" not in text.upper() and "#" not in text, text


@pytest.mark.parametrize(
    "sql, warning",
    [
        (
            "SELECT count(*) FROM numbers a, numbers b WHERE a.square < b.square",
            "numbers b is scanned whole 50 times (2,500 rows); join it on id to look rows up",
        ),
        (
            "SELECT 1 FROM (SELECT '/etc/passwd' AS path UNION ALL SELECT '/etc/group') f JOIN hash h USING (path)",
            "hash h gets its path from the table before it, and is asked once for each row of that",
        ),
    ],
)
def test_the_warnings(numbers: Database, sql: str, warning: str):
    assert warning in explained(numbers, sql).warnings


def test_a_condition_that_could_have_been_a_look_up(db: Database):
    db.add("numbers", type("numbers", (Numbers,), {"name": "numbers", "size": 5000}))
    told = explained(db, "SELECT name FROM numbers WHERE id + 0 = 7")
    assert told.steps[0].counts == "5,000 read, 1 kept"
    assert told.warnings[0].startswith("numbers could narrow by id (=), but not by this condition")
    assert explained(db, "SELECT name FROM numbers WHERE id = 7").warnings == []


def test_the_layout(numbers: Database):
    lines = explained(
        numbers, "SELECT u.uid FROM numbers n CROSS JOIN users u ON u.uid = n.id WHERE n.parity = 9"
    ).lines()
    assert lines[0].startswith("1  numbers n  full scan, parity filtered after reading  50 read, 0 kept  ")
    assert lines[0].endswith(" ms")
    assert lines[1] == "2  users u    not needed"


def test_the_layout_of_a_narrow_terminal(numbers: Database):
    lines = explained(numbers, "SELECT name FROM numbers WHERE parity = 1 ORDER BY name").lines(50)
    assert lines[0].startswith("1  numbers  50 read, 25 kept  ")
    assert lines[1:] == ["     full scan, parity filtered after reading", "   sorted in memory (ORDER BY)"]


def test_the_command_gives_rows_to_a_pipe():
    done = subprocess.run(
        [sys.executable, "-m", "hostql", "explain", "--csv", "SELECT name FROM processes WHERE pid = 1 ORDER BY name"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    header, row = done.stdout.splitlines()
    assert header == "table,how,times,rows_read,rows_kept,ms"
    assert row.startswith("processes,looked up by pid,1,1,1,")
    assert "sorted in memory (ORDER BY)" in done.stderr
    assert "1 row · " in done.stderr
