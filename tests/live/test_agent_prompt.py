"""The prompt beside an agent: the status bar tells of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest.importorskip("pexpect")
pytest.importorskip("pyte")

from hostql.tests.shell.repl.terminal import Terminal
from hostql.watchdog.control import ask

from .test_agent import TICK, Agent, until

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.skipif(os.geteuid() != 0, reason="an agent needs root")]


def test_the_status_bar_tells_of_the_agent(tmp_path: Path) -> None:
    (tmp_path / "agent").mkdir()
    agent = Agent(tmp_path / "agent", TICK)
    try:
        with Terminal(tmp_path, "--state", str(agent.state)) as terminal:
            terminal.wait_for("│ agent")
            ask(str(agent.state / "daemon.sock"), do="deny", query="tick")
            # It is asked again when the bar is drawn, after a while.
            until(lambda: _redrawn(terminal, "agent: 1 query denied"))
    finally:
        agent.stop()


def _redrawn(terminal: Terminal, text: str) -> bool:
    terminal.type("x")
    return terminal.shows(text, within=0.5)
