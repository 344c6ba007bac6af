"""An agent to measure: its folder, its configuration, its processes and what they hold."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from ..watchdog.control import ask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

# Published queries, and where each is from.
_PUBLISHED = Path(__file__).parent.parent / "tests" / "data" / "published_queries.json"


def pack(*tables: str) -> dict[str, str]:
    """{name: SQL} of the packs that come with osquery (incidents, compliance, rootkits, hardware), where their tables
    are here; where tables are given, of the queries that need no others."""
    from ..daemon.catalog import catalog

    known = set(tables) or set(catalog())
    published = [each for each in json.loads(_PUBLISHED.read_text()) if each["source"] == "osquery packs"]
    wanted = [each for each in published if known.issuperset(each["tables"])]
    # Two packs may have a query of one name.
    return {f"{number}_{each['name']}": each["sql"] for number, each in enumerate(wanted)}


class Agent:
    """A running agent."""

    def __init__(self, folder: str, process: subprocess.Popen[bytes]) -> None:
        self.folder = folder
        self.process = process

    def status(self) -> dict[str, Any]:
        """What its watcher says."""
        return ask(os.path.join(self.folder, "state", "daemon.sock"), do="status")

    def processes(self) -> dict[str, int]:
        """{role: pid}."""
        status = self.status()
        return {"watcher": status["pid"], **{child["role"]: child["pid"] for child in status["children"]}}

    def lines(self, name: str) -> list[dict[str, Any]]:
        """The lines of a query's snapshots."""
        try:
            with open(os.path.join(self.folder, "log", "hostqld.snapshots.log"), encoding="utf-8") as file:
                return [found for found in map(json.loads, file) if found["name"] == name]
        except FileNotFoundError:
            return []


def configure(folder: str, schedule: dict[str, Any], options: dict[str, Any]) -> str:
    """The path of a configuration with this schedule, {name: (SQL, interval)}."""
    entries = {name: {"query": sql, "interval": n, "snapshot": True} for name, (sql, n) in schedule.items()}
    path = os.path.join(folder, "hostql.conf")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"options": {"logger_path": f"{folder}/log", **options}, "schedule": entries}, file)
    os.chmod(path, 0o600)
    return path


@contextmanager
def agent(schedule: dict[str, Any], **options: Any) -> Iterator[Agent]:
    """An agent, from its start until it has stopped. RuntimeError where it does not start."""
    if os.geteuid() != 0:
        raise RuntimeError("the agent is for root")
    with tempfile.TemporaryDirectory(prefix="hostql-bench-") as folder:
        config = configure(folder, schedule, options)
        command = [sys.executable, "-m", "hostql", "daemon", "--config", config, "--state", f"{folder}/state"]
        with open(f"{folder}/stderr", "wb") as errors, subprocess.Popen(command, stderr=errors) as process:
            try:
                yield _started(folder, process)
            finally:
                process.terminate()


def _started(folder: str, process: subprocess.Popen[bytes]) -> Agent:
    found, until = Agent(folder, process), time.monotonic() + 30
    while process.poll() is None and time.monotonic() < until:
        try:
            if all(child["state"] == "running" for child in found.status()["children"]):
                return found
        except OSError:
            pass
        time.sleep(0.1)
    with open(f"{folder}/stderr", encoding="utf-8") as errors:
        raise RuntimeError(f"the agent did not start: {errors.read()[-300:]}")


def unique(pid: int) -> float:
    """MB that a process holds alone (USS, proc_pid_smaps_rollup(5))."""
    return _rollup(pid, ("Private_Clean", "Private_Dirty"))


def resident(pid: int) -> float:
    """MB of a process that are in memory (RSS)."""
    return _rollup(pid, ("Rss",))


def _rollup(pid: int, names: tuple[str, ...]) -> float:
    with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith(names)) / 1024


def cpu(pid: int) -> float:
    """Seconds of CPU that a process and its children that ended used."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
