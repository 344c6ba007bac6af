"""Open files against lsof: whole processes."""

from __future__ import annotations

from . import loads
from .installed import hostql
from .measure import compare


def main() -> None:
    """Print the figures."""
    with loads.processes(300), loads.sockets(1000):
        ours = hostql("select pid, fd, path from process_open_files")
        compare("open files / lsof -n", ours, ["lsof", "-n"], 1 / 3)
