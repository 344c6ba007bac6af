"""Sockets with their owners against ss, and a join of three tables at two sizes: whole processes."""

from __future__ import annotations

from . import loads
from .installed import hostql
from .measure import compare, usual, verdict

SOCKETS = 5000
JOIN = (
    "select p.name, count(*) from listening_ports l join process_open_sockets s on s.local_port = l.port "
    "join processes p on p.pid = s.pid group by 1"
)
SMALL, LARGE = (1500, 2000), (3000, 4000)


def main() -> None:
    """Print the figures."""
    with loads.sockets(SOCKETS):
        ours = hostql("select * from process_open_sockets")
        compare("sockets with their owners / ss -tanp", ours, ["ss", "-tanp"], 1)
    took = []
    for processes, sockets in (SMALL, LARGE):
        with loads.processes(processes), loads.sockets(sockets):
            took.append(usual(hostql(JOIN)))
    verdict(f"join of three tables, {LARGE[0]} processes, {LARGE[1]} sockets", took[1].wall, 1, "wall", " s")
    start = usual(hostql("select 1")).cpu
    small, large = (each.cpu - start for each in took)
    figures = f"{large * 1000:.0f} / {small * 1000:.0f} ms CPU; linear is 2"
    verdict("the same join / at half the size", large / small, 2.4, figures)
