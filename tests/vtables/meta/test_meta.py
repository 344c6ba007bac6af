"""What hostql tells of itself."""

from __future__ import annotations

import os

from hostql import _version
from hostql.tests.conftest import query
from hostql.vtables.catalog import Catalog
from hostql.vtables.database import Database
from hostql.vtables.settings import Settings


def test_this_program(db: Database):
    (row,) = query(db, "SELECT i.*, p.start_time AS started FROM osquery_info i JOIN processes p USING (pid)")
    assert row["pid"] == os.getpid()
    assert row["version"] == _version.__version__
    assert row["start_time"] == row["started"]
    assert (row["watcher"], row["extensions"], row["build_platform"]) == (-1, "inactive", "linux")


def test_settings_show_what_they_are_set_to():
    with Database(settings=Settings(remote_mounts=True)) as db:
        (row,) = query(db, "SELECT value, default_value FROM osquery_flags WHERE name = 'remote_mounts'")
    assert row == {"value": "true", "default_value": "false"}


def test_each_setting_is_listed(db: Database):
    assert {row["name"] for row in query(db, "SELECT name FROM osquery_flags")} == set(Settings.__slots__)


def test_the_catalogue_is_the_tables_there_are(db: Database):
    names = set(Catalog())
    assert {row["table_name"] for row in query(db, "SELECT table_name FROM hostql_tables")} == names
    assert {row["name"] for row in query(db, "SELECT name FROM osquery_registry WHERE registry = 'table'")} == names
    columns = query(db, "SELECT table_name, count(*) AS n FROM hostql_columns GROUP BY table_name")
    counts = query(db, "SELECT table_name, column_count AS n FROM hostql_tables ORDER BY table_name")
    assert columns == counts


def test_columns_are_those_sqlite_knows(db: Database):
    ours = query(db, "SELECT column_name, is_hidden FROM hostql_columns WHERE table_name = 'time' ORDER BY position")
    theirs = query(db, "SELECT name AS column_name, hidden AS is_hidden FROM pragma_table_xinfo('time')")
    assert ours == theirs
