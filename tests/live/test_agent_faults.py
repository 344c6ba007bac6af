"""Standard streams that nobody reads, or that are closed: the agent goes on, and what is lost is counted."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .test_agent import Agent, until

pytestmark = [pytest.mark.live, pytest.mark.skipif(os.geteuid() != 0, reason="an agent needs root")]
F_SETPIPE_SZ = 1031
ROOM = 4096


class Piped(Agent):
    """One of its streams is a pipe with little room; `reader` is the other end."""

    def __init__(self, folder: Path, schedule: dict[str, Any], stream: str, **more: Any) -> None:
        self._stream = stream
        super().__init__(folder, schedule, snapshots=True, **more)

    def start(self) -> None:
        self.reader, writer = os.pipe()
        fcntl.fcntl(writer, F_SETPIPE_SZ, ROOM)
        if self._stream == "stderr":
            os.write(writer, bytes(ROOM))
        streams: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": self.errors, self._stream: writer}
        self.process = subprocess.Popen(self.command(), **streams)
        os.close(writer)
        until(lambda: (self.state / "daemon.sock").exists())

    def told(self) -> dict[str, Any]:
        command = [*self.command("status"), "--json"]
        return dict(json.loads(subprocess.run(command, capture_output=True, check=True).stdout))

    def go_on(self) -> None:
        """Until each query ran again, as the files tell."""
        before = len(self.lines())
        until(lambda: len(self.lines()) > before + len(self.content["schedule"]))


@pytest.fixture
def stopped() -> Iterator[list[Agent]]:
    made: list[Agent] = []
    yield made
    for each in made:
        each.stop()


def test_standard_output_that_nobody_reads_and_that_is_closed(tmp_path: Path, stopped: list[Agent]) -> None:
    much = {f"much{n}": "SELECT unixepoch() AS now, hex(zeroblob(1500)) AS much" for n in range(8)}
    options = {"logger_plugin": "stdout,filesystem", "logger_spool_bytes": 30_000}
    agent = Piped(tmp_path, much, "stdout", options=options)
    stopped.append(agent)
    lost = until(lambda: agent.told()["lost"])
    assert set(lost) == {"stdout"}
    agent.go_on()
    until(lambda: "takes no lines: nobody reads standard output" in agent.said())
    until(lambda: "lines were dropped" in agent.said())
    worker = agent.worker()["pid"]

    lines: list[dict[str, Any]] = []
    enough = threading.Event()

    def read() -> None:
        with os.fdopen(agent.reader) as file:
            for line in file:
                lines.append(json.loads(line))
                # Those that waited, and some that came after.
                if len(lines) > 30:
                    break
        enough.set()

    reading = threading.Thread(target=read)
    reading.start()
    assert enough.wait(60)
    reading.join()
    times = [line["unixTime"] for line in lines]
    assert times == sorted(times)
    # Its reader is gone.
    until(lambda: "takes no lines: Broken pipe" in agent.said())
    agent.go_on()
    assert agent.worker()["pid"] == worker and "Traceback" not in agent.said()


def test_standard_error_that_nobody_reads_and_that_is_closed(tmp_path: Path, stopped: list[Agent]) -> None:
    agent = Piped(tmp_path, {"good": "SELECT 1 AS one"}, "stderr")
    stopped.append(agent)
    for reads in (True, False):
        until(lambda: agent.worker()["state"] == "running")
        agent.go_on()
        # The watcher, which says so, starts another.
        first = agent.worker()["pid"]
        os.kill(first, signal.SIGKILL)
        until(lambda first=first: agent.worker()["pid"] != first and agent.worker()["state"] == "running")
        if reads:
            os.close(agent.reader)
    agent.go_on()
    agent.process.terminate()
    assert agent.process.wait(60) == 0
