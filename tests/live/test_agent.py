"""The agent as a fleet runs it: real processes, real faults."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hostql.tests.host import IS_ROOT, PATIENCE
from hostql.watchdog.control import ask
from hostql.watchdog.denylist import Denylist

pytestmark = [pytest.mark.live, pytest.mark.skipif(os.geteuid() != 0, reason="needs root, which the agent is for")]
# Nothing of the watchdog waits for long here.
OPTIONS = {
    "schedule_splay_percent": 0,
    "watchdog_delay": 0,
    "watchdog_latency_limit": 2,
    "watchdog_cgroup": True,
    "config_refresh": 1,
}


class Agent:
    # More of the command line.
    extra: ClassVar[list[str]] = []

    def __init__(self, folder: Path, schedule: dict[str, Any], *, snapshots: bool = False, **more: Any) -> None:
        folder.chmod(0o700)
        self.folder = folder
        self.state, self.log, self.config = folder / "state", folder / "log", folder / "hostql.conf"
        self.content: dict[str, Any] = {
            **more,
            "options": {**OPTIONS, "logger_path": str(self.log), **more.pop("options", {})},
            "schedule": {n: {"query": sql, "interval": 1, "snapshot": snapshots} for n, sql in schedule.items()},
        }
        self.write(self.content)
        self.errors = open(folder / "stderr", "ab")
        self.start()

    def write(self, content: Any) -> None:
        new = self.config.with_suffix(".new")
        new.write_text(content if isinstance(content, str) else json.dumps(content))
        new.chmod(0o600)
        new.rename(self.config)

    def start(self) -> None:
        command = [*self.command(), *self.extra]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=self.errors)
        until(lambda: (self.state / "daemon.sock").exists())

    def command(self, *words: str) -> list[str]:
        paths = ["--config", str(self.config), "--state", str(self.state)]
        return [sys.executable, "-m", "hostql", "daemon", *words, *paths]

    def said(self) -> str:
        return (self.folder / "stderr").read_text()

    def status(self) -> dict[str, Any]:
        return ask(str(self.state / "daemon.sock"), do="status")

    def worker(self) -> dict[str, Any]:
        found: dict[str, Any] = next(child for child in self.status()["children"] if child["role"] == "worker")
        return found

    def lines(self, name: str = "", file: str = "snapshots") -> list[dict[str, Any]]:
        path = self.log / f"hostqld.{file}.log"
        if not path.exists():
            return []
        found = [json.loads(line) for line in path.read_text().splitlines()]
        return [line for line in found if not name or line.get("name") == name]

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.errors.close()


def until(condition: Callable[[], Any]) -> Any:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            found = condition()
        except (OSError, StopIteration):
            found = None
        if found:
            return found
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Callable[..., Agent]]:
    made: list[Agent] = []

    def start(schedule: dict[str, str], **more: Any) -> Agent:
        made.append(Agent(tmp_path, schedule, **more))
        return made[-1]

    yield start
    for each in made:
        each.stop()


TICK = {"tick": "SELECT count(*) AS n FROM processes"}


def test_it_runs_reloads_and_stops(agent: Any):
    running = agent(TICK)
    until(lambda: running.lines("tick", "results"))
    status = subprocess.run(running.command("status"), capture_output=True, text=True, check=True).stdout
    assert "schedule: 1 queries" in status and "worker" in status and "MiB to grow by" in status
    as_json = subprocess.run([*running.command("status"), "--json"], capture_output=True, text=True, check=True).stdout
    assert json.loads(as_json)["children"][0]["role"] == "worker"
    # The log files are moved away, as logrotate does it.
    running.log.rename(running.folder / "moved")
    running.content["schedule"]["second"] = {"query": "SELECT 1 AS one", "interval": 1, "snapshot": True}
    running.write(running.content)
    subprocess.run(running.command("reload"), check=True)
    until(lambda: running.lines("second"))
    # One that is broken changes nothing, and says so.
    running.write("{broken")
    until(lambda: "what was in force before stays" in running.said())
    before = len(running.lines("second"))
    until(lambda: len(running.lines("second")) > before)
    subprocess.run(running.command("stop"), check=True, timeout=PATIENCE)
    assert running.process.wait(PATIENCE) == 0
    assert not (running.state / "daemon.sock").exists()
    after = subprocess.run(running.command("status"), capture_output=True, text=True, check=False)
    assert after.returncode == 1 and "no agent runs here" in after.stderr and "Traceback" not in running.said()


def test_its_tables_tell_the_truth_in_it_and_beside_it(agent: Any):
    running = agent(
        {"inside": "SELECT pid, config_valid FROM osquery_info", **TICK},
        packs={"p": {"queries": {}, "discovery": ["SELECT 1"]}},
    )
    line = until(lambda: running.lines("inside", "results"))[0]
    assert int(line["columns"]["pid"]) == running.worker()["pid"] and line["columns"]["config_valid"] == "1"

    def beside(sql: str) -> list[Any]:
        command = [sys.executable, "-m", "hostql", "--json", "--state", str(running.state), sql]
        return list(json.loads(subprocess.run(command, capture_output=True, check=True).stdout))

    rows = until(lambda: [row for row in beside("SELECT * FROM osquery_schedule") if row["executions"]])
    assert {row["name"] for row in rows} <= {"tick", "inside"} and rows[0]["interval"] == 1
    assert beside("SELECT value FROM osquery_flags WHERE name = 'config_refresh'") == [{"value": "1"}]
    assert [(r["name"], r["active"]) for r in beside("SELECT * FROM osquery_packs")] == [("main", 1), ("p", 1)]
    assert beside("SELECT watcher FROM osquery_info")[0]["watcher"] == running.status()["pid"]
    assert beside("SELECT row ->> 'n' > 0 AS some FROM hostql_results WHERE name = 'tick'") == [{"some": 1}]


RUNAWAYS = {
    "recursive": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    "crossing": "SELECT count(*) FROM processes a, processes b, processes c, processes d, processes e, processes f",
    "walking": "SELECT count(*), max(sha256) FROM hash WHERE path LIKE '/usr/%%'",
    "growing": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT group_concat(i * 1e90) FROM n",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNAWAYS)
def test_a_runaway_query_is_denied_and_the_others_go_on(agent: Any, name: str):
    running = agent({**TICK, name: RUNAWAYS[name]}, options={"watchdog_memory_limit": 80}, snapshots=True)
    until(lambda: name in {entry["query"] for entry in Denylist(str(running.state / "denylist.json")).entries})
    (entry,) = Denylist(str(running.state / "denylist.json")).entries
    assert entry["until"] - entry["since"] == 86_400 and entry["reason"]
    # The others go on.
    told = len(running.lines("tick"))
    until(lambda: len(running.lines("tick")) > told + 1)


@pytest.mark.skipif(not IS_ROOT, reason="needs root's capabilities, to collect events")
def test_events_are_collected_once_each(agent: Any):
    running = agent(
        {"execs": "SELECT pid, path, cmdline FROM process_events WHERE cmdline LIKE '%hostql-agent-test-%'"}
    )
    until(
        lambda: any(
            child["role"] == "collector" and child["state"] == "running" for child in running.status()["children"]
        )
    )
    if "process_events" not in json.dumps(publishers(running)):
        pytest.skip("no publisher of process_events works here")
    for n in range(8):
        subprocess.run(["/bin/true", f"hostql-agent-test-{n}"], check=True)
        if n == 4:
            os.kill(running.worker()["pid"], signal.SIGKILL)
            until(lambda: running.worker()["state"] == "running")
    until(lambda: len(running.lines("execs", "results")) >= 8)
    told = [line["columns"]["cmdline"] for line in running.lines("execs", "results")]
    assert sorted(told) == [f"/bin/true hostql-agent-test-{n}" for n in range(8)]


def publishers(running: Agent) -> Any:
    command = [*running.command("status"), "--json"]
    return until(lambda: json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["publishers"])


def test_a_log_directory_that_is_gone_loses_nothing(agent: Any):
    running = agent({"snap": "SELECT 1 AS one"}, snapshots=True)
    until(lambda: running.lines("snap"))
    shutil.rmtree(running.log)
    running.log.write_text("a file in its place")
    until(lambda: "takes no lines" in running.said())
    assert json.loads(subprocess.run([*running.command("status"), "--json"], capture_output=True, check=True).stdout)[
        "spool"
    ]
    first = running.worker()["pid"]
    running.log.unlink()
    until(lambda: running.lines("snap"))
    times = [line["unixTime"] for line in running.lines("snap")]
    assert times == sorted(times) and running.worker()["pid"] == first


def test_a_full_disk_of_logs(agent: Any, tmp_path: Path):
    place = tmp_path / "log"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", place], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("nothing can be mounted here")
    try:
        running = agent({"snap": "SELECT hex(zeroblob(2000)) AS much"}, snapshots=True)
        until(lambda: running.lines("snap"))
        (place / "other").write_bytes(bytes(os.statvfs(place).f_bavail * 4096))
        until(lambda: "takes no lines: No space left" in running.said())
        (place / "other").unlink()
        before = len(running.lines("snap"))
        until(lambda: len(running.lines("snap")) > before)
        running.stop()
    finally:
        subprocess.run(["umount", "--lazy", place], check=False)


def test_a_full_disk_of_the_state(agent: Any, tmp_path: Path):
    """Queries go on, nothing that was told before is lost, and what could not be told is told when there is room."""
    place = tmp_path / "state"
    place.mkdir(mode=0o700)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", place], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("nothing can be mounted here")
    try:
        running = agent({"changing": "SELECT unixepoch() AS now"}, options={"logger_spool_bytes": 100_000})
        until(lambda: running.lines("changing", "results"))
        first = running.worker()["pid"]
        (place / "other").write_bytes(bytes(os.statvfs(place).f_bavail * 4096))
        until(lambda: "full" in running.said())
        (place / "other").unlink()
        before = len(running.lines("changing", "results"))
        until(lambda: len(running.lines("changing", "results")) > before + 2)
        told = [(line["action"], line["columns"]["now"]) for line in running.lines("changing", "results")]
        # Each value comes, and then goes, once.
        assert len(set(told)) == len(told)
        assert {now for action, now in told if action == "removed"} < {now for action, now in told if action == "added"}
        assert running.worker()["pid"] == first and "Traceback" not in running.said()
        running.stop()
    finally:
        subprocess.run(["umount", "--lazy", place], check=False)


@pytest.mark.parametrize("level, limited", [("none", False), ("restrictive", True)])
def test_the_level_of_the_command_line_counts(agent: Any, monkeypatch: pytest.MonkeyPatch, level: str, limited: bool):
    monkeypatch.setattr(Agent, "extra", ["--watchdog-level", level])
    running = agent(TICK, options={"watchdog_level": 0})
    until(lambda: running.lines("tick", "results"))
    assert bool(running.status()["memory_limit"]) == limited
    # Also after a reload, which reads the file.
    subprocess.run(running.command("reload"), check=True)
    running.content["schedule"]["second"] = {"query": "SELECT 1 AS one", "interval": 1, "snapshot": True}
    running.write(running.content)
    until(lambda: running.lines("second"))
    assert bool(running.status()["memory_limit"]) == limited


def test_what_others_may_write_is_refused(tmp_path: Path):
    tmp_path.chmod(0o700)
    config = tmp_path / "hostql.conf"
    config.write_text("{}")
    config.chmod(0o666)
    command = [sys.executable, "-m", "hostql", "daemon", "--config", str(config), "--state", str(tmp_path / "state")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"cannot read {config}: writable by others (mode 0666); chmod go-w it" in done.stderr
    config.chmod(0o600)
    (tmp_path / "state").mkdir(mode=0o777)
    (tmp_path / "state").chmod(0o777)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "writable by others (mode 0777)" in done.stderr


def test_two_do_not_share_a_state(agent: Any):
    running = agent(TICK)
    done = subprocess.run(running.command(), capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 4 and "runs already" in done.stderr
    assert running.status()["pid"]


def test_a_decorator_that_does_not_end_is_denied_alone(agent: Any):
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 0"
    running = agent(TICK, snapshots=True, decorators={"always": [endless, "SELECT 7 AS seven"]})
    until(lambda: len(running.lines("tick")) > 2)
    until(lambda: running.status()["denylist"])
    assert [entry["query"] for entry in running.status()["denylist"]] == ["decorators.always"]
    assert all(line["decorations"] == {"seven": "7"} for line in running.lines("tick"))
    until(
        lambda: any("decorator query failed: it is denied" in each["message"] for each in running.lines("", "status"))
    )
