"""Processes against ps and psutil, with 3,000 of them: whole processes."""

from __future__ import annotations

from . import loads
from .installed import hostql, python
from .measure import compare

COUNT = 3000
PSUTIL = "import psutil\nfor p in psutil.process_iter({}): print(*p.info.values(), sep='\\t')"


def main() -> None:
    """Print the figures."""
    with loads.processes(COUNT):
        for columns, asked, attributes in (
            ("pid, name", "pid,comm", ["pid", "name"]),
            ("pid, name, cmdline", "pid,comm,args", ["pid", "name", "cmdline"]),
        ):
            ours = hostql(f"select {columns} from processes")
            compare(f"{columns} / ps -e -o {asked}", ours, ["ps", "-e", "-o", asked], 1)
            theirs = [python(), "-c", PSUTIL.format(attributes)]
            compare(f"{columns} / psutil.process_iter", ours, theirs, 1 / 3, rounds=5)
