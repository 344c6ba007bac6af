"""The agent without a service manager: --daemonize, the pidfile, signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hostql.watchdog.control import ask

from .test_agent import until

pytestmark = [pytest.mark.live, pytest.mark.skipif(os.geteuid() != 0, reason="an agent needs root")]


class Background:
    def __init__(self, folder: Path) -> None:
        folder.chmod(0o700)
        self.pidfile, self.config, self.state = folder / "pid", folder / "hostql.conf", folder / "state"
        self.schedule: dict[str, Any] = {"tick": {"query": "SELECT 1 AS one", "interval": 1, "snapshot": True}}
        self.log = folder / "log" / "hostqld.snapshots.log"
        self.write()

    def write(self) -> None:
        options = {"logger_path": str(self.log.parent), "config_refresh": 0, "schedule_splay_percent": 0}
        self.config.write_text(json.dumps({"options": options, "schedule": self.schedule}))
        self.config.chmod(0o600)

    def start(self) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "hostql", "daemon", "--daemonize", "--pidfile", str(self.pidfile)]
        return subprocess.run(
            [*command, "--config", str(self.config), "--state", str(self.state)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def names(self) -> set[str]:
        return {json.loads(line)["name"] for line in self.log.read_text().splitlines()} if self.log.exists() else set()

    def stop(self) -> None:
        if self.pidfile.exists():
            os.kill(int(self.pidfile.read_text()), signal.SIGTERM)
            until(lambda: not self.pidfile.exists())


@pytest.fixture
def background(tmp_path: Path) -> Iterator[Background]:
    made = Background(tmp_path)
    yield made
    made.stop()


def test_it_runs_in_the_background_until_a_signal(background: Background) -> None:
    done = background.start()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    # All of it runs once its starter has ended, and its pidfile is for everybody to read and nobody else to write.
    pid = int(background.pidfile.read_text())
    status = ask(str(background.state / "daemon.sock"), do="status")
    watcher = status["pid"]
    assert [child["state"] for child in status["children"]] == ["running"]
    # It is of the process that lasts, which starts the watcher again.
    assert parent(watcher) == pid
    assert background.pidfile.stat().st_mode & 0o777 == 0o644
    assert os.readlink(f"/proc/{pid}/cwd") == "/" and os.getsid(pid) != os.getsid(0)
    assert [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in (0, 1)] == ["/dev/null"] * 2
    assert os.readlink(f"/proc/{pid}/fd/2") == str(background.state / "daemon.log")
    assert (background.state / "daemon.log").stat().st_mode & 0o777 == 0o600
    until(lambda: "tick" in background.names())
    background.schedule["second"] = background.schedule["tick"]
    background.write()
    os.kill(pid, signal.SIGHUP)
    until(lambda: "second" in background.names())
    children = [child["pid"] for child in ask(str(background.state / "daemon.sock"), do="status")["children"]]
    os.kill(pid, signal.SIGTERM)
    until(lambda: not any(Path(f"/proc/{each}").exists() for each in (pid, watcher, *children)))
    assert not background.pidfile.exists() and not (background.state / "daemon.sock").exists()
    assert all(json.loads(line) for line in background.log.read_text().splitlines())


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_whoever_is_killed_is_replaced(background: Background) -> None:
    assert background.start().returncode == 0
    pid = int(background.pidfile.read_text())

    def watcher() -> int:
        return int(ask(str(background.state / "daemon.sock"), do="status")["pid"])

    first = until(watcher)
    os.kill(first, signal.SIGKILL)
    second = until(lambda: watcher() if watcher() != first else 0)
    assert parent(second) == pid and int(background.pidfile.read_text()) == pid
    # The watcher becomes the guardian of another one.
    os.kill(pid, signal.SIGKILL)
    until(lambda: int(background.pidfile.read_text()) == second)
    third = until(lambda: watcher() if watcher() != second else 0)
    assert parent(third) == second
    os.kill(second, signal.SIGTERM)
    until(lambda: not any(Path(f"/proc/{each}").exists() for each in (second, third)))
    assert not background.pidfile.exists()


@pytest.mark.parametrize("noticed", [False, True])
def test_told_to_end_while_there_is_no_watcher(background: Background, noticed: bool) -> None:
    assert background.start().returncode == 0
    pid = int(background.pidfile.read_text())
    watcher = ask(str(background.state / "daemon.sock"), do="status")["pid"]
    if not noticed:
        os.kill(pid, signal.SIGSTOP)
    os.kill(watcher, signal.SIGKILL)
    if noticed:
        until(lambda: "another is started" in (background.state / "daemon.log").read_text())
    os.kill(pid, signal.SIGTERM)
    os.kill(pid, signal.SIGCONT)
    until(lambda: not Path(f"/proc/{pid}").exists())
    assert not background.pidfile.exists()


def test_it_ends_though_somebody_took_its_pidfile_away(background: Background) -> None:
    assert background.start().returncode == 0
    pid = int(background.pidfile.read_text())
    background.pidfile.unlink()
    os.kill(pid, signal.SIGTERM)
    until(lambda: not Path(f"/proc/{pid}").exists())
    assert "broke" not in (background.state / "daemon.log").read_text()


def test_a_full_disk_ends_nobody(background: Background) -> None:
    """What they say goes to a file on that disk."""
    background.state.mkdir(mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", str(background.state)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        assert background.start().returncode == 0
        before = until(lambda: running(background))
        # To its last byte.
        size = (log := background.state / "daemon.log").stat().st_size
        with pytest.raises(OSError, match="No space"), open(log, "ab", buffering=0) as file:
            while file.write(b"x" * 4096):
                pass
        os.kill(before["children"][0]["pid"], signal.SIGKILL)
        told = until(lambda: restarted(background, 1))
        assert told["pid"] == before["pid"]
        os.truncate(log, size)
        assert until(lambda: running(background))["pid"] == before["pid"]
        until(lambda: "tick" in background.names())
        background.stop()
    finally:
        subprocess.run(["umount", "--lazy", background.state], check=False)


def restarted(background: Background, times: int) -> dict[str, Any]:
    """The status once the worker was started again so often."""
    status = ask(str(background.state / "daemon.sock"), do="status")
    return status if status["children"][0]["restarts"] >= times else {}


def running(background: Background) -> dict[str, Any]:
    """The status once the worker runs."""
    status = ask(str(background.state / "daemon.sock"), do="status")
    return status if status["children"][0]["state"] == "running" else {}


def test_a_state_that_others_may_write_is_refused(background: Background) -> None:
    background.state.mkdir()
    background.state.chmod(0o777)
    done = background.start()
    assert done.returncode == 1 and "writable by others (mode 0777)" in done.stderr and not background.pidfile.exists()


def test_a_second_one_says_why_it_does_not_start(background: Background) -> None:
    assert background.start().returncode == 0
    first = background.pidfile.read_text()
    again = background.start()
    assert again.returncode == 1 and "runs already" in again.stderr
    assert background.pidfile.read_text() == first


def test_a_pidfile_that_was_left_is_replaced(background: Background) -> None:
    background.pidfile.write_text("4194304\n")
    assert background.start().returncode == 0
    assert int(background.pidfile.read_text()) != 4194304


def test_what_is_wrong_is_told_where_it_was_started(background: Background, tmp_path: Path) -> None:
    background.pidfile = tmp_path / "none" / "pid"
    done = background.start()
    assert done.returncode == 1 and "the pidfile" in done.stderr and "cannot be written" in done.stderr
    # A socket's path has room for some hundred bytes.
    background.pidfile = tmp_path / "pid"
    background.state = tmp_path / ("s" * 100)
    done = background.start()
    assert done.returncode == 1 and "the agent did not start" in done.stderr and "too long" in done.stderr
    background.config.write_text("{")
    done = background.start()
    assert done.returncode == 1 and "not JSON" in done.stderr
    assert not background.pidfile.exists()
