"""Events by BPF under load: what is lost, what draining, decoding and storing costs, what excluded events cost.

The load is made by a small C program, at a steady rate; without a C compiler nothing is measured. Connects are of UDP
sockets on the loopback interface: they cost the generator least, and the publisher as much as any.
"""

from __future__ import annotations

import os
import select
import subprocess
import tempfile
import time
from contextlib import contextmanager
from statistics import median

import apsw

from ..events.buffer import Buffer
from ..events.catalog import catalog
from ..events.collector import Collector
from ..events.exclusion.rules import Rule, Rules
from ..events.options import Options
from ..events.publisher import Unavailable
from ..events.publishers.bpf.publisher import Bpf
from .measure import compiled, verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

SECONDS = 4
CONNECTS = 100_000

GENERATOR = r"""
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
int main(int argc, char **argv) {
    int rate = atoi(argv[1]), seconds = atoi(argv[2]);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timespec next;
    clock_gettime(CLOCK_MONOTONIC, &next);
    long total = (long)rate * seconds, done = 0, ticks = (long)seconds * 1000;
    for (long tick = 1; tick <= ticks; tick++) {
        for (; done < total * tick / ticks; done++) {
            to.sin_port = htons(1 + done % 60000);
            connect(fd, (struct sockaddr *)&to, sizeof to);
        }
        next.tv_nsec += 1000000;
        if (next.tv_nsec >= 1000000000) { next.tv_nsec -= 1000000000; next.tv_sec++; }
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, 0);
    }
    return 0;
}
"""


class Counting:
    """A stream that throws rows away."""

    rows = 0

    def add(self, table: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
        self.rows += len(rows)

    def ended(self, rows: list[Any]) -> None:
        pass

    def gap(self, text: str, lost: int) -> None:
        pass


def main() -> None:
    """Print what each costs."""
    with tempfile.TemporaryDirectory(prefix="hostql-bench-") as folder:
        load = [*compiled(GENERATOR, os.path.join(folder, "generate")), str(CONNECTS), str(SECONDS)]
        try:
            _decoding(load)
        except Unavailable as unavailable:
            raise RuntimeError(unavailable.reason) from None
        _excluding(load)
        _storing(load, folder)
        _visible(folder)


def _decoding(command: list[str]) -> None:
    with _opened("socket_events") as publisher:
        stream = Counting()
        cpu, wall = _while_running(command, publisher, stream)
        counters = publisher.counters()
    rate = counters.seen / wall
    verdict(f"events lost at {rate:,.0f} connects/s", 100 * counters.lost / counters.seen, 0, f"{counters.lost}", "%")
    each = cpu / max(stream.rows, 1) * 1e6
    verdict("core to drain and decode 100,000 connects/s", each * CONNECTS / 1e4, 10, f"{each:.2f} us each", "%")


def _excluding(command: list[str]) -> None:
    with _opened("socket_events") as publisher:
        publisher.exclude(Rules("bench", (Rule(0, "{}", protocol=(17,), port=((1, 65535),)),)))
        cpu, _ = _while_running(command, publisher, Counting())
        excluded = publisher.counters().excluded
    verdict("CPU of ours for an excluded event", cpu / max(excluded, 1) * 1e9, 5, f"{excluded:,} excluded", " ns")


def _storing(command: list[str], folder: str) -> None:
    with _collecting(folder, "socket_events") as collector:
        with subprocess.Popen(command) as load:
            started, cpu = time.monotonic(), time.process_time()
            collector.run(lambda: load.poll() is not None)
            collector.store.commit()
            used, wall = time.process_time() - cpu, time.monotonic() - started
        (assigned,) = collector.assignment.opened()
        counters, stored = assigned.counters(), assigned.stream.stored
    each = used / max(stored, 1) * 1e6
    figures = f"{each:.2f} us each, {stored / wall:,.0f}/s stored, {counters.lost} lost"
    verdict("core to drain, decode and store 100,000 connects/s", each * CONNECTS / 1e4, 50, figures, "%")


def _visible(folder: str) -> None:
    import socket

    times = []
    with _collecting(folder, "socket_events") as collector, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        reader = apsw.Connection(os.path.join(folder, "events.db"), flags=apsw.SQLITE_OPEN_READONLY)
        sql = "SELECT 1 FROM socket_events WHERE pid = ? AND remote_port = ?"
        for port in range(20_001, 20_021):
            udp.connect(("127.0.0.1", port))
            began = time.monotonic()
            while not reader.execute(sql, (os.getpid(), port)).fetchall():
                collector.step()
            times.append(time.monotonic() - began)
    figures = f"median of {len(times)}, the longest {max(times) * 1000:.0f} ms"
    verdict("until a lone event can be queried", median(times) * 1000, 200, figures, " ms")


@contextmanager
def _opened(table: str) -> Iterator[Bpf]:
    publisher = Bpf()
    publisher.open(frozenset((table,)), Options())
    try:
        yield publisher
    finally:
        publisher.close()


@contextmanager
def _collecting(folder: str, table: str) -> Iterator[Collector]:
    known = catalog()
    names = [name for name in known if known.subject(name) == "events"]
    buffer = Buffer(os.path.join(folder, "events.db"), [known.load(name) for name in names])
    collector = Collector(buffer, [known.load(table)], [Bpf], Options())  # type: ignore[list-item]
    collector.start()
    try:
        yield collector
    finally:
        collector.close()


def _while_running(command: list[str], publisher: Bpf, stream: Any) -> tuple[float, float]:
    """(our CPU seconds, seconds) while a command runs and what it does is drained."""
    with subprocess.Popen(command) as load, select.epoll() as poll:
        poll.register(publisher.fileno(), select.EPOLLIN)
        started, cpu = time.monotonic(), time.process_time()
        ended: Callable[[], int | None] = load.poll
        while ended() is None:
            if poll.poll(1):
                publisher.drain(stream)
        used, wall = time.process_time() - cpu, time.monotonic() - started
    publisher.drain(stream)
    return used, wall
