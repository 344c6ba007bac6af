"""Rows are kept for as long as a statement may come back to them, and given up where it certainly cannot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import apsw
import pytest
from hostql.vtables import program, snapshot
from hostql.vtables.database import Database
from hostql.vtables.errors import QueryError
from hostql.vtables.plan import WHOLE_LISTS
from hostql.vtables.program import can_repeat
from hostql.vtables.scan import Scan
from hostql.vtables.table import INTEGER, Column, Table

SIZE = 40
KEPT = 5


class Row:
    """A number, counted for as long as anybody holds it."""

    alive = 0
    most = 0

    def __init__(self, id: int) -> None:
        self.id = id
        self.third = id % 3
        Row.alive += 1
        Row.most = max(Row.most, Row.alive)

    def __del__(self) -> None:
        Row.alive -= 1


class Big(Table):
    """More numbers than are kept without need."""

    id = Column(INTEGER, "The number")
    third = Column(INTEGER, "What is left of it, divided by three")

    identity = ("id",)
    typical_rows = SIZE
    examples = ["SELECT id FROM big;"]
    readings = 0

    def rows(self, scan: Scan) -> Iterator[Row]:
        Big.readings += 1
        for id in range(SIZE):
            yield Row(id)


class Small(Table):
    """Three numbers."""

    id = Column(INTEGER, "The number", key=True)

    identity = ("id",)
    typical_rows = 3
    examples = ["SELECT id FROM small;"]

    def rows(self, scan: Scan) -> Iterator[tuple[int]]:
        yield from ((id,) for id in range(3))


@pytest.fixture
def both(db: Database, monkeypatch: pytest.MonkeyPatch) -> tuple[Database, apsw.Connection]:
    """hostql, which keeps few rows without need, and plain SQLite with the same tables."""
    monkeypatch.setattr(snapshot, "MAX_BUFFERED_ROWS", KEPT)
    db.add("big", Big)
    db.add("small", Small)
    plain = apsw.Connection(":memory:")
    plain.execute("CREATE TABLE big (id INTEGER, third INTEGER); CREATE TABLE small (id INTEGER)")
    plain.executemany("INSERT INTO big VALUES (?, ?)", [(id, id % 3) for id in range(SIZE)])
    plain.executemany("INSERT INTO small VALUES (?)", [(id,) for id in range(3)])
    Row.alive = Row.most = Big.readings = 0
    return db, plain


ONCE = [
    "SELECT id FROM big",
    "SELECT id FROM big WHERE third = 1 OR id > 5",
    "SELECT id FROM big ORDER BY third, id LIMIT 3 OFFSET 1",
    "SELECT count(*), max(id) FROM big",
    "SELECT third, count(*) FROM big GROUP BY third HAVING count(*) > 1 ORDER BY 2",
    "SELECT DISTINCT third FROM big",
    "SELECT third, rank() OVER (PARTITION BY third ORDER BY id) FROM big",
    "SELECT id, sum(id) OVER (ORDER BY id ROWS 2 PRECEDING), lag(id, 2) OVER (ORDER BY id DESC) FROM big",
    "SELECT id FROM small WHERE id NOT IN (SELECT third FROM big)",
    "SELECT id, (SELECT count(*) FROM big) FROM small",
    "WITH b AS (SELECT * FROM big WHERE third = 1) SELECT count(*) FROM b",
    "WITH b AS MATERIALIZED (SELECT * FROM big) SELECT count(*) FROM b x JOIN b y ON x.id = y.id",
    "SELECT id FROM big UNION ALL SELECT id FROM small",
    "SELECT third FROM big UNION SELECT id FROM small ORDER BY 1 DESC",
    "SELECT third FROM big INTERSECT SELECT id FROM small",
    "SELECT third FROM big EXCEPT SELECT id FROM small",
    "SELECT b.id, s.id FROM big b CROSS JOIN small s ON s.id = b.third",
    "SELECT b.id, s.id FROM big b LEFT JOIN small s ON s.id = b.third",
    "SELECT id, (SELECT count(*) FROM small s WHERE s.id = b.third) FROM big b",
    "SELECT id FROM big b WHERE EXISTS (SELECT 1 FROM small s WHERE s.id = b.third)",
    "SELECT sum(id) FROM (SELECT id FROM big LIMIT 10)",
    "SELECT CASE WHEN id > 3 THEN 'more' ELSE 'less' END, count(DISTINCT third) FROM big GROUP BY 1",
]


@pytest.mark.parametrize("sql", ONCE)
def test_a_scan_that_is_never_repeated_streams(both: tuple[Database, apsw.Connection], sql: str):
    db, plain = both
    assert sorted(db.execute(sql)) == sorted(plain.execute(sql))
    # What is kept, the row at hand and the one that the generator still holds.
    assert Row.most <= KEPT + 4
    assert Big.readings == 1


@pytest.mark.parametrize(
    "sql", ["CREATE TEMP TABLE copy AS SELECT id FROM big", "INSERT INTO temp.made SELECT id FROM big"]
)
def test_a_scan_streams_into_a_temporary_table(both: tuple[Database, apsw.Connection], sql: str):
    db, _ = both
    list(db.execute("CREATE TEMP TABLE made (id)"))
    list(db.execute(sql))
    assert Row.most <= KEPT + 4
    assert list(db.execute(f"SELECT count(*) FROM {'copy' if 'copy' in sql else 'made'}")) == [(SIZE,)]


@pytest.mark.parametrize("sql", ["SELECT id FROM big", "SELECT third, count(*) FROM big GROUP BY third"])
def test_a_traced_scan_streams(both: tuple[Database, apsw.Connection], sql: str):
    list(both[0].execute(sql, traced=True))
    assert Row.most <= KEPT + 4


def test_a_scan_with_parameters_streams(both: tuple[Database, apsw.Connection]):
    assert list(both[0].execute("SELECT id FROM big WHERE id > :least AND id < ?2", {"least": 7, "2": 9})) == [(8,)]
    assert Row.most <= KEPT + 4


AGAIN = [
    "SELECT s.id, EXISTS (SELECT 1 FROM big b WHERE b.third = s.id) FROM small s GROUP BY s.id",
    "SELECT s.id FROM small s GROUP BY s.id ORDER BY EXISTS (SELECT 1 FROM big b WHERE b.id = s.id * 30), s.id LIMIT 2",
    "SELECT s.id FROM small s GROUP BY s.id HAVING count(*) < (SELECT count(*) FROM big b WHERE b.third = s.id)",
    "SELECT CASE WHEN EXISTS (SELECT 1 FROM big b WHERE b.id = s.id) THEN 1 END FROM small s GROUP BY s.id",
    "SELECT (SELECT max(id) FROM big b WHERE b.third = s.id) FROM small s",
    "SELECT rank() OVER (ORDER BY (SELECT max(id) FROM big b WHERE b.third = s.id)) FROM small s",
    "SELECT sum(s.id) OVER (PARTITION BY EXISTS (SELECT 1 FROM big b WHERE b.id = s.id + 39)) FROM small s",
    "SELECT a.id, b.id FROM big a JOIN big b ON a.id = b.id + 20",
    "SELECT s.id, b.id FROM small s CROSS JOIN big b",
    "SELECT s.id, b.id FROM small s LEFT JOIN big b ON b.third = s.id",
    "SELECT s.id, b.id FROM small s FULL JOIN big b ON b.id = s.id",
    "SELECT id FROM big UNION ALL SELECT id + 100 FROM big",
    "SELECT id FROM big WHERE third = (SELECT max(third) FROM big)",
    "WITH RECURSIVE r(n) AS (SELECT 0 UNION ALL SELECT id FROM r JOIN big ON id = n + 1 WHERE n < 3) SELECT n FROM r",
    "WITH b AS NOT MATERIALIZED (SELECT * FROM big) SELECT count(*) FROM b x JOIN b y ON x.id = y.third",
]


@pytest.mark.parametrize("sql", AGAIN)
def test_a_scan_that_is_repeated_gives_the_same_rows(both: tuple[Database, apsw.Connection], sql: str):
    db, plain = both
    assert sorted(db.execute(sql), key=repr) == sorted(plain.execute(sql), key=repr)
    assert Big.readings == 1


@pytest.mark.parametrize("sql", AGAIN)
def test_rows_that_were_given_up_and_are_needed_again_are_an_error(
    both: tuple[Database, apsw.Connection], sql: str, monkeypatch: pytest.MonkeyPatch
):
    """Whatever is thought of SQLite's program: fewer rows, or rows of another moment, are no answer."""
    monkeypatch.setattr(program, "can_repeat", lambda *_: False)
    db, plain = both
    try:
        found = sorted(db.execute(sql), key=repr)
    except QueryError as error:
        assert "the rows of big are needed a second time" in error.message and "bug in hostql" in error.hint
    else:
        # Its scans overlap, so that it was seen that there are two.
        assert found == sorted(plain.execute(sql), key=repr)
    assert Big.readings == 1


def test_without_sqlites_program_all_is_kept(both: tuple[Database, apsw.Connection], monkeypatch: pytest.MonkeyPatch):
    def broken(*_: Any) -> bool:
        raise RuntimeError("no program")

    monkeypatch.setattr(program, "can_repeat", broken)
    assert len(list(both[0].execute("SELECT id FROM big"))) == SIZE
    assert Row.most >= SIZE


class Growing(Table):
    """Expected to be small, found to be large."""

    id = Column(INTEGER, "The number")
    typical_rows = 1
    examples = ["SELECT id FROM growing;"]

    def rows(self, scan: Scan) -> Iterator[tuple[int]]:
        yield from ((id % 7,) for id in range(500))


def test_a_statement_is_planned_alike_while_it_runs(db: Database):
    """The number of rows that a scan finds must not change the plan that EXPLAIN shows of the statement that runs."""
    db.add("growing", Growing)
    db.add("small", Small)
    sql = "SELECT growing.id, small.id FROM growing JOIN small ON small.id + 0 = growing.id + 0 ORDER BY 1"

    def plan() -> list[tuple[Any, ...]]:
        # What a plan is called and where things lie in memory is no matter.
        return [row[:5] for row in db._explain("EXPLAIN " + sql, ())]

    before = plan()
    result = db.execute(sql)
    rows = iter(result)
    next(rows)
    # ORDER BY has read all of it.
    assert sorted(db.statement.measured.values()) == [3, 500]
    assert plan() == before
    assert len(list(rows)) > 0
    list(db.execute("SELECT 1"))
    assert plan() != before


def test_a_recording_is_complete_when_it_was_read_to_the_end():
    source = iter(range(3))
    recording = snapshot.Recording(source, lambda: True)
    one, other = iter(recording), iter(recording)
    assert [next(one), next(other), next(other)] == [0, 0, 1] and not recording.complete
    assert list(one) == [1, 2] and recording.complete
    assert list(other) == [2] and list(recording) == [0, 1, 2] and recording.read == 3


# SQLite's program, by hand.

VFILTER = ("VFilter", 0, 0, 0, "t:id=")
HALT = ("Halt", 0, 0, 0, None)


def numbered(*instructions: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    return [(address, *instruction) for address, instruction in enumerate(instructions)]


@pytest.mark.parametrize(
    "instructions, repeats",
    [
        ([VFILTER, HALT], False),
        # Of another table, or never reached: then it is no program of the scan that runs.
        ([("VFilter", 0, 0, 0, "tt:"), HALT], True),
        ([("Goto", 0, 2, 0, None), VFILTER, HALT], True),
        # Twice, one after the other; either, or.
        ([VFILTER, VFILTER, HALT], True),
        ([("If", 1, 3, 0, None), VFILTER, HALT, VFILTER, HALT], False),
        # Loops, by a jump back and by a jump forward and back.
        ([("Noop", 0, 0, 0, None), VFILTER, ("Next", 1, 1, 0, None), HALT], True),
        ([("Noop", 0, 0, 0, None), VFILTER, ("Next", 1, 0, 0, None), HALT], False),
        ([("Goto", 0, 3, 0, None), VFILTER, HALT, ("Integer", 1, 1, 0, None), ("Goto", 0, 1, 0, None)], False),
        ([("Noop", 0, 0, 0, None), VFILTER, ("Jump", 3, 4, 1, None), HALT, HALT], True),
        ([("Noop", 0, 0, 0, None), VFILTER, ("Jump", 3, 4, 3, None), HALT, HALT], False),
        # A subroutine called once, and twice; a call before the scan is not returned to after it.
        ([("Gosub", 5, 3, 0, None), HALT, HALT, VFILTER, ("Return", 5, 0, 0, None)], False),
        ([("Gosub", 5, 3, 0, None), ("Gosub", 5, 3, 0, None), HALT, VFILTER, ("Return", 5, 0, 0, None)], True),
        (
            [
                ("Gosub", 5, 4, 0, None),
                VFILTER,
                ("Gosub", 5, 4, 0, None),
                HALT,
                ("Noop", 0, 0, 0, None),
                ("Return", 5, 0, 0, None),
            ],
            False,
        ),
        # Old calls write the address themselves.
        ([("Integer", 2, 5, 0, None), ("Goto", 0, 4, 0, None), HALT, HALT, VFILTER, ("Return", 5, 0, 0, None)], False),
        # A subroutine that is also run through.
        ([("BeginSubrtn", 0, 5, 0, None), VFILTER, ("Return", 5, 0, 1, None), HALT], False),
        (
            [
                ("BeginSubrtn", 0, 5, 0, None),
                VFILTER,
                ("Return", 5, 0, 1, None),
                ("If", 1, 5, 0, None),
                ("Gosub", 5, 1, 0, None),
                HALT,
            ],
            True,
        ),
        ([VFILTER, ("Return", 5, 0, 0, None), HALT], True),
        ([("Gosub", 5, 1, 0, None), ("Null", 0, 4, 6, None), VFILTER, ("Return", 5, 0, 0, None), HALT], True),
        # Once in a loop.
        ([("Noop", 0, 0, 0, None), ("Once", 0, 3, 0, None), VFILTER, ("Next", 1, 1, 0, None), HALT], False),
        # A coroutine that yields its rows; and one that is begun anew for each.
        (
            [
                ("InitCoroutine", 3, 5, 1, None),
                VFILTER,
                ("Yield", 3, 0, 0, None),
                ("VNext", 0, 2, 0, None),
                ("EndCoroutine", 3, 0, 0, None),
                ("Yield", 3, 7, 0, None),
                ("Goto", 0, 5, 0, None),
                HALT,
            ],
            False,
        ),
        (
            [
                ("InitCoroutine", 3, 5, 1, None),
                VFILTER,
                ("Yield", 3, 0, 0, None),
                ("VNext", 0, 2, 0, None),
                ("EndCoroutine", 3, 0, 0, None),
                ("InitCoroutine", 3, 0, 1, None),
                ("Yield", 3, 8, 0, None),
                ("Goto", 0, 5, 0, None),
                HALT,
            ],
            True,
        ),
        ([("InitCoroutine", 3, 2, 1, None), VFILTER, ("EndCoroutine", 3, 0, 0, None), HALT], True),
        ([VFILTER, ("Yield", 3, 0, 0, None), HALT], True),
        ([VFILTER, ("EndCoroutine", 3, 0, 0, None), HALT], True),
        # Whatever is not known, and what runs another program.
        ([VFILTER, ("Program", 0, 0, 0, None), HALT], True),
        ([VFILTER, ("Teleport", 0, 0, 0, None), HALT], True),
        ([VFILTER, ("Goto", 0, 9, 0, None), HALT], True),
        ([VFILTER], True),
    ],
)
def test_what_a_program_may_do(instructions: list[tuple[Any, ...]], repeats: bool):
    assert can_repeat(numbered(*instructions), "t") is repeats


def test_a_program_of_too_many_paths_is_not_followed(monkeypatch: pytest.MonkeyPatch):
    small = numbered(VFILTER, *[("Noop", 0, 0, 0, None)] * 20, HALT)
    assert not can_repeat(small, "t")
    monkeypatch.setattr(program, "MAX_STATES", 10)
    assert can_repeat(small, "t")


def test_a_list_is_one_scan_where_sqlite_gives_it_whole(both: tuple[Database, apsw.Connection]):
    db, _ = both
    rows = db._explain("EXPLAIN SELECT id FROM small WHERE id IN (SELECT third FROM big)", ())
    assert can_repeat(rows, "small") is not WHOLE_LISTS
