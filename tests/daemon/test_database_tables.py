"""`auto_table_construction`: tables over real SQLite files."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import apsw
import pytest
from hostql.daemon.config.model import DatabaseTable
from hostql.daemon.database_tables import add_tables
from hostql.tests.conftest import notes, query
from hostql.vtables.database import Database
from hostql.vtables.errors import QueryLimitExceeded
from hostql.watchdog.guard import Breach, Guard
from hostql.watchdog.limits import Limits


def made(path: Path, *urls: str) -> None:
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE urls (url, visits)")
    connection.executemany("INSERT INTO urls VALUES (?, ?)", [(url, len(url)) for url in urls])
    connection.close()


def test_rows_of_all_files_and_what_cannot_be_read(tmp_path: Path):
    made(tmp_path / "a.sqlite", "http://a", "http://aa")
    made(tmp_path / "b.sqlite", "http://b")
    (tmp_path / "c.sqlite").write_text("no database")
    table = DatabaseTable("history", f"{tmp_path}/%.sqlite", "SELECT url, visits FROM urls", ["url", "visits", "gone"])
    with Database() as db:
        assert add_tables(db, [table]) == []
        sql = "SELECT url, visits, gone, path FROM history"
        assert [tuple(row.values())[:3] for row in query(db, sql)] == [
            ("http://a", "8", None),
            ("http://aa", "9", None),
            ("http://b", "8", None),
        ]
        assert "c.sqlite cannot be read" in notes(db, sql)[0]
        assert len(query(db, f"{sql} WHERE path = '{tmp_path}/b.sqlite'")) == 1


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16le", "UTF-16be"])
def test_a_cell_that_is_not_unicode_costs_itself(tmp_path: Path, encoding: str):
    connection = apsw.Connection(f"{tmp_path}/x.db")
    connection.execute(f"PRAGMA encoding = '{encoding}'; CREATE TABLE t (a, b)")
    connection.execute("INSERT INTO t VALUES (1, 'caf\u00e9'), (2, CAST(x'ff00ff' AS TEXT)), (3, x'ff'), (4, 'z')")
    connection.close()
    with Database() as db:
        add_tables(db, [DatabaseTable("t", f"{tmp_path}/x.db", "SELECT a, b FROM t -- all;", ["a", "b"])])
        rows = [(row["a"], row["b"]) for row in query(db, "SELECT a, b FROM t")]
        assert notes(db, "SELECT a, b FROM t") == []
    assert rows[0] == ("1", "caf\u00e9") and rows[2:] == [("3", b"\xff"), ("4", "z")]
    assert "\\xff" in rows[1][1] or encoding != "UTF-8"


def test_a_pragma_is_a_query_too(tmp_path: Path):
    made(tmp_path / "a.db", "x")
    with Database() as db:
        add_tables(db, [DatabaseTable("t", f"{tmp_path}/a.db", "PRAGMA table_info(urls)", ["name"])])
        assert [row["name"] for row in query(db, "SELECT name FROM t")] == ["url", "visits"]


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS url FROM n WHERE i < 0"


@pytest.mark.parametrize("query", ["SELECT url FROM h", ENDLESS, "SELECT url FROM h ORDER BY url"])
def test_what_a_file_computes_without_end_is_stopped(tmp_path: Path, query: str):
    connection = apsw.Connection(f"{tmp_path}/x.db")
    connection.execute(f"CREATE VIEW h AS {ENDLESS}")
    connection.close()
    with Database() as db:
        assert add_tables(db, [DatabaseTable("hist", f"{tmp_path}/x.db", query, ["url"])]) == []

        def stop(breach: Breach) -> BaseException:
            reason = QueryLimitExceeded(breach.limit, breach.allowed, breach.used, breach.message)
            db.cancel(reason)
            return reason

        with pytest.raises(QueryLimitExceeded, match="timeout"), Guard(Limits(timeout=0.2), stop):
            list(db.execute("SELECT url FROM hist"))
        # The next statement is not stopped.
        assert list(db.execute("SELECT 1")) == [(1,)]


@pytest.mark.parametrize(
    "statement",
    ["VACUUM INTO '{}/out.db'", "ATTACH '{}/out.db' AS x", "PRAGMA journal_mode = DELETE", "DELETE FROM urls"],
)
def test_a_configured_statement_only_reads(tmp_path: Path, statement: str):
    made(tmp_path / "a.db", "http://a")
    with Database() as db:
        table = DatabaseTable("hist", f"{tmp_path}/a.db", statement.format(tmp_path), ["url"])
        assert add_tables(db, [table]) == []
        assert "a.db cannot be read: " in notes(db, "SELECT url FROM hist")[0]
    assert os.listdir(tmp_path) == ["a.db"]


def test_what_is_no_file_is_not_opened(tmp_path: Path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link.db").symlink_to("fifo")
    (tmp_path / "folder.db").mkdir()
    (tmp_path / "null.db").symlink_to("/dev/null")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{tmp_path}/socket.db")
        with Database() as db:
            assert add_tables(db, [DatabaseTable("hist", f"{tmp_path}/%.db", "SELECT 1 AS a", ["a"])]) == []
            assert notes(db, "SELECT a FROM hist") == [
                f"hist: {tmp_path}/{name}.db cannot be read: it is {kind}, not a file"
                for name, kind in (("link", "a FIFO"), ("null", "a device"), ("socket", "a socket"))
            ]


def test_a_name_that_is_taken_is_told():
    with Database() as db:
        assert "processes" in add_tables(db, [DatabaseTable("processes", "/x", "SELECT 1", ["a"])])[0]
