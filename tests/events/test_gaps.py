"""`event_gaps`: whatever may be missing is a row: publishers that broke, what they lost, times without a collector."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from hostql.events.options import Options
from hostql.events.publisher import Publisher, Unavailable
from hostql.events.stream import Stream
from hostql.tests.events.test_collector import NOW, Piped, collector, feed, pipe, rows

__all__ = ["pipe"]
GAPS = "SELECT tables, reason, lost, publisher FROM event_gaps WHERE publisher <> '' ORDER BY eid"


def test_a_publisher_that_broke_leaves_a_gap(tmp_path: Path, pipe: int):
    path = tmp_path / "events.db"
    running = collector(path, Piped)
    feed(running, pipe, b"break")
    assert rows(path, GAPS) == []
    running.assignment._all[0].retry_at = 0.0
    feed(running, pipe, [1, "/after", "", 0, NOW])
    assert rows(path, GAPS) == [("process_events", "bpf broke: broken", 0, "bpf")]
    assert rows(path, "SELECT time - began BETWEEN 0 AND 60 FROM event_gaps") == [(1,)]
    running.close()


def test_losses_within_a_second_are_one_row(tmp_path: Path, pipe: int):
    path = tmp_path / "events.db"
    running = collector(path, Piped)
    stream: Any = running.assignment.opened()[0].stream
    feed(running, pipe, [1, "/before", "", 0, NOW])
    for lost in (1, 2, 3):
        stream.gap(f"lost {lost}", lost)
    running._report()
    running.store.commit()
    running._report()
    running.store.commit()
    assert rows(path, GAPS) == [("process_events", "lost 3", 6, "bpf")]
    assert rows(path, "SELECT began IS NOT NULL FROM event_gaps") == [(1,)]
    assert rows(path, "SELECT reason FROM event_publishers") == [("lost 3",)]
    running.close()


def test_the_time_without_a_collector_is_a_gap(tmp_path: Path, pipe: int):
    path = tmp_path / "events.db"
    running = collector(path, Piped)
    feed(running, pipe, [1, "/before", "", 0, NOW])
    running.close()
    assert rows(path, "SELECT count(*) FROM event_gaps") == [(0,)]
    os.utime(path, (1000, 1000))
    again = collector(path, Piped)
    again.close()
    ((began, until, tables, reason),) = rows(path, "SELECT began, time, tables, reason FROM event_gaps")
    assert (began, tables, reason) == (1000, "", "nobody collected events")
    assert NOW <= until <= time.time()


class Picky(Piped):
    """Works only where forks are asked for; then it is the better one."""

    name = "bpf"
    tier = 1
    settings = ("forks",)

    def open(self, tables: frozenset[str], options: Options) -> None:
        if not options.forks:
            raise Unavailable("nobody wants forks")
        super().open(tables, options)


class Second(Piped):
    name = "audit"
    tier = 2
    closed = 0

    def close(self) -> None:
        Second.closed += 1


def test_new_settings_give_another_publisher_its_chance(tmp_path: Path, pipe: int):
    path = tmp_path / "events.db"
    running = collector(path, Picky, Second)

    def states() -> Any:
        return rows(path, "SELECT name, state, tables FROM event_publishers ORDER BY tier")

    assert states() == [("bpf", "unavailable", ""), ("audit", "running", "process_events")]
    running.use(running.rules, Options(forks=True))
    assert states() == [("bpf", "running", "process_events"), ("audit", "standby", "")]
    assert Second.closed == 1
    feed(running, pipe, [1, "/a", "", 0, NOW])
    assert rows(path, "SELECT path, publisher FROM process_events") == [("/a", "bpf")]
    running.use(running.rules, Options(forks=False))
    assert states() == [("bpf", "unavailable", ""), ("audit", "running", "process_events")]
    feed(running, pipe, [1, "/b", "", 0, NOW])
    assert rows(path, "SELECT path, publisher FROM process_events") == [("/a", "bpf"), ("/b", "audit")]
    running.close()


class Both(Piped):
    """Feeds another table as well; opened with those it feeds."""

    name = "audit"
    tier = 2
    opened_for: list[frozenset[str]] = []

    def open(self, tables: frozenset[str], options: Options) -> None:
        super().open(tables, options)
        Both.opened_for.append(tables)


def test_one_that_gives_up_later_passes_its_tables_to_one_that_runs(tmp_path: Path, pipe: int):
    class Once(Piped):
        times = 0

        def open(self, tables: frozenset[str], options: Options) -> None:
            Once.times += 1
            if Once.times > 1:
                raise Unavailable("once is enough")
            super().open(tables, options)

    path = tmp_path / "events.db"
    running = collector(path, Once, Both)
    assert Both.opened_for == []
    feed(running, pipe, b"break")
    running.assignment._all[0].retry_at = 0.0
    running.step(0)
    assert Both.opened_for == [frozenset({"process_events"})]
    feed(running, pipe, [1, "/a", "", 0, NOW])
    assert rows(path, "SELECT path, publisher FROM process_events") == [("/a", "audit")]
    assert rows(path, "SELECT publisher, reason FROM event_gaps") == [("bpf", "bpf broke: broken")]
    running.close()


def test_a_stream_without_losses_says_nothing():
    told: list[Any] = []

    class Kept:
        def add(self, *row: Any) -> None:
            told.append(row)

    stream = Stream("bpf", Kept(), None)  # type: ignore[arg-type]
    stream.tell_gap(["process_events"])
    assert told == []


def test_publishers_name_settings_that_exist():
    from hostql.events.publishers import all_publishers

    for publisher in all_publishers():
        assert isinstance(publisher, type) and issubclass(publisher, Publisher)
        assert set(publisher.settings) <= set(vars(Options()))
