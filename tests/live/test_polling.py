"""Processes found by looking at /proc again and again."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostql.events.options import Options
from hostql.events.publisher import Unavailable
from hostql.events.publishers import polling
from hostql.events.publishers.polling import Polling
from hostql.tests.events.streams import PATIENCE, Kept, drain_until

pytestmark = pytest.mark.live
TABLES = frozenset({"process_events"})
CAT = os.path.realpath("/bin/cat")


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch) -> Iterator[Polling]:
    monkeypatch.setattr(polling, "INTERVAL", 0.05)
    made = Polling()
    made.open(TABLES, Options())
    yield made
    made.close()


def test_a_program_that_lives_is_found_and_its_end(publisher: Polling):
    kept, began = Kept(), time.time()
    child = subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE)
    drain_until(publisher, kept, lambda: any(row["path"] == CAT for row in kept.of(child.pid)))
    row = kept.of(child.pid)[-1]
    assert (row["parent"], row["cmdline"], row["overflows"]) == (os.getpid(), "/bin/cat", "")
    assert abs(row["time"] - began) < PATIENCE
    child.communicate()
    drain_until(publisher, kept, lambda: child.pid in kept.ends)
    code, duration = kept.ends[child.pid]
    assert code is None and duration is not None and 0 <= duration < (time.time() - began + 1) * 1000
    assert publisher.counters().seen == len(kept.rows)


def test_what_was_there_before_is_no_event(publisher: Polling):
    kept = Kept()
    child = subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE)
    drain_until(publisher, kept, lambda: kept.of(child.pid))
    child.communicate()
    assert not kept.of(os.getpid())


def test_another_program_in_the_same_process_is_found(publisher: Polling):
    kept, shell = Kept(), os.path.realpath("/bin/sh")
    child = subprocess.Popen(["/bin/sh", "-c", "read line; exec /bin/cat"], stdin=subprocess.PIPE)
    drain_until(publisher, kept, lambda: any(row["path"] == shell for row in kept.of(child.pid)))
    assert child.stdin is not None
    child.stdin.write(b"\n")
    child.stdin.flush()
    drain_until(publisher, kept, lambda: any(row["path"] == CAT for row in kept.of(child.pid)))
    child.communicate()


def test_without_proc_it_says_why(tmp_path: Path):
    with pytest.raises(Unavailable, match="cannot be read"):
        Polling(str(tmp_path / "none")).open(TABLES, Options())
