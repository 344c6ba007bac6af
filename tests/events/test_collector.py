"""The collector and its buffer, fed by a publisher that reads rows from a pipe."""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest
from hostql.events.buffer import Buffer
from hostql.events.catalog import catalog
from hostql.events.collector import Collector
from hostql.events.cursors import Cursor
from hostql.events.exclusion.rules import PathPattern, Rule, Rules
from hostql.events.options import Options
from hostql.events.publisher import Counters, Publisher, Unavailable

CATALOG = catalog()
TABLES = [CATALOG.load(name) for name in CATALOG if CATALOG.subject(name) == "events"]
PROCESSES = CATALOG.load("process_events")
NOW = int(time.time())
COLUMNS = ("pid", "path", "cmdline", "uid", "time")


class Piped(Publisher):
    """Rows as JSON lines from a pipe; a line 'break' breaks it."""

    name = "bpf"
    tier = 1
    tables = ("process_events",)
    pipe = -1

    def open(self, tables: frozenset[str], options: Options) -> None:
        self._seen = self._lost = 0
        self.opened = tables

    def fileno(self) -> int:
        return self.pipe

    def drain(self, stream: Any) -> None:
        rows = []
        try:
            raw = os.read(self.pipe, 1 << 20)
        except BlockingIOError:
            return
        for line in raw.splitlines():
            self._seen += 1
            if line == b"break":
                raise OSError("broken")
            try:
                rows.append(tuple(json.loads(line)))
            except ValueError:
                self._lost += 1
        stream.add("process_events", COLUMNS, rows)

    def counters(self) -> Counters:
        return Counters(self._seen, 0, self._lost)

    def close(self) -> None:
        pass


class Unable(Piped):
    """The first choice for process_events, that never works."""

    name = PROCESSES.publishers[0]
    tier = 0
    why = Unavailable("there is no way here", "boot with one")

    def open(self, tables: frozenset[str], options: Options) -> None:
        raise self.why


class Second(Piped):
    """The second choice."""

    name = PROCESSES.publishers[1]


@pytest.fixture
def pipe() -> Iterator[int]:
    """The end of the pipe to write rows to."""
    read, write = os.pipe2(os.O_NONBLOCK)
    Piped.pipe = read
    yield write
    os.close(read)
    os.close(write)


def collector(path: Path, *publishers: type[Publisher], rules: Rules | None = None) -> Collector:
    made = Collector(Buffer(str(path), TABLES), [PROCESSES], publishers, Options(), rules)
    made.start()
    return made


def feed(running: Collector, pipe: int, *rows: object) -> None:
    os.write(pipe, b"".join((row if isinstance(row, bytes) else json.dumps(row).encode()) + b"\n" for row in rows))
    running.step()
    running.store.commit()
    running._report()


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def test_rows_are_stored_with_who_did_it(tmp_path: Path, pipe: int):
    path = tmp_path / "events.db"
    running = collector(path, Piped)
    feed(running, pipe, [os.getpid(), "/bin/true", "true", 0, NOW], [4194304, "/gone", "gone", 0, NOW])
    stored = rows(path, "SELECT eid, path, exe, ppid, ancestors <> '', publisher FROM process_events ORDER BY eid")
    assert stored == [
        (1, "/bin/true", os.readlink("/proc/self/exe"), os.getppid(), 1, "bpf"),
        (2, "/gone", "/gone", None, 0, "bpf"),
    ]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    running.close()


def test_what_makes_no_sense_is_lost_alone_and_counted(tmp_path: Path, pipe: int):
    path = tmp_path / "events.db"
    running = collector(path, Piped)
    feed(running, pipe, [1, "/a", "a", 0, NOW], b"{nonsense", [1, "/b", "b", 0, NOW])
    assert rows(path, "SELECT state, seen, stored, lost FROM event_publishers") == [("running", 3, 2, 1)]
    running.close()


class Faulty(Piped):
    """Hands over columns that the table lacks, or raises, by what a line says."""

    def drain(self, stream: Any) -> None:
        for line in os.read(self.pipe, 1 << 20).splitlines():
            text = json.loads(line)
            if text == "bug":
                raise KeyError("bug")
            if text == "short":
                stream.add("process_events", COLUMNS, [(1, "/short"), (2, "/long", "", 0, NOW)])
            columns = ("pid", "nonsense") if text == "column" else COLUMNS
            stream.add("process_events", columns, [(1, text, "", 0, NOW)[: len(columns)]])

    def counters(self) -> Counters:
        return Counters(0, 0, 0)


@pytest.mark.parametrize("fault, lost", [("column", 1), ("short", 1), ("bug", 0)])
def test_what_cannot_be_stored_costs_itself(tmp_path: Path, pipe: int, fault: str, lost: int):
    """A bug of a publisher ends neither the collector nor what else is there."""
    path = tmp_path / "events.db"
    running = collector(path, Faulty)
    feed(running, pipe, "/before")
    feed(running, pipe, fault)
    assert rows(path, "SELECT lost, reason <> '' OR lost FROM event_publishers")[0] == (lost, 1)
    for assigned in running.assignment.due(float("inf")):
        running._open(assigned)
    feed(running, pipe, "/after")
    found = [path for (path,) in rows(path, "SELECT path FROM process_events ORDER BY eid")]
    assert found == ["/before", *(["/long", "short"] if fault == "short" else []), "/after"]
    running.close()


def test_a_publisher_that_cannot_work_says_why(tmp_path: Path, pipe: int):
    path = tmp_path / "events.db"
    running = collector(path, Unable, Second)
    found = rows(path, "SELECT name, state, tables, reason FROM event_publishers ORDER BY tier")
    assert found == [
        (Unable.name, "unavailable", "", "there is no way here; boot with one"),
        (Second.name, "running", "process_events", ""),
    ]
    running.close()


def test_a_publisher_that_cannot_work_says_why_though_nothing_would_help(
    tmp_path: Path, pipe: int, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "events.db"
    monkeypatch.setattr(Unable, "why", Unavailable("there is no way here"))
    running = collector(path, Unable)
    found = rows(path, "SELECT name, state, reason FROM event_publishers")
    assert found == [(Unable.name, "unavailable", "there is no way here")]
    running.close()


def test_a_publisher_that_breaks_is_restarted(tmp_path: Path, pipe: int):
    path = tmp_path / "events.db"
    running = collector(path, Piped)
    feed(running, pipe, b"break")
    assert rows(path, "SELECT state, reason, restarts FROM event_publishers") == [("restarting", "broken", 1)]
    running.assignment._all[0].retry_at = 0.0
    running.step(0)
    feed(running, pipe, [1, "/after", "", 0, NOW])
    assert rows(path, "SELECT path FROM process_events") == [("/after",)]
    assert rows(path, "SELECT state, seen FROM event_publishers") == [("running", 2)]
    running.close()


def test_excluded_events_are_dropped_and_counted(tmp_path: Path, pipe: int):
    path = tmp_path / "events.db"
    rules = Rules(
        "quiet",
        (
            Rule(0, "{}", event_class="process", path=(PathPattern("prefix", "/usr/lib"),), uid=(0,)),
            Rule(1, '{"uid": [0]}', event_class="socket", uid=(0,)),
        ),
    )
    running = collector(path, Piped, rules=rules)
    feed(
        running,
        pipe,
        [1, "/usr/lib/a", "", 0, NOW],
        [1, "/usr/lib/a", "", 5, NOW],
        [1, "/usr/libexec/a", "", 0, NOW],
    )
    assert rows(path, "SELECT path, uid FROM process_events ORDER BY eid") == [("/usr/lib/a", 5), ("/usr/libexec/a", 0)]
    assert rows(path, "SELECT rule, enforced, dropped FROM event_exclusions") == [
        (0, "collector", 1),
        (1, "", 0),
    ]
    running.use(Rules())
    feed(running, pipe, [1, "/usr/lib/a", "", 0, NOW])
    assert rows(path, "SELECT count(*) FROM process_events") == [(3,)]
    running.close()


def test_rules_that_cannot_be_applied_start_the_publisher_anew(tmp_path: Path, pipe: int):
    class Refusing(Piped):
        refusals = 0

        def exclude(self, rules: Rules) -> frozenset[int]:
            if rules.rules and not Refusing.refusals:
                Refusing.refusals += 1
                raise OSError("no room for rules")
            return frozenset()

    path = tmp_path / "events.db"
    running = collector(path, Refusing)
    running.use(Rules("quiet", (Rule(0, "{}", uid=(0,)),)))
    state = "SELECT state, reason FROM event_publishers"
    assert rows(path, state) == [("restarting", "no room for rules")]
    running.assignment._all[0].retry_at = 0.0
    running.step(0)
    feed(running, pipe, [1, "/a", "", 0, NOW], [1, "/b", "", 5, NOW])
    assert rows(path, "SELECT path FROM process_events") == [("/b",)]
    assert rows(path, "SELECT state, excluded FROM event_publishers") == [("running", 1)]
    running.close()


def test_an_end_completes_its_row(tmp_path: Path):
    buffer = Buffer(str(tmp_path / "events.db"), TABLES)
    columns = ("pid", "path", "time")
    now = int(time.time())
    buffer.add("process_events", columns, [(7, "/old", 1), (7, "/new", now), (8, "/other", now), (9, "/long", 1)])
    buffer.add("process_events", columns, [(10, "/stranger", now - 3600)])
    # The last one is that of another process with the same pid, whose row is not here.
    buffer.ended([(3, 1500, 7), (4, now * 1000, 9), (5, 1500, 10)])
    buffer.commit()
    found = rows(tmp_path / "events.db", "SELECT path, exit_code, duration_ms FROM process_events ORDER BY eid")
    assert found == [
        ("/old", None, None),
        ("/new", 3, 1500),
        ("/other", None, None),
        ("/long", 4, now * 1000),
        ("/stranger", None, None),
    ]
    buffer.close()


def test_a_value_that_sqlite_cannot_hold_costs_its_row(tmp_path: Path):
    buffer = Buffer(str(tmp_path / "events.db"), TABLES)
    columns = ("pid", "path", "time")
    buffer.add("process_events", columns, [(1, "/a", NOW), (1 << 64, "/b", NOW), (2, "\ud800", NOW), (3, "/c", NOW)])
    buffer.commit()
    assert rows(tmp_path / "events.db", "SELECT path FROM process_events") == [("/a",), ("/c",)]
    assert (buffer.stored, buffer.dropped) == ({"process_events": 2}, {"process_events": 2})
    buffer.close()


def test_old_and_too_many_rows_expire_but_never_the_newest(tmp_path: Path):
    path = tmp_path / "events.db"
    buffer = Buffer(str(path), TABLES)
    columns = ("pid", "time")
    buffer.add("process_events", columns, [(n, 1000) for n in range(10)])
    buffer.commit()
    buffer.expire(60, 1000)
    assert rows(path, "SELECT eid FROM process_events") == [(10,)]
    buffer.add("process_events", columns, [(n, int(time.time())) for n in range(10)])
    buffer.commit()
    buffer.expire(60, 5)
    assert rows(path, "SELECT eid FROM process_events ORDER BY eid") == [(n,) for n in range(16, 21)]
    buffer.close()


def test_a_damaged_file_is_put_aside(tmp_path: Path):
    path = tmp_path / "events.db"
    path.write_bytes(b"this is no database" * 1000)
    buffer = Buffer(str(path), TABLES)
    assert "put aside" in buffer.problem
    buffer.add("process_events", ("pid", "time"), [(1, NOW)])
    buffer.commit()
    assert rows(path, "SELECT pid FROM process_events") == [(1,)]
    assert [each for each in os.listdir(tmp_path) if "damaged" in each]
    buffer.close()


def test_a_file_that_cannot_be_made_leaves_memory(tmp_path: Path):
    (tmp_path / "file").write_text("")
    buffer = Buffer(str(tmp_path / "file" / "events.db"), TABLES)
    assert "memory alone" in buffer.problem
    buffer.add("process_events", ("pid", "time"), [(1, NOW)])
    buffer.commit()
    assert buffer.stored == {"process_events": 1}
    buffer.close()


def test_a_cursor_sees_every_event_once_and_counts_what_it_missed(tmp_path: Path):
    path = tmp_path / "events.db"
    buffer = Buffer(str(path), TABLES)
    columns = ("pid", "time")
    buffer.add("process_events", columns, [(n, int(time.time())) for n in range(10)])
    buffer.commit()
    first = apsw.Connection(str(path))
    cursor = Cursor(first, "test", "process_events")
    assert [len(cursor.read(4)), len(cursor.read(4))] == [4, 4]
    cursor.advance(4)
    first.close()
    again = Cursor(apsw.Connection(str(path)), "test", "process_events")
    assert (again.eid, len(again.read(100)), again.missed) == (4, 6, 0)
    buffer.expire(1 << 30, 2)
    assert [len(again.read(100)), len(again.read(100)), again.missed] == [2, 2, 4]
    buffer.close()
