"""Tables that fail: a query over one costs itself alone, and its last result stays what it was."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hostql.daemon.config.model import ScheduledQuery
from hostql.daemon.records import Format
from hostql.daemon.runner import Runner, Usage
from hostql.daemon.state import State
from hostql.vtables.catalog import Catalog
from hostql.vtables.database import Database
from hostql.vtables.scan import Scan
from hostql.vtables.table import INTEGER, TEXT, Column, Table
from hostql.watchdog.limits import Limits


class Faulty(Table):
    """Does what the test says."""

    number = Column(INTEGER, "A number")
    text = Column(TEXT, "A text")
    examples = ["SELECT * FROM faulty;"]
    does: Any = None

    def rows(self, scan: Scan) -> Iterable[Any]:
        return type(self).does()  # type: ignore[no-any-return]


class Agent:
    def __init__(self, folder: Path) -> None:
        self.state = State(str(folder / "daemon.db"))
        catalog = Catalog()
        catalog.add("faulty", Faulty)
        self.database = Database(catalog=catalog)
        self.runner = Runner(self.database, self.state, Format("h"), ["log"])
        self.now = 1_700_000_000

    def run(self, sql: str = "SELECT * FROM faulty", limits: Limits | None = None) -> Usage:
        self.now += 10
        return self.runner.run(ScheduledQuery("q", sql, 10), self.now, limits or Limits())


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    made = Agent(tmp_path)
    yield made
    made.database.close()
    made.state.close()


def raising(error: BaseException) -> Any:
    def rows() -> Iterator[Any]:
        yield (1, "one")
        raise error

    return rows


def hanging() -> Iterator[Any]:
    # In Python and not in the kernel: an interrupt is heard between two rows, at the latest.
    for number in range(1 << 60):
        time.sleep(0.001)
        if number % 100 == 0:
            yield (number, "still")


FAULTS = {
    "an error": (raising(ZeroDivisionError("division by zero")), "division by zero"),
    "a refusal": (raising(PermissionError(13, "Permission denied")), "ermission"),
    "too deep": (raising(RecursionError("too deep")), "too deep"),
    "no memory": (raising(MemoryError()), "emory"),
    "nothing": (lambda: None, "not iterable"),
    "a number": (lambda: 7, "not iterable"),
    "a short row": (lambda: [(1,)], ""),
    # A value that is none is NULL, with a note.
    "an object": (lambda: [(1, object())], ""),
    "a large number": (lambda: [(1 << 70, "large")], ""),
    "no row": (lambda: ["text"], "no attribute"),
}


@pytest.mark.parametrize("does, says", FAULTS.values(), ids=FAULTS)
def test_a_table_that_raises_or_returns_rubbish(agent: Agent, does: Any, says: str) -> None:
    Faulty.does = lambda: [(1, "one"), (2, "two")]
    assert agent.run().outcome == ""
    before, waiting = agent.state.rows("q"), len(agent.state.waiting("log", 99))
    Faulty.does = does
    usage = agent.run()
    assert says in usage.outcome and bool(says) == bool(usage.outcome) and not usage.breach
    if usage.outcome:
        assert agent.state.rows("q") == before and len(agent.state.waiting("log", 99)) == waiting
    # What follows is told against the last result that was one.
    Faulty.does = lambda: [(1, "one"), (3, "three")]
    assert agent.run().outcome == ""
    assert agent.run("SELECT 1 AS one").outcome == ""


def test_a_table_that_hangs_is_interrupted(agent: Agent) -> None:
    Faulty.does = hanging
    usage = agent.run(limits=Limits(timeout=0.3))
    assert usage.breach and "0.3 s" in usage.outcome
    Faulty.does = lambda: [(1, "one")]
    assert agent.run().outcome == ""
