"""Which event tables a statement reads is SQLite's answer, not its text's; a window shows some of their events."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hostql.events.attach import Events
from hostql.events.buffer import Buffer
from hostql.events.catalog import catalog
from hostql.events.window import Window, tables_read
from hostql.shell.follow import Follower
from hostql.shell.repl.commands.events import _statement
from hostql.shell.repl.session import Session
from hostql.shell.repl.settings import Settings
from hostql.vtables.database import Database
from hostql.vtables.errors import HostqlError

PROCESS, SOCKET = ("time", "pid", "path"), ("time", "pid", "remote_address")


@pytest.fixture
def buffer(tmp_path: Path) -> Iterator[Buffer]:
    """Three programs that were started, and a connection."""
    tables = catalog()
    made = Buffer(
        str(tmp_path / "events.db"), [tables.load(name) for name in tables if tables.subject(name) == "events"]
    )
    made.add("process_events", PROCESS, [(100 + n, n, f"/bin/{n}") for n in (1, 2, 3)])
    made.add("socket_events", SOCKET, [(100, 1, "192.0.2.1")])
    made.commit()
    yield made
    made.close()


@pytest.fixture
def database(buffer: Buffer) -> Iterator[Database]:
    with Database(catalog=catalog()) as made:
        made.provider = Events(made, lambda text: None, buffer.path, begin=False)
        yield made


READ = [
    ("SELECT pid FROM process_events", ["process_events"]),
    ("SELECT count(*) FROM process_events", ["process_events"]),
    ("SELECT 1 FROM PROCESS_EVENTS LIMIT 0", ["process_events"]),
    ('SELECT 1 FROM "process_events"', ["process_events"]),
    ("SELECT 1 FROM [process_events] AS socket_events", ["process_events"]),
    ("SELECT (SELECT max(pid) FROM process_events) AS pid", ["process_events"]),
    ("SELECT 1 WHERE EXISTS (SELECT 1 FROM process_events)", ["process_events"]),
    ("VALUES ((SELECT pid FROM process_events LIMIT 1))", ["process_events"]),
    ("WITH p AS (SELECT pid FROM process_events) SELECT count(*) FROM p", ["process_events"]),
    ("SELECT pid FROM started", ["process_events"]),
    ("SELECT 1; SELECT pid FROM process_events", ["process_events"]),
    ("SELECT s.pid, p.pid FROM process_events p JOIN socket_events s", ["process_events", "socket_events"]),
    ("SELECT s.pid, p.pid FROM socket_events s JOIN started p", ["socket_events", "process_events"]),
    ("SELECT 1 -- process_events", []),
    ("SELECT 1 /* FROM process_events */", []),
    ("SELECT 'process_events' AS name", []),
    ("SELECT 1 AS process_events", []),
    ("SELECT 1 AS x ORDER BY x -- ' FROM process_events", []),
    ("SELECT pid FROM processes WHERE name = 'process_events'", []),
    ("WITH process_events AS (SELECT 1 AS pid) SELECT pid FROM process_events", []),
    ("SELECT name FROM osquery_events", []),
    ("SELECT name FROM event_publishers", []),
]


@pytest.mark.parametrize("sql, tables", READ, ids=[sql for sql, _ in READ])
def test_what_a_statement_reads(database: Database, sql: str, tables: list[str]) -> None:
    database.make_view("started", "SELECT * FROM process_events")
    assert tables_read(database, sql) == tables
    window = Window.over(database, sql)
    assert (window.table if window is not None else None) == (tables[0] if tables else None)
    # Nothing is left of looking.
    assert list(database.execute("SELECT count(*) FROM process_events")) == [(3,)]


def test_a_common_table_expression_hides_the_table_though_none_of_its_columns_is_used(database: Database) -> None:
    assert Window.over(database, "WITH process_events AS (SELECT 1) SELECT count(*) FROM process_events") is None


@pytest.mark.parametrize(
    "sql, pids",
    [
        ("SELECT pid FROM process_events", [2, 3]),
        ("SELECT pid FROM process_events -- or process_events\n", [2, 3]),
        ("SELECT pid FROM started", [2, 3]),
        ("WITH p AS (SELECT * FROM process_events) SELECT pid FROM p", [2, 3]),
        ("SELECT max(pid) FROM process_events", [3]),
    ],
)
def test_only_the_events_of_the_window_are_seen(database: Database, sql: str, pids: list[int]) -> None:
    database.make_view("started", "SELECT * FROM process_events")
    window = Window.over(database, sql)
    assert window is not None and (window.oldest(), window.newest()) == (1, 3)
    window.open(1, 3)
    assert [pid for (pid,) in database.execute(sql)] == pids
    window.close()
    assert list(database.execute("SELECT count(*) FROM process_events")) == [(3,)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT pid FROM main.process_events",
        "SELECT count(*) FROM main.process_events",
        "SELECT p.pid FROM process_events p, main.process_events",
    ],
)
def test_the_table_of_main_is_not_taken_for_one_that_nobody_fills(database: Database, sql: str) -> None:
    for _ in range(2):
        with pytest.raises(HostqlError) as caught:
            Window.over(database, sql)
        assert "without main: process_events" in caught.value.hint
        assert list(database.execute("SELECT count(*) FROM process_events")) == [(3,)]


@pytest.mark.parametrize("sql", ["SELECT pid FROM events.process_events", "SELECT count(*) FROM events.process_events"])
def test_the_table_by_its_schema_is_refused(database: Database, sql: str) -> None:
    with pytest.raises(HostqlError, match="all events there are") as caught:
        Window.over(database, sql)
    assert "without its schema" in caught.value.hint


def test_following(database: Database, buffer: Buffer) -> None:
    sql = "SELECT :what AS what, pid FROM process_events /* not socket_events */"
    follower = Follower(database, sql, {"what": "new"})
    came: list[list[tuple[object, ...]]] = []

    def run(statement: str) -> None:
        came.append(list(database.execute(statement, {"what": "new"})))

    def stopped() -> bool:
        if len(came) < 2:
            buffer.add("process_events", PROCESS, [(110, 10 + len(came), "/bin/new")])
            buffer.commit()
        return len(came) == 2

    follower.follow(run, stopped)
    assert came == [[("new", 10)], [("new", 11)]]
    assert list(database.execute("SELECT count(*) FROM process_events")) == [(5,)]


@pytest.mark.parametrize("sql", ["SELECT 'process_events' AS name", "SELECT 1 FROM process_events JOIN socket_events"])
def test_following_none_or_several_is_refused(database: Database, sql: str) -> None:
    with pytest.raises(HostqlError, match="one event table can be followed"):
        Follower(database, sql)


@pytest.mark.parametrize(
    "argument, statement",
    [
        ("process_events WHERE pid = 1", "SELECT * FROM process_events WHERE pid = 1"),
        ("process_events WHERE pid = :nothing", "SELECT * FROM process_events WHERE pid = :nothing"),
        ("/* which */ process_events", "SELECT * FROM /* which */ process_events"),
        ('"process_events"', 'SELECT * FROM "process_events"'),
        ("/* all */ select pid from process_events", "/* all */ select pid from process_events"),
        ("SELECT pid FROM process_events -- all", "SELECT pid FROM process_events -- all"),
        ("SELECT nothing FROM process_events", "SELECT nothing FROM process_events"),
    ],
)
def test_tail_takes_a_table_or_a_statement(database: Database, argument: str, statement: str) -> None:
    assert _statement(Session(database, Settings()), argument) == statement
