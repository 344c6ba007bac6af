"""What a statement reads: no more than it needs, nothing twice, and it stops when told."""

from __future__ import annotations

import threading

import pytest
from hostql.vtables.database import Database
from hostql.vtables.errors import HostqlError, QueryCancelled, QueryError
from hostql.vtables.scan import Scan
from hostql.vtables.snapshot import BATCH, MAX_BUFFERED_ROWS
from hostql.vtables.table import TEXT, Column, Table

from .numbers import Numbers


@pytest.fixture
def numbers(db: Database) -> type[Numbers]:
    """The counted table, fresh, as `numbers` in the database."""

    class Fresh(Numbers):
        """The numbers below `size`."""

    db.add("numbers", Fresh)
    return Fresh


def rows(db: Database, sql: str, *params: object) -> list[tuple[object, ...]]:
    return list(db.execute(sql, params))


def test_late_values_are_read_for_the_rows_kept_alone(db: Database, numbers: type[Numbers]):
    assert rows(db, "SELECT square FROM numbers WHERE name = 'n7'") == [(49,)]
    assert (numbers.read, numbers.late) == (100, 1)


def test_values_nobody_asked_for_are_not_read(db: Database, numbers: type[Numbers]):
    assert rows(db, "SELECT count(*) FROM numbers") == [(100,)]
    assert numbers.late == 0


@pytest.mark.parametrize(
    "where, found, read",
    [
        ("id = 5", [5], 1),
        ("id IN (5, 7, 999)", [5, 7], 2),
        ("id IN (SELECT value FROM json_each('[1, 2]'))", [1, 2], 2),
        ("id IN (SELECT value FROM json_each('[]'))", [], 0),
        ("id IN (SELECT value FROM json_each('[]')) OR id = 5", [5], 1),
        ("id = '5'", [5], 1),
        ("id = 5.0", [5], 1),
        ("id = NULL", [], 0),
        ("id = 5 AND id = 6", [], 0),
    ],
)
def test_keys_are_looked_up(db: Database, numbers: type[Numbers], where: str, found: list[int], read: int):
    assert [id for (id,) in rows(db, f"SELECT id FROM numbers WHERE {where} ORDER BY id")] == found
    assert numbers.read <= max(read, 1)


def test_a_join_looks_keys_up(db: Database, numbers: type[Numbers]):
    sql = "WITH w(i) AS (VALUES (3), (4)) SELECT id FROM w JOIN numbers ON id = i ORDER BY id"
    assert rows(db, sql) == [(3,), (4,)]
    assert numbers.read == 2


def test_limit_stops_reading(db: Database, numbers: type[Numbers]):
    assert len(rows(db, "SELECT id FROM numbers LIMIT 3")) == 3
    assert numbers.read <= 4


def test_a_statement_reads_a_table_once(db: Database, numbers: type[Numbers]):
    assert rows(db, "SELECT count(*) FROM numbers a, numbers b WHERE a.parity = b.parity") == [(5000,)]
    assert (numbers.scans, numbers.read) == (1, 100)


def test_an_equality_without_a_look_up_is_answered_by_a_hash_index(db: Database, numbers: type[Numbers]):
    numbers.size = 2000
    sql = "SELECT count(*) FROM numbers a JOIN numbers b ON b.square = a.square"
    assert rows(db, sql) == [(2000,)]
    # Each square a few times, not two thousand times.
    assert numbers.read == 2000
    assert numbers.late < 10 * 2000


def test_the_next_statement_reads_anew(db: Database, numbers: type[Numbers]):
    assert rows(db, "SELECT count(*) FROM numbers") == [(100,)]
    numbers.size = 10
    assert rows(db, "SELECT count(*) FROM numbers") == [(10,)]


def test_or_gives_every_row_once(db: Database, numbers: type[Numbers]):
    sql = "SELECT id FROM numbers WHERE id = 3 OR name LIKE 'n1%' OR id IN (3, 4) ORDER BY id"
    assert [id for (id,) in rows(db, sql)] == [1, 3, 4, *range(10, 20)]


def test_cancelling_stops_the_scan(db: Database, numbers: type[Numbers]):
    numbers.size = 10**9
    result = iter(db.execute("SELECT id FROM numbers"))
    next(result)
    thread = threading.Thread(target=db.cancel)
    thread.start()
    thread.join()
    with pytest.raises(QueryCancelled):
        for _ in result:
            pass
    assert numbers.read < 10**9
    assert rows(db, "SELECT 1") == [(1,)]


class Needy(Table):
    """A table that must be told which."""

    which = Column(TEXT, "Which", required=True)
    examples = ["SELECT which FROM needy WHERE which = 'this';"]

    def rows(self, scan: Scan):
        for which in scan.equals("which") or ():
            yield (which,)


def test_a_missing_constraint_says_which_and_shows_how(db: Database):
    db.add("needy", Needy)
    with pytest.raises(QueryError, match="needy needs to know which: give which") as caught:
        rows(db, "SELECT * FROM needy")
    assert "WHERE which = 'this'" in caught.value.hint
    assert rows(
        db, "SELECT n.which FROM (SELECT 'a' AS w UNION SELECT 'b') JOIN needy n ON n.which = w ORDER BY 1"
    ) == [
        ("a",),
        ("b",),
    ]


def test_a_constraint_in_one_side_of_an_or_is_not_enough(db: Database):
    db.add("needy", Needy)
    with pytest.raises(QueryError) as caught:
        rows(db, "SELECT * FROM needy WHERE which = 'a' OR 1 = 2")
    assert "Each side of an OR" in caught.value.hint
    assert rows(db, "SELECT * FROM needy WHERE which = 'a' OR which = 'b' AND which > 'a'") == [("a",), ("b",)]


class Faulty(Table):
    """A table with a fault in it."""

    value = Column(TEXT, "A value")
    examples = ["SELECT value FROM faulty;"]

    def rows(self, scan: Scan):
        yield ("first",)
        raise ZeroDivisionError("a fault")


def test_a_fault_of_a_table_is_an_error_that_names_it(db: Database):
    db.add("faulty", Faulty)
    with pytest.raises(QueryError, match="table faulty failed: ZeroDivisionError"):
        rows(db, "SELECT * FROM faulty")


def test_a_name_that_is_taken_is_refused(db: Database):
    with pytest.raises(HostqlError, match="already a table time"):
        db.add("time", Needy)


@pytest.mark.parametrize(
    "sql, size, read",
    [
        ("SELECT count(*) FROM numbers", 100, 100),
        ("SELECT count(*) FROM numbers a JOIN numbers b ON b.id + 0 = a.id + 0", 100, 100),
        ("SELECT * FROM numbers WHERE id IN (5, 7)", 100, 2),
        # A stream is counted by the batch.
        ("SELECT count(*) FROM numbers", 10_000, 10_000),
    ],
)
def test_what_was_read_is_counted(db: Database, numbers: type[Numbers], sql: str, size: int, read: int):
    numbers.size = size
    result = db.execute(sql)
    list(result)
    assert read <= result.statement.read < read + (BATCH if size > MAX_BUFFERED_ROWS else 1)


@pytest.mark.parametrize(
    "sql, told",
    [
        ("SELECT * FROM file WHERE path = '/etc/passwd' OR size > 0", True),
        ("SELECT * FROM file -- path or directory", False),
        ("SELECT *, 'path or directory' FROM file", False),
    ],
)
def test_the_hint_about_or_is_for_statements_that_hold_one(db: Database, sql: str, told: bool) -> None:
    with pytest.raises(QueryError) as caught:
        list(db.execute(sql))
    assert ("Each side of an OR" in caught.value.hint) == told


@pytest.mark.parametrize("beside", ["'listening_ports'", "1 /* listening_ports */", "1 -- listening_ports\n"])
def test_columns_are_suggested_of_the_tables_that_are_named(db: Database, beside: str) -> None:
    with pytest.raises(QueryError) as caught:
        list(db.execute(f"SELECT {beside}, addres FROM time"))
    assert "address" not in caught.value.hint
    with pytest.raises(QueryError) as caught:
        list(db.execute(f'SELECT {beside}, addres FROM "listening_ports"'))
    assert "address" in caught.value.hint
