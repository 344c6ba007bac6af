"""kill -9 of any of the agent's processes, at any moment: nothing is lost, doubled, invented or left behind.

HOSTQL_KILLS says how often; a few times where it does not.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest
from hostql.watchdog.cgroups import name_for

from .test_agent import Agent, until

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.skipif(os.geteuid() != 0, reason="an agent needs root")]
KILLS = int(os.environ.get("HOSTQL_KILLS", 6))
SEED = int(os.environ.get("HOSTQL_SEED", 0)) or random.randrange(1 << 30)
VICTIMS = ("worker", "collector", "watcher", "guardian", "worker and watcher", "worker and collector", "all")
MARK = "HOSTQL_KILLED_TEST"


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Agent]:
    # All that the agent starts inherits this.
    monkeypatch.setenv(MARK, str(tmp_path))
    (tmp_path / "watched").mkdir()
    (tmp_path / "agent").mkdir()
    schedule = {
        "files": f"SELECT path FROM file WHERE path LIKE '{tmp_path}/watched/%'",
        "starts": f"SELECT cmdline FROM process_events WHERE cmdline LIKE '/bin/true {tmp_path}/%'",
        "steady": "SELECT username FROM users",
    }
    # A watcher that is killed again and again is waited for longer and longer, else.
    running = Agent(tmp_path / "agent", schedule, options={"watchdog_max_delay": 1})
    yield running
    running.stop()


def test_killed_at_any_moment(agent: Agent, tmp_path: Path) -> None:
    chance = random.Random(SEED)
    killed: Counter[str] = Counter()
    for turn in range(KILLS):
        pids = until(lambda: _all_running(agent))
        for part in range(3):
            (tmp_path / "watched" / f"{turn:03}-{part}").touch()
            subprocess.run(["/bin/true", f"{tmp_path}/{turn:03}-{part}"], check=True)
            time.sleep(chance.random() / 2)
        whom = chance.choice(VICTIMS)
        killed[whom] += 1
        for role, pid in pids.items():
            if whom == "all" or role in whom.split():
                _kill(pid)
        if whom in ("guardian", "all"):
            # It takes the others along: whoever waits for it starts another.
            agent.process.wait()
            until(lambda pids=pids: not any(Path(f"/proc/{pid}").exists() for pid in pids.values()))
            agent.start()
    until(lambda: _all_running(agent))
    wanted = sorted(path.name for path in (tmp_path / "watched").iterdir())
    until(lambda: len(_told(agent)) >= len(wanted))
    subprocess.run(agent.command("stop"), check=True, timeout=60)
    print(f"seed {SEED}: {dict(killed)}")

    assert sorted(_told(agent)) == wanted, f"seed {SEED}"
    for name, actions in {"files": {"added"}, "steady": {"added"}}.items():
        lines = agent.lines(name, "results")
        assert {line["action"] for line in lines} == actions
        counters = list(dict.fromkeys(line["counter"] for line in lines))
        # A first result that is empty uses up 0.
        assert counters == list(range(counters[0], counters[0] + len(counters))), f"seed {SEED}"
    # A start that nobody recorded is none; one that was is told once.
    starts = [os.path.basename(line["columns"]["cmdline"]) for line in agent.lines("starts", "results")]
    assert len(set(starts)) == len(starts) and set(starts) <= set(wanted), f"seed {SEED}"
    assert "Traceback" not in agent.said()
    for file in ("daemon.db", "events.db"):
        connection = apsw.Connection(str(agent.state / file))
        assert connection.pragma("integrity_check") == "ok"
        connection.close()
    until(lambda: agent.process.poll() is not None)
    assert _left(str(tmp_path)) == []
    assert list(Path("/sys/fs/cgroup").rglob(name_for(str(agent.state)))) == []


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        # Its watcher, killed before, took it along.
        pass


def _all_running(agent: Agent) -> dict[str, int]:
    """{role: pid} once all run; {} before."""
    status: dict[str, Any] = agent.status()
    if any(child["state"] != "running" for child in status["children"]):
        return {}
    others = {child["role"]: child["pid"] for child in status["children"]}
    return {"guardian": agent.process.pid, "watcher": status["pid"], **others}


def _told(agent: Agent) -> list[str]:
    return [os.path.basename(line["columns"]["path"]) for line in agent.lines("files", "results")]


def _left(mark: str) -> list[str]:
    """Command lines of processes that the agent left behind."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            environment = Path(f"/proc/{pid}/environ").read_bytes()
            if f"{MARK}={mark}".encode() in environment.split(b"\0") and int(pid) != os.getpid():
                found.append(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found
