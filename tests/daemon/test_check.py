"""`hostql check` refuses what the agent cannot run, and nothing else: both prepare queries in the same way."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hostql.daemon.check import check
from hostql.vtables.errors import HostqlError

Q = "SELECT 1 AS a"


def checked(write: Any, content: dict[str, Any]) -> dict[str, str]:
    """{rule: message} of the faults."""
    return {fault.rule: fault.message for fault in check(write(content))[1] if not fault.note}


def scheduled(sql: str, **more: Any) -> dict[str, Any]:
    return {"schedule": {"q": {"query": sql, "interval": 60}}, **more}


@pytest.mark.parametrize(
    "sql, words",
    [
        ("SELECT * FROM file", "give path or directory"),
        ("SELECT f.path FROM processes p LEFT JOIN file f ON f.size = p.pid", "give path or directory"),
        ("ATTACH '/tmp/x' AS x", "may not be attached"),
        ("CREATE TEMP TABLE x(a)", "not allowed"),
        ("CREATE TABLE x(a)", ""),
        ("SELECT nothing FROM time", "nothing"),
        ("SELECT 1; SELECT * FROM nowhere", "nowhere"),
        ("SELECT load_extension('x')", "not allowed"),
    ],
)
def test_what_cannot_run_is_a_fault(write: Any, sql: str, words: str) -> None:
    (message,) = checked(write, scheduled(sql)).values()
    assert message.startswith("cannot run here: ") and words in message


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT x'00ff' AS a, x'80' || 'b'",
        "SELECT * FROM file WHERE path = '/etc/passwd' OR path LIKE '/x/%'",
        "SELECT * FROM users u JOIN file f ON f.path = u.directory",
        "SELECT pid FROM process_events",
        "EXPLAIN SELECT 1",
        "SELECT 1; -- over",
        "/* only a comment */ SELECT 1",
        "PRAGMA table_info(processes)",
    ],
)
def test_what_runs_is_none(write: Any, sql: str) -> None:
    assert checked(write, scheduled(sql)) == {}


def test_disabled_tables_are_not_there(write: Any) -> None:
    found = checked(write, scheduled("SELECT * FROM users", options={"disable_tables": "users, groups"}))
    assert found == {"q": "cannot run here: no such table: users"}


def test_decorators_and_views_are_prepared(write: Any) -> None:
    content = scheduled(
        Q,
        decorators={"load": ["SELECT * FROM nowhere"], "always": [Q], "interval": {"60": ["SELECT * FROM file"]}},
        views={"users": Q, "Groups": Q, "broken": "SELECT * FROM nowhere", "two": "SELECT 1; SELECT 2", "fine": Q},
    )
    assert sorted(checked(write, content)) == [
        *("decorators.interval.60", "decorators.load"),
        *("views.Groups", "views.broken", "views.two", "views.users"),
    ]


def test_packs_for_other_hosts_are_not_prepared(write: Any) -> None:
    queries = {"q": {"query": "SELECT * FROM alf", "interval": 60}}
    assert checked(write, {"packs": {"p": {"platform": "darwin", "queries": queries}}}) == {}


def test_tables_of_files_are_prepared(write: Any, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "a.db")) as db, db:
        db.execute("CREATE TABLE t(a, b)")

    def table(query: str, *columns: str, path: str = "%.db") -> dict[str, Any]:
        return {"query": query, "path": str(tmp_path / path), "columns": list(columns)}

    content = {
        "auto_table_construction": {
            "fine": table("SELECT a, b FROM t", "path", "a", "b"),
            "later": table("SELECT c FROM elsewhere", "c", path="none.db"),
            "unknown": table("SELECT c FROM t", "c"),
            "lacking": table("SELECT a FROM t", "a", "b"),
            "twice": table("SELECT a FROM t", "a", "A"),
            "nonsense": table("SELEC a", "a", path="none.db"),
            "writes": table("DELETE FROM t", "a"),
        }
    }
    assert {rule.partition(".")[2] for rule in checked(write, content)} == {
        *("unknown", "lacking", "twice", "nonsense", "writes"),
    }


def test_categories_and_loggers_that_are_not_there(write: Any) -> None:
    content = scheduled(
        Q,
        file_paths={"etc": ["/etc/%"]},
        exclude_paths={"etc": ["/etc/x"], "etcc": ["/etc/y"]},
        file_accesses=["etc", "home"],
        options={"logger_plugin": " , "},
    )
    assert checked(write, content) == {
        "exclude_paths.etcc": "there is no such category in file_paths",
        "file_accesses": "there is no category home in file_paths",
        "options.logger_plugin": "names none: results are not logged",
    }


def test_a_view_does_not_hide_a_table(write: Any) -> None:
    """For the agent as for the check."""
    from hostql.daemon.config.build import load
    from hostql.daemon.engine import add_views, open_database

    config = load(write({"views": {"users": "SELECT 1 AS a", "mine": Q}}))
    with open_database(config.options, "") as database:
        (problem,) = add_views(database, config.views)
        assert problem[0] == "users" and isinstance(problem[1], HostqlError)
        assert [column[0] for column in database.execute("SELECT uid FROM users LIMIT 0").columns] == ["u"]


@pytest.mark.parametrize("sql", ["BEGIN", "SAVEPOINT s", "ATTACH 'x' AS x", "CREATE TEMP TABLE t (x)", "SELECT nope"])
def test_what_the_agent_refuses_is_a_fault_wherever_it_stands(write: Any, sql: str) -> None:
    content = {
        "schedule": {"q": {"query": sql, "interval": 60}},
        "packs": {"p": {"discovery": [sql], "queries": {"q": {"query": "SELECT 1", "interval": 60}}}},
        "decorators": {"load": [sql], "always": [sql], "interval": {"60": [sql]}},
    }
    faults = {rule for rule, message in checked(write, content).items() if "cannot run here" in message}
    kinds = {"q", "packs.p.discovery", "decorators.load", "decorators.always", "decorators.interval.60"}
    assert faults == kinds
