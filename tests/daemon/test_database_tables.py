"""`auto_table_construction`: tables over real SQLite files."""

from __future__ import annotations

from pathlib import Path

import apsw
from hostql.daemon.config.model import DatabaseTable
from hostql.daemon.database_tables import add_tables
from hostql.tests.conftest import notes, query
from hostql.vtables.database import Database


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


def test_a_name_that_is_taken_is_told():
    with Database() as db:
        assert "processes" in add_tables(db, [DatabaseTable("processes", "/x", "SELECT 1", ["a"])])[0]
