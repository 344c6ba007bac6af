"""A running collector and its configuration: a new profile applies at once and loses no event, a faulty one changes
nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest
from hostql.tests.host import PATIENCE

# It takes long, and is the same on every Python.
pytestmark = pytest.mark.slow
A = {"class": "process", "path": "/a/"}
B = {"class": "process", "path": "/b/"}
C = {"class": "process", "comm": "c"}


class Running:
    """A collector in a process of its own, fed through a FIFO."""

    def __init__(self, folder: Path) -> None:
        self.buffer = str(folder / "events.db")
        self.config = folder / "hostql.conf"
        fifo = str(folder / "fifo")
        os.mkfifo(fifo)
        self.configure(A)
        command = [sys.executable, str(Path(__file__).parent / "piped.py"), fifo, "events", "collect"]
        command += ["--buffer", self.buffer, "--config", str(self.config)]
        self.said = folder / "stderr"
        with open(self.said, "wb") as stderr:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"bpf: process_events\n"
        self._fifo = os.open(fifo, os.O_WRONLY)

    def configure(self, *rules: Any) -> None:
        """Put a configuration in place of the one that is there, as editors do."""
        config = {"exclusion_profiles": {"quiet": {"rules": rules}}, "events": {"profile": "quiet"}}
        self.put(json.dumps(config))

    def put(self, text: str) -> None:
        new = self.config.with_suffix(".new")
        new.write_text(text)
        new.rename(self.config)

    def feed(self, *paths: str) -> None:
        for path in paths:
            os.write(self._fifo, json.dumps([1, path, path, 0, int(time.time())]).encode() + b"\n")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        connection = apsw.Connection(self.buffer, flags=apsw.SQLITE_OPEN_READONLY)
        try:
            connection.set_busy_timeout(2000)
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def until(self, sql: str, wanted: Callable[[list[tuple[Any, ...]]], object]) -> list[tuple[Any, ...]]:
        """The rows once they are as wanted."""
        end = time.monotonic() + PATIENCE
        while not wanted(found := self.rows(sql)):
            assert time.monotonic() < end, f"waited in vain; last: {found}"
            time.sleep(0.02)
        return found

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE)
        os.close(self._fifo)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    started = Running(tmp_path)
    yield started
    if started.process.poll() is None:
        assert started.stop() == 0
    # Nobody had a traceback.
    assert "Traceback" not in started.said.read_text()


RULES = "SELECT rule, fields, enforced, dropped FROM event_exclusions ORDER BY rule"
COUNTS = "SELECT seen, stored, excluded, lost FROM event_publishers WHERE name = 'bpf'"


def fields(rule: dict[str, Any]) -> str:
    return json.dumps({key: value if key == "class" else [value] for key, value in rule.items()})


@pytest.mark.parametrize("hangup", [True, False])
def test_another_profile_applies_without_losing_an_event(running: Running, hangup: bool):
    stopping = threading.Event()
    fed = []

    def feed() -> None:
        while not stopping.is_set():
            number = len(fed) // 3
            batch = [f"/a/{number}", f"/b/{number}", f"/kept/{number}"]
            running.feed(*batch)
            fed.extend(batch)
            stopping.wait(0.001)

    feeder = threading.Thread(target=feed)
    feeder.start()
    try:
        running.until(COUNTS, lambda rows: rows[0][1] > 100 and rows[0][2] > 50)
        running.configure(B)
        if hangup:
            running.process.send_signal(signal.SIGHUP)
        running.until(RULES, lambda rows: [row[1] for row in rows] == [fields(B)] and rows[0][3] > 50)
    finally:
        stopping.set()
        feeder.join()
    running.until(COUNTS, lambda rows: rows[0][0] == len(fed))
    assert running.stop() == 0
    stored = [path for (path,) in running.rows("SELECT path FROM process_events ORDER BY eid")]
    assert [path for path in stored if path.startswith("/kept/")] == [path for path in fed if path.startswith("/kept/")]
    # From one moment on the second rule is in force in place of the first: what one drops then, the other kept before.
    a, b = ([path for path in stored if path.startswith(start)] for start in ("/a/", "/b/"))
    assert b == [path for path in fed if path.startswith("/b/")][: len(b)]
    assert a == [path for path in fed if path.startswith("/a/")][-len(a) :]
    # Between the two of a batch, each falls to its rule.
    assert len(a) + len(b) - len(fed) // 3 in (-1, 0)
    assert running.rows(COUNTS) == [(len(fed), len(stored), len(fed) - len(stored), 0)]


def test_a_rule_keeps_its_count_over_a_change(running: Running):
    running.feed("/a/1", "/a/2", "/x/c", "/kept")
    running.until(RULES, lambda rows: rows == [(0, fields(A), "collector", 2)])
    running.configure(C, A)
    running.process.send_signal(signal.SIGHUP)
    wanted = [(0, fields(C), "collector", 0), (1, fields(A), "collector", 2)]
    running.until(RULES, lambda rows: rows == wanted)
    running.feed("/a/3", "/x/c")
    wanted = [(0, fields(C), "collector", 1), (1, fields(A), "collector", 3)]
    running.until(RULES, lambda rows: rows == wanted)
    running.configure()
    running.process.send_signal(signal.SIGHUP)
    running.until(RULES, lambda rows: rows == [])
    # What was excluded stays so.
    assert running.until(COUNTS, lambda rows: rows[0][0] == 6) == [(6, 2, 4, 0)]


def test_a_faulty_configuration_changes_nothing_and_is_told(running: Running):
    reason = "SELECT reason FROM event_publishers WHERE name = 'bpf'"
    running.configure(B, {"path": "a"})
    running.process.send_signal(signal.SIGHUP)
    told = running.until(reason, lambda rows: rows != [("",)])[0][0]
    assert told.startswith(f"{running.config}, line 1: profile quiet, rule 1: path cannot be")
    assert told.endswith("what was in force before stays")
    assert told in running.said.read_text()
    running.feed("/a/1", "/b/1")
    running.until(RULES, lambda rows: rows == [(0, fields(A), "collector", 1)])
    running.config.unlink()
    running.until(reason, lambda rows: "cannot read" in rows[0][0])
    running.configure(B)
    running.until(reason, lambda rows: rows == [("",)])
    assert [row[1] for row in running.rows(RULES)] == [fields(B)]


def test_other_settings_apply_too(running: Running):
    running.put(json.dumps({"events": {"forks": True}}))
    running.process.send_signal(signal.SIGHUP)
    gaps = "SELECT tables, reason, publisher FROM event_gaps"
    found = running.until(gaps, lambda rows: rows)
    assert found == [("process_events", "settings changed: forks", "bpf")]
    assert running.rows(RULES) == []
    running.feed("/a/1")
    running.until("SELECT path FROM process_events", lambda rows: rows == [("/a/1",)])


def test_a_faulty_configuration_is_none_to_start_with(tmp_path: Path):
    config = tmp_path / "hostql.conf"
    config.write_text('{"exclusion_profiles": {"a": {"rules": [{}]}}, "events": {"profile": "a"}}')
    command = [sys.executable, str(Path(__file__).parent / "piped.py"), "none", "events", "collect"]
    command += ["--buffer", str(tmp_path / "events.db"), "--config", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {config}, line 1: profile a, rule 0: the rule asks about no field")
    assert "hint: " in done.stderr
