"""Expiry by a clock that is set: a step costs no event, and nothing is kept for ever for it."""

from __future__ import annotations

import apsw
from hostql.events.expiry import DISBELIEF, Expiry

DAY = 86_400
START = 1_700_000_000


class Clocks:
    def __init__(self) -> None:
        self.wall, self.steady = float(START), 5000.0

    def sleep(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds


def expiring(clocks: Clocks) -> tuple[Expiry, apsw.Connection]:
    connection = apsw.Connection(":memory:")
    connection.execute("CREATE TABLE t (eid INTEGER PRIMARY KEY, time BIGINT)")
    for n in range(10):
        connection.execute("INSERT INTO t VALUES (?, ?)", (n + 1, START - (9 - n) * DAY // 4))
    return Expiry(lambda: clocks.wall, lambda: clocks.steady), connection


def test_old_rows_go():
    expiry, connection = expiring(Clocks())
    assert expiry.by_age_and_count(connection, ["t"], DAY, 1000) == 5


def test_a_year_ahead_and_back_costs_nothing():
    clocks = Clocks()
    expiry, connection = expiring(clocks)
    clocks.wall += 365 * DAY
    assert expiry.by_age_and_count(connection, ["t"], 7 * DAY, 1000) == 0
    clocks.sleep(DISBELIEF / 2)
    clocks.wall -= 365 * DAY
    for _ in range(100):
        clocks.sleep(DISBELIEF / 10)
        assert expiry.by_age_and_count(connection, ["t"], 7 * DAY, 1000) == 0


def test_a_clock_that_stays_set_is_believed():
    clocks = Clocks()
    expiry, connection = expiring(clocks)
    clocks.wall += 365 * DAY
    assert expiry.by_age_and_count(connection, ["t"], 7 * DAY, 1000) == 0
    clocks.sleep(DISBELIEF + 1)
    # All but the newest.
    assert expiry.by_age_and_count(connection, ["t"], 7 * DAY, 1000) == 9


def test_a_clock_set_back_does_not_keep_more_than_the_count():
    clocks = Clocks()
    expiry, connection = expiring(clocks)
    clocks.wall -= 365 * DAY
    assert expiry.by_age_and_count(connection, ["t"], 7 * DAY, 4) == 6


def test_bytes_take_from_the_table_with_most_rows():
    expiry, connection = expiring(Clocks())
    connection.execute("CREATE TABLE many (eid INTEGER PRIMARY KEY, time BIGINT, text)")
    connection.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
        "INSERT INTO many SELECT i, i, hex(zeroblob(100)) FROM n"
    )
    gone = to_the_end(expiry, connection, 300_000)
    assert 3000 < gone < 5000
    assert connection.execute("SELECT count(*) FROM t").fetchall() == [(10,)]
    assert connection.execute("SELECT max(eid), count(*) FROM many").fetchall() == [(5000, 5000 - gone)]
    assert to_the_end(expiry, connection, 0) == 5000 + 10 - gone - 2


def to_the_end(expiry: Expiry, connection: apsw.Connection, most: int) -> int:
    return sum(iter(lambda: expiry.by_bytes(connection, ["t", "many"], most), 0))
