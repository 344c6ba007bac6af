"""Events straight to a sink: a real FIFO whose reader stands still, a file that cannot be written."""

from __future__ import annotations

import json
import os
import select
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hostql.events.direct import Direct, JsonLines
from hostql.events.options import Options
from hostql.tests.host import PATIENCE

COLUMNS = ("pid", "path", "time")
# More than a pipe holds.
WAITING_ROWS = 5_000


def rows(start: int, count: int) -> list[tuple[Any, ...]]:
    return [(n, "/\x1b\udc80", None) for n in range(start, start + count)]


def until(condition: Any) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_rows_are_lines_of_json(tmp_path: Path):
    path = tmp_path / "events.ndjson"
    direct = Direct(JsonLines(str(path)))
    direct.add("process_events", COLUMNS, rows(1, 2))
    direct.ended([(3, 1500, 1)])
    direct.replace("event_publishers", [("bpf",)])
    direct.close()
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        {"table": "process_events", "pid": 1, "path": "/\x1b\udc80"},
        {"table": "process_events", "pid": 2, "path": "/\x1b\udc80"},
        {"table": "process_events", "exit_code": 3, "duration_ms": 1500, "pid": 1, "ended": 1},
    ]
    assert "\x1b" not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert direct.stored == {"process_events": 3}


def test_a_reader_that_stands_still_blocks_nobody_and_what_it_missed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("hostql.events.direct.WAITING_ROWS", WAITING_ROWS)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    direct = Direct(JsonLines(str(fifo)))
    total = 4 * WAITING_ROWS
    for start in range(0, total, 1000):
        direct.add("process_events", COLUMNS, rows(start, 1000))
    assert direct.dropped["process_events"] >= total - WAITING_ROWS - 2000
    # The reader goes on, once somebody has opened the other end: before, it would be at the end at once.
    assert select.select([reader], [], [], PATIENCE)[0]
    os.set_blocking(reader, True)
    lines: list[dict[str, Any]] = []

    def read() -> None:
        with os.fdopen(reader) as file:
            for line in file:
                lines.append(json.loads(line))

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    until(lambda: len(lines) >= total - direct.dropped["process_events"])
    direct.keep(Options())
    until(lambda: lines[-1]["table"] == "event_gaps")
    assert lines[-1]["lost"] == direct.dropped["process_events"]
    pids = [line["pid"] for line in lines[:-1]]
    assert pids == sorted(pids) and pids[-1] == total - 1
    assert len(pids) + lines[-1]["lost"] == total


def test_a_sink_that_refuses_is_told_and_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("hostql.events.direct.RETRY_AFTER", 0.01)
    path = tmp_path / "folder" / "events.ndjson"
    direct = Direct(JsonLines(str(path)))
    direct.add("process_events", COLUMNS, rows(1, 2))
    until(lambda: direct.problem)
    assert direct.problem == "events cannot be handed on: No such file or directory"
    path.parent.mkdir()
    until(lambda: not direct.problem)
    direct.close()
    assert len(path.read_text().splitlines()) == 2
