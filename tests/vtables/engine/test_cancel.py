"""A statement is cancelled from another thread wherever it is: in a walk, a digest, SQLite itself, a function."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from hostql.vtables.database import Database
from hostql.vtables.errors import QueryCancelled
from hostql.vtables.sources.files import counters

ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) "
HUGE = 1 << 42


def cancel_when_begun(database: Database, sql: str, value: object = 1) -> None:
    """Run the statement and cancel it from another thread once it calls its `begin()`, which gives `value`."""
    begun = threading.Event()

    def begin() -> object:
        begun.set()
        return value

    def cancel() -> None:
        begun.wait()
        database.cancel()

    database.connection.create_scalar_function("begin", begin, 0)
    thread = threading.Thread(target=cancel)
    thread.start()
    try:
        with pytest.raises(QueryCancelled):
            for _ in database.execute(sql):
                pass
    finally:
        begun.set()
        thread.join()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM c WHERE begin()",
        "SELECT group_concat(x) FROM c WHERE begin()",
        "SELECT json_group_array(x) FROM c WHERE begin()",
        "SELECT x FROM c WHERE begin() ORDER BY -x",
        "SELECT DISTINCT x % 10 FROM c WHERE begin()",
        "SELECT count(*) FROM c WHERE begin() AND regex_match(x, 'no', 0)",
    ],
)
def test_in_sqlite_itself(db: Database, sql: str) -> None:
    cancel_when_begun(db, ENDLESS + sql)


@pytest.mark.parametrize(
    "column, operator, star", [("path", "LIKE", "%"), ("path", "GLOB", "*"), ("directory", "LIKE", "%")]
)
def test_in_a_walk_that_finds_nothing(db: Database, tmp_path: Path, column: str, operator: str, star: str) -> None:
    """A folder of links to itself is a tree of 30^20 folders."""
    for number in range(30):
        (tmp_path / f"l{number}").symlink_to(".")
    pattern = f"{tmp_path}/" + f"{star}/" * 20 + "none"
    cancel_when_begun(db, f"SELECT * FROM file WHERE {column} {operator} begin()", pattern)


def test_in_a_walk_whose_rows_are_not_wanted(db: Database) -> None:
    """Every row is given and thrown away, and the walk begins again for each number."""
    sql = "SELECT count(*) FROM c, file WHERE path LIKE '/usr/share/%%' AND size = -c.x AND begin()"
    cancel_when_begun(db, ENDLESS + sql)


def test_in_a_digest_of_a_huge_file(db: Database, tmp_path: Path) -> None:
    """4 TiB of nothing, of which a small part has been read."""
    path = tmp_path / "huge"
    path.touch()
    os.truncate(path, HUGE)
    db.settings.read_max = HUGE
    before = counters.bytes
    cancel_when_begun(db, "SELECT md5, sha256 FROM hash WHERE path = begin()", str(path))
    assert counters.bytes - before < HUGE // 100


def test_a_cancelled_database_answers_the_next_statement(db: Database) -> None:
    cancel_when_begun(db, ENDLESS + "SELECT count(*) FROM c WHERE begin()")
    assert list(db.execute("SELECT 1")) == [(1,)]


def test_cancelling_nothing_stops_nothing_later(db: Database) -> None:
    list(db.execute("SELECT 1"))
    db.cancel()
    assert list(db.execute("SELECT 2")) == [(2,)]
