"""A wall clock that jumps under a worker: by years, both ways. What is due runs, once."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hostql.daemon.loggers.filesystem import FILES
from hostql.daemon.loggers.logger import SNAPSHOT, STATUS
from hostql.daemon.worker import Worker

DAY = 86_400
YEAR = 365 * DAY


@pytest.fixture
def worker(tmp_path: Path) -> Worker:
    tmp_path.chmod(0o700)
    schedule = {
        name: {"query": "SELECT 1 AS one", "interval": interval, "snapshot": True}
        for name, interval in {"second": 1, "hour": 3600}.items()
    }
    options = {"logger_path": str(tmp_path / "log"), "schedule_splay_percent": 0, "config_refresh": 0}
    packs = {"p": {"discovery": ["SELECT 1"], "queries": {"q": {**schedule["hour"], "interval": 7200}}}}
    config = tmp_path / "hostql.conf"
    config.write_text(json.dumps({"options": options, "schedule": schedule, "packs": packs}))
    config.chmod(0o600)
    return Worker(str(config), str(tmp_path / "state"))


def test_a_clock_that_jumps(worker: Worker, tmp_path: Path) -> None:
    # Where slots of all intervals begin.
    now = (int(time.time()) // DAY + 1) * DAY
    later, back = now + YEAR, now - 3 * YEAR
    for second in (now, now + 1, now + 1, later, later + 1, back, back + 1, back + 3600, back + 7200, now, now + 7200):
        worker.step(second + 0.2)
    worker.close()
    ran: dict[str, list[int]] = {}
    for line in map(json.loads, (tmp_path / "log" / FILES[SNAPSHOT]).read_text().splitlines()):
        ran.setdefault(line["name"], []).append(line["unixTime"])
    assert ran == {
        "second": [now, now + 1, later, later + 1, back + 1, back + 3600, back + 7200, now, now + 7200],
        "hour": [now, later, back + 3600, back + 7200, now, now + 7200],
        "pack_p_q": [now, later, back + 7200, now, now + 7200],
    }


def test_a_state_that_was_damaged_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / "state").mkdir(mode=0o700)
    (tmp_path / "state/daemon.db").write_bytes(b"no database" * 500)
    config = tmp_path / "hostql.conf"
    config.write_text(json.dumps({"options": {"logger_path": str(tmp_path / "log")}}))
    config.chmod(0o600)
    worker = Worker(str(config), str(tmp_path / "state"))
    worker.close()
    lines = [json.loads(line) for line in (tmp_path / "log" / FILES[STATUS]).read_text().splitlines()]
    (told,) = [line for line in lines if "daemon.db" in line["message"]]
    assert told["severity"] == "error" and "it was put aside as" in told["message"]
