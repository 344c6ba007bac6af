"""What osquery was observed to log over time, played again with the real engine over a real directory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hostql.daemon.config.model import ScheduledQuery
from hostql.daemon.records import Format
from hostql.daemon.runner import Runner
from hostql.daemon.state import State
from hostql.vtables.database import Database
from hostql.vtables.settings import Settings
from hostql.watchdog.limits import Limits

TIMELINES = json.loads((Path(__file__).parents[1] / "data/osquery_results.json").read_text())["timelines"]


class Agent:
    """A runner over a state, restarted at will, and the lines it logged."""

    def __init__(self, folder: Path, epoch: int = 0) -> None:
        self.folder = folder
        self.epoch = epoch
        self.now = 1_700_000_000
        self.path = str(folder.parent / "state" / "daemon.db")
        self.start()

    def start(self) -> None:
        self.state = State(self.path)
        self.database = Database(settings=Settings(osquery_patterns=True))
        self.runner = Runner(self.database, self.state, Format("h"), ["log"], epoch=self.epoch)

    def stop(self) -> None:
        self.database.close()
        self.state.close()

    def run(self, *queries: ScheduledQuery) -> list[Any]:
        """[name, epoch, counter, action, columns] of what that logs."""
        self.runner.epoch = self.epoch
        for query in queries:
            self.now += 1
            assert self.runner.run(query, self.now, Limits()).outcome == ""
        found = []
        for id, kind, line in self.state.waiting("log", 1000):
            parsed = json.loads(line.replace(str(self.folder), "{W}"))
            found.append([parsed.get(name) for name in ("name", "epoch", "counter", "action", "columns")])
            self.state.taken("log", id, kind, "")
        return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "w").mkdir()
    return tmp_path / "w"


def observed(name: str, run: int, *queries: str) -> list[Any]:
    """The rows of a run, without the second they came in."""
    rows = [row[1:] for row in TIMELINES[name][run]["rows"] if row[1] in queries]
    return [
        [*row[:4], {k: v for k, v in row[4].items() if not row[4]["path"].endswith("/") or k != "size"}] for row in rows
    ]


def played(rows: list[Any]) -> list[Any]:
    return [
        [*row[:4], {k: v for k, v in row[4].items() if not row[4]["path"].endswith("/") or k != "size"}] for row in rows
    ]


def by_query(rows: list[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row[0], []).append([row[1], row[2], row[3], json.dumps(row[4], sort_keys=True)])
    return {
        name: sorted(lines, key=lambda line: (line[0], line[1], line[2] != "removed", line[3]))
        for name, lines in found.items()
    }


def test_differences_restart_and_epoch(folder: Path):
    sql = f"SELECT path, size FROM file WHERE path LIKE '{folder}/%'"
    queries = [ScheduledQuery("diff", sql, 2), ScheduledQuery("diff_keep", sql, 2, removed=False)]
    agent = Agent(folder)
    rows: list[Any] = []

    def step(change: Any = None) -> None:
        if change is not None:
            change()
        rows.extend(agent.run(*queries))

    (folder / "f0").write_text("1234")
    step()
    step()
    step(lambda: (folder / "f1").write_text("123"))
    step(lambda: ((folder / "f1").write_text("1234567"), (folder / "sub").mkdir()))
    step(lambda: (folder / "f1").rename(folder / "f2"))
    step(lambda: (folder / "f2").unlink())
    assert by_query(played(rows)) == by_query(observed("v1", 0, "diff", "diff_keep"))
    agent.stop()
    (folder / "f3").write_text("0123456789")
    agent.start()
    rows.clear()
    step()
    step()
    assert by_query(played(rows)) == by_query(observed("v1", 1, "diff", "diff_keep"))
    agent.stop()
    agent.epoch = 5
    agent.start()
    rows.clear()
    step()
    step(lambda: (folder / "f3").unlink())
    assert by_query(played(rows)) == by_query(observed("v1", 2, "diff", "diff_keep"))
    agent.stop()


def test_sql_that_changes_and_queries_that_come_again(folder: Path):
    sql = f"SELECT path, size FROM file WHERE path LIKE '{folder}/%'"
    new = f"SELECT path, size, 'new' AS nc FROM file WHERE path LIKE '{folder}/%'"
    agent = Agent(folder)
    rows: list[Any] = []

    def step(*queries: ScheduledQuery) -> None:
        rows.extend(agent.run(*queries))

    def flip(**how: Any) -> ScheduledQuery:
        return ScheduledQuery("flip", sql, 3, **how)

    gone = ScheduledQuery("gone", sql, 3)
    (folder / "f").write_text("1")
    step(flip(), gone, ScheduledQuery("q", sql, 3))
    (folder / "g").write_text("1")
    step(flip(), gone, ScheduledQuery("q", sql, 3))
    # q has other SQL, gone is not there, flip is a snapshot.
    step(ScheduledQuery("q", new, 3))
    agent.run(flip(snapshot=True))
    (folder / "f").unlink()
    (folder / "f").write_text("1")
    (folder / "h").write_text("1")
    step(ScheduledQuery("q", new, 3))
    # Both are back as they were.
    step(flip(), gone)
    (folder / "g").unlink()
    (folder / "i").write_text("1")
    step(flip(), gone, ScheduledQuery("q", new, 3))
    # removed = false; a deletion is not told by q.
    (folder / "h").unlink()
    step(flip(), gone, ScheduledQuery("q", new, 3, removed=False))
    assert by_query(rows) == by_query(observed("v9", 0, "flip", "gone", "q"))
    agent.stop()


def test_an_empty_first_result_uses_up_counter_0(folder: Path):
    agent = Agent(folder)
    late = ScheduledQuery("late", f"SELECT path FROM file WHERE path LIKE '{folder}/late%'", 5)
    rows = agent.run(late)
    (folder / "late").write_text("1")
    rows += agent.run(late)
    agent.epoch = 7
    rows += agent.run(late)
    assert by_query(rows) == by_query([row[1:] for row in TIMELINES["v6"][0]["rows"] if row[1] == "late"])
    agent.stop()


def test_a_query_that_fails_costs_itself_and_changes_nothing(folder: Path):
    agent = Agent(folder)
    good = ScheduledQuery("q", "SELECT 1 AS a", 5)
    assert len(agent.run(good)) == 1
    for sql, said in (("SELEC", "near"), ("SELECT * FROM nosuch", "no such table"), ("SELECT * FROM file", "path")):
        usage = agent.runner.run(ScheduledQuery("q", sql, 5), agent.now, Limits())
        assert said in usage.outcome
    assert agent.run(good) == []
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    usage = agent.runner.run(ScheduledQuery("endless", endless, 5), agent.now, Limits(cpu=0.2))
    assert "of CPU; the limit is 0.2 s" in usage.outcome and usage.cpu > 0.2
    usage = agent.runner.run(ScheduledQuery("many", endless.replace("count(*)", "i"), 5), agent.now, Limits(rows=1000))
    assert "rows" in usage.outcome
    agent.stop()
