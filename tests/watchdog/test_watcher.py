"""The watcher over real processes that leak, spin, hang, die and will not die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hostql.tests.host import IS_ROOT, PATIENCE
from hostql.watchdog.control import ask
from hostql.watchdog.denylist import Denylist

# It takes long, and is the same on every Python.
pytestmark = pytest.mark.slow

CHILDREN = Path(__file__).parent / "children.py"
# Runs a watcher in a process of its own: signals are the main thread's.
RUNNER = """
import sys
from hostql.watchdog import cgroups, child, watcher
from hostql.watchdog.allowance import Allowance
from hostql.watchdog.child import Child, Spec
from hostql.watchdog.control import Control
from hostql.watchdog.denylist import Denylist
watcher.LOOK, watcher.STOPPED, watcher.PING = 0.05, 0.5, 0.2
watcher.RENEW = 0.2
child.BACKOFF = (0.05, 0.2)
state, what, memory, latency, beat, children, group_memory, patience, silence = sys.argv[1:]
watcher.INTERRUPTED = float(patience)
spec = Spec("worker", [sys.executable, children, what], {"HOSTQL_WATCHER_SILENCE": silence}, {"work": float(beat)})
group = None
if int(group_memory):
    group, problem = cgroups.make(cgroups.name_for(state))
    problems = [problem] if group is None else group.limit(int(group_memory) << 20, 0)
    if any(problems):
        sys.exit(f"started worker: not, {problems}")
    group.newly_killed()
made = watcher.Watcher(
    [Child(spec, group)], Denylist(state + "/denylist.json"),
    # So little CPU that one that spins gets more on a busy host, too.
    lambda: Allowance(int(memory) << 20, 0.01, float(latency)), delay=0, patience=float(patience),
)
Control(made, state + "/sock")
made.run()
if group:
    group.remove()
"""


class Running:
    def __init__(
        self,
        folder: Path,
        what: str,
        *,
        memory: int = 0,
        latency: float = 1e9,
        beat: float = 1e9,
        group: int = 0,
        patience: float = PATIENCE,
        silence: float = PATIENCE,
    ) -> None:
        self.folder = folder
        arguments = [folder, what, memory, latency, beat, CHILDREN, group, patience, silence]
        command = [sys.executable, "-c", RUNNER, *map(str, arguments)]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.said: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line.rstrip("\n"))

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        # What it started goes with it, and with that the pipe's other end.
        self._reader.join()
        assert self.process.stderr is not None
        self.process.stderr.close()

    def until(self, condition: Callable[[], Any]) -> Any:
        end = time.monotonic() + PATIENCE
        while not (found := condition()):
            assert time.monotonic() < end, self.said
            time.sleep(0.02)
        return found

    def until_said(self, *words: str) -> str:
        return str(self.until(lambda: next((line for line in self.said if all(word in line for word in words)), "")))

    def denied(self) -> dict[str, str]:
        return {entry["query"]: entry["reason"] for entry in Denylist(f"{self.folder}/denylist.json").entries}

    def status(self) -> Any:
        return ask(f"{self.folder}/sock", do="status")

    def child(self) -> int:
        return int(self.status()["children"][0]["pid"])


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    made: list[Running] = []

    def start(what: str, **limits: Any) -> Running:
        made.append(Running(tmp_path, what, **limits))
        made[-1].until_said("started worker")
        return made[-1]

    yield start
    for each in made:
        each.close()


def test_a_leak_is_interrupted_and_denied_and_the_worker_lives(run: Any):
    running = run("leak", memory=50)
    running.until_said("leaky is denied for a day", "memory: it grew by")
    assert "the limit is 50 MiB" in running.denied()["leaky"]
    running.until(lambda: running.status()["children"][0]["query"] == "")
    assert running.status()["children"][0]["restarts"] == 0


def test_one_that_does_not_listen_is_killed(run: Any):
    running = run("stubborn-leak", memory=50, patience=0.5)
    running.until_said("has not ended: it is killed")
    running.until_said("was killed by signal 9")
    assert set(running.denied()) == {"leaky"}
    running.until(lambda: running.status()["children"][0]["restarts"] >= 1)


@pytest.mark.skipif(not IS_ROOT, reason="needs root, to make a control group")
def test_what_the_kernel_kills_for_want_of_memory_is_blamed_on_the_query(run: Any):
    running = run("leak", group=60)
    if "not," in running.said[0]:
        pytest.skip(running.said[0])
    running.until_said("was killed by signal 9 for want of memory")
    running.until(lambda: running.denied() == {"leaky": "memory: the kernel killed the worker for want of it"})
    # Another one is started in the same group.
    running.until(lambda: running.status()["children"][0]["restarts"] >= 1)
    running.process.terminate()
    running.process.wait()


def test_a_query_that_spins_is_denied(run: Any):
    running = run("spin", latency=0.5)
    running.until_said("hot is denied for a day", "1 % of a core")


def test_a_query_that_takes_too_long_is_denied(run: Any):
    running = run("slow")
    running.until_said("slow is denied for a day", "time: the query ran for")


def test_a_victim_is_not_blamed(run: Any):
    running = run("victim", memory=65)
    running.until_said("small is not to blame: it took")
    assert running.denied() == {}


def test_three_deaths_at_a_query_deny_it(run: Any):
    running = run("die")
    running.until_said("the worker died while fatal ran, 3 times by now")
    running.until(running.denied)
    assert running.denied() == {"fatal": "the worker died 3 times while it ran"}


def test_what_is_denied_is_known_before_anything_runs(run: Any, tmp_path: Path):
    Denylist(f"{tmp_path}/denylist.json").deny("stuck", "sha", "x")
    assert run("hears late").until_said("ready") == "ready, denied: [{('stuck', 'sha')}]"


def test_a_denial_that_is_over_is_told(run: Any):
    running = run("denied")
    running.until_said("denied: [set()]")
    ask(f"{running.folder}/sock", do="deny", query="brief", seconds=1)
    running.until_said("denied: [{('brief', '')}]")
    running.until(lambda: running.said[-1] == "denied: [set()]")


def test_one_that_makes_no_progress_is_started_anew(run: Any):
    running = run("silent", beat=0.5, patience=0.5)
    # The first beat may come half a minute after the start; it came.
    running.until_said("heartbeat: its work made no progress")
    running.until(lambda: running.status()["children"][0]["restarts"] >= 1)


def test_one_that_was_stopped_is_started_anew(run: Any):
    running = run("work", patience=0.5)
    pid = running.child()
    os.kill(pid, signal.SIGSTOP)
    running.until_said("it was stopped by a signal")
    running.until(lambda: running.child() != pid and running.status()["children"][0]["state"] == "running")


def test_one_that_was_killed_is_started_anew(run: Any):
    running = run("work")
    for _ in range(3):
        pid = running.child()
        os.kill(pid, signal.SIGKILL)
        running.until(lambda pid=pid: running.child() != pid and running.status()["children"][0]["state"] == "running")


def test_no_orphan_stays_when_the_watcher_is_killed(run: Any):
    running = run("work")
    running.until(lambda: running.status()["children"][0]["state"] == "running")
    pid = running.child()
    running.process.kill()
    running.process.wait()
    until_gone(pid)


def test_a_watcher_that_is_stuck_is_killed_by_its_child(run: Any):
    running = run("work", silence=5)
    running.until(lambda: running.status()["children"][0]["state"] == "running")
    pid = running.child()
    os.kill(running.process.pid, signal.SIGSTOP)
    assert running.process.wait(PATIENCE) == -signal.SIGKILL
    until_gone(pid)


def test_it_ends_when_asked_and_takes_its_child_along(run: Any):
    running = run("work")
    pid = running.child()
    assert ask(f"{running.folder}/sock", do="stop") == {"done": True}
    assert running.process.wait(PATIENCE) == 0
    until_gone(pid)


def test_the_control_socket_survives_nonsense(run: Any):
    import socket

    running = run("work")
    for raw in (b"\n", b"{}\n", b"[]\n", b"{nonsense\n", b'{"do": 7}\n', b"\xff" * 100_000):
        with socket.socket(socket.AF_UNIX) as link:
            link.connect(f"{running.folder}/sock")
            try:
                link.sendall(raw)
            except OSError:
                continue
    assert running.status()["children"][0]["role"] == "worker"
    assert "error" in ask(f"{running.folder}/sock", do="dance")
    ask(f"{running.folder}/sock", do="deny", query="q")
    assert running.denied() == {"q": "by hand"}
    assert ask(f"{running.folder}/sock", do="pardon", query="q") == {"done": True}
    assert ask(f"{running.folder}/sock", do="pardon", query="q") == {"done": False}
    assert os.stat(f"{running.folder}/sock").st_mode & 0o077 == 0


def until_gone(pid: int) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            with open(f"/proc/{pid}/stat") as file:
                if file.read().rpartition(")")[2].split()[0] == "Z":
                    return
        except (FileNotFoundError, ProcessLookupError):
            return
        assert time.monotonic() < end
        time.sleep(0.02)
