"""The buffer: queries over a million events against plain SQLite, and a flood of a million through the collector."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time

import apsw

from ..events.attach import Events
from ..events.buffer import Buffer
from ..events.catalog import catalog
from ..vtables.database import Database
from .bench_events_bpf import GENERATOR
from .measure import compare_calls, compiled, verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

EVENTS, BATCH = 1_000_000, 50_000
# Connects a second of the flood: more than can be stored.
RATE = 250_000
# A collector as the agent's is, in a process of its own: what it took and lost, and the most memory it held before and
# after the flood, in KiB.
_COLLECTOR = """
import select, sys
from hostql.events.buffer import Buffer
from hostql.events.catalog import catalog
from hostql.events.collector import Collector
from hostql.events.options import Options
from hostql.events.publishers.bpf.publisher import Bpf
names = catalog()
tables = [names.load(name) for name in names if names.subject(name) == "events"]
def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
collector = Collector(Buffer(sys.argv[1], tables), [names.load("socket_events")], [Bpf], Options())
collector.start()
(assigned,) = collector.assignment.opened() or sys.exit("BPF cannot be used")
before = peak()
print("ready", flush=True)
collector.run(lambda: select.select([sys.stdin], [], [], 0)[0])
counters = assigned.counters()
print(before, peak(), assigned.stream.stored, counters.lost)
collector.close()
"""
QUERIES = {
    "grouped": "SELECT remote_port % 100 AS part, count(*), max(time) FROM socket_events GROUP BY part",
    "filtered": "SELECT count(*) FROM socket_events WHERE exe LIKE 'c1%' AND remote_address = '10.0.0.7'",
    "the last of them": "SELECT * FROM socket_events ORDER BY eid DESC LIMIT 20000",
}


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(prefix="hostql-bench-") as folder:
        _querying(os.path.join(folder, "events.db"))
        _flood(folder)


def _querying(path: str) -> None:
    known = catalog()
    tables: Any = [known.load(name) for name in known if known.subject(name) == "events"]
    buffer = Buffer(path, tables)
    columns = ("time", "pid", "exe", "remote_address", "remote_port", "action")
    now = int(time.time())
    for start in range(0, EVENTS, BATCH):
        rows: list[tuple[Any, ...]] = [
            (now, n % 5000, f"c{n % 50}", f"10.0.0.{n % 200}", n % 60_000, "connect")
            for n in range(start, start + BATCH)
        ]
        buffer.add("socket_events", columns, rows)
        buffer.commit()
    buffer.close()
    plain = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)
    with Database(catalog=known) as database:
        database.provider = Events(database, lambda _text: None, path, begin=False)
        for name, sql in QUERIES.items():
            compare_calls(
                f"a query over {EVENTS:,} events, {name} / plain SQLite",
                lambda sql=sql: list(database.execute(sql)),  # type: ignore[misc]
                lambda sql=sql: plain.execute(sql).fetchall(),  # type: ignore[misc]
                1.1,
            )
    plain.close()


def _flood(folder: str) -> None:
    load = [*compiled(GENERATOR, os.path.join(folder, "generate")), str(RATE), str(EVENTS // RATE)]
    path = os.path.join(folder, "flood.db")
    command = [sys.executable, "-c", _COLLECTOR, path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as collector:
        assert collector.stdin is not None
        assert collector.stdout is not None
        if collector.stdout.readline() != b"ready\n":
            raise RuntimeError("BPF cannot be used")
        began = time.monotonic()
        subprocess.run(load, check=True)
        took = time.monotonic() - began
        after = _until_seen(path)
        collector.stdin.close()
        before, peak, stored, lost = map(int, collector.stdout.read().split())
    figures = f"{stored:,} stored and {lost:,} counted as lost of {EVENTS:,} in {took:.1f} s"
    verdict("memory of the collector in a flood", peak / 1024, 100, f"{before / 1024:.0f} MB before; {figures}", " MB")
    verdict("events of the flood that nobody counted", max(EVENTS - stored - lost, 0) / EVENTS * 100, 0, figures, "%")
    verdict("after it, until a lone event can be queried", after, 2, "seconds", " s")


def _until_seen(path: str) -> float:
    """Seconds until a connect of now is in the buffer."""
    import socket

    began = time.monotonic()
    reader = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)
    reader.set_busy_timeout(5000)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.connect(("127.0.0.1", 61_234))
    sql = "SELECT 1 FROM socket_events WHERE pid = ? AND remote_port = 61234"
    while not reader.execute(sql, (os.getpid(),)).fetchall():
        if time.monotonic() - began > 60:
            raise RuntimeError("the collector did not recover from the flood")
        time.sleep(0.05)
    reader.close()
    return time.monotonic() - began
