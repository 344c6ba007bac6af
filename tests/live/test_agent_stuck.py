"""Nothing unkillable wins: a worker in a read of a dead mount is given up and replaced, its query denied."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hostql.tests.host import IS_ROOT
from hostql.watchdog.denylist import Denylist

from .dead_mount import dead_mount
from .test_agent import TICK, Agent, until

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.skipif(not IS_ROOT, reason="an agent needs root")]


# hostql's own tables do not wait for dead mounts; one of somebody else's may.
TABLE = '''
"""A table that looks at a file."""
import os
from hostql.vtables.table import INTEGER, Column, Table

class Waits(Table):
    """The size of a file."""
    size = Column(INTEGER, "Size, in bytes")
    examples = ["SELECT size FROM waits;"]
    def rows(self, scan):
        yield (os.stat({file!r}).st_size,)
'''


def test_a_worker_in_state_d_is_given_up_and_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("mount", "agent", "site/waits-1.dist-info"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "site/waits-1.dist-info/entry_points.txt").write_text("[hostql.tables]\nwaits = waits:Waits\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    with dead_mount(tmp_path / "mount") as file:
        (tmp_path / "site/waits.py").write_text(TABLE.format(file=str(file)))
        options = {"schedule_timeout": 1, "watchdog_forced_shutdown_delay": 1, "watchdog_max_delay": 1}
        agent = Agent(tmp_path / "agent", {"dead": "SELECT size FROM waits"}, options=options)
        try:
            stuck = until(lambda: agent.status()["abandoned"])[0]
            assert Path(f"/proc/{stuck}/stat").read_text().rpartition(")")[2].split()[0] == "D"
            # Another one works on, and leaves that query alone.
            replaced: dict[str, Any] = until(lambda: agent.worker() if agent.worker()["state"] == "running" else None)
            assert replaced["pid"] != stuck
            denied = Denylist(str(agent.state / "denylist.json")).entries
            assert [entry["query"] for entry in denied] == ["dead"]
            agent.content["schedule"].update(
                {name: {"query": sql, "interval": 1, "snapshot": True} for name, sql in TICK.items()}
            )
            agent.write(agent.content)
            until(lambda: agent.lines("tick"))
        finally:
            agent.stop()
    until(lambda: not Path(f"/proc/{stuck}").exists())
    assert "Traceback" not in agent.said()


@pytest.mark.parametrize("root", [False, True], ids=["live", "root"])
def test_a_walk_leaves_a_dead_mount_alone_and_says_so(tmp_path: Path, root: bool) -> None:
    (tmp_path / "walked").mkdir()
    (tmp_path / "walked" / "mount").mkdir()
    with dead_mount(tmp_path / "walked" / "mount"):
        sql = f"SELECT path FROM file WHERE path LIKE '{'' if root else tmp_path}/walked/%%'"
        given = ["--root", str(tmp_path)] if root else []
        done = subprocess.run([sys.executable, "-m", "hostql", *given, sql], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "network and FUSE mounts are not walked into" in done.stderr
