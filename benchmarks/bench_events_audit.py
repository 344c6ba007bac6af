"""Programs that start, by audit and by BPF: what is lost at thousands a second, and CPU against auditd's and a reader's
in C that does nothing with what it reads."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager

from .measure import compare_calls, compiled, verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Recording = list[bytes]

SECONDS = 5
RATES = (100, 1000)
FAST = 2000
LOADERS = 2
# Programs started at a rate by a child: seconds, programs a second.
_LOAD = """
import os, sys, time
seconds, rate = float(sys.argv[1]), float(sys.argv[2])
began, count = time.monotonic(), 0
while (now := time.monotonic()) - began < seconds:
    wanted = int((now - began) * rate)
    if count >= wanted:
        time.sleep(0.002)
    for _ in range(min(wanted - count, 50)):
        os.waitpid(os.posix_spawn(sys.argv[3], ["true"], {}), 0)
        count += 1
print(count)
"""
# The least a reader of audit's records can do: bind to the multicast group, receive, count. Ends with standard input.
_READER = r"""
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
int main(void) {
    static char record[9000];
    int link = socket(AF_NETLINK, SOCK_RAW, 9), group = 1, room = 8 << 20;
    struct sockaddr_nl here = {.nl_family = AF_NETLINK};
    setsockopt(link, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    if (bind(link, (void *)&here, sizeof here) || setsockopt(link, 270, NETLINK_ADD_MEMBERSHIP, &group, sizeof group))
        return 1;
    fcntl(link, F_SETFL, O_NONBLOCK);
    struct pollfd wait[2] = {{.fd = link, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
    long records = 0;
    puts("ready"), fflush(stdout);
    while (poll(wait, 2, -1) > 0 && !wait[1].revents)
        while (recv(link, record, sizeof record, 0) > 0)
            records++;
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    printf("%f %ld 0\n", used.ru_utime.tv_sec + used.ru_stime.tv_sec
           + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6, records);
}
"""
# hostql's collector over process_events, in a process of its own; it ends with its standard input.
_COLLECTOR = """
import resource, sys, select
from hostql.events.buffer import Buffer
from hostql.events.catalog import catalog
from hostql.events.collector import Collector
from hostql.events.options import Options
from hostql.events.publishers.audit.publisher import Audit
from hostql.events.publishers.bpf.publisher import Bpf
from hostql.events.table import BufferTable
names = catalog()
tables = [names.load(name) for name in names if names.subject(name) == "events"]
buffer = Buffer(sys.argv[1], [table for table in tables if issubclass(table, BufferTable)])
publishers = [{"audit": Audit, "bpf": Bpf}[sys.argv[2]]]
collector = Collector(buffer, [names.load("process_events")], publishers, Options(audit="multicast"))
collector.start()
def used():
    found = resource.getrusage(resource.RUSAGE_SELF)
    return found.ru_utime + found.ru_stime
(assigned,) = collector.assignment.opened() or sys.exit(sys.argv[2] + " cannot be used")
before = used()
print("ready", flush=True)
collector.run(lambda: select.select([sys.stdin], [], [], 0)[0])
counters = assigned.counters()
print(used() - before, buffer.stored.get("process_events", 0), counters.lost)
collector.close()
"""
_AUDITD = """
local_events = yes
write_logs = yes
log_file = {folder}/audit.log
log_format = RAW
flush = INCREMENTAL_ASYNC
freq = 50
max_log_file = 100
num_logs = 2
max_log_file_action = ROTATE
space_left = 2
admin_space_left = 1
plugin_dir = {folder}/plugins.d
"""


def main() -> None:
    """Print the figures. RuntimeError where audit may not be used."""
    if os.geteuid() != 0:
        raise RuntimeError("audit is for root")
    recording = _record()
    _parsing(recording)
    _collecting(FAST, goal=0)
    if shutil.which("auditd"):
        for rate in RATES:
            _against_auditd(rate)
    else:
        print("CPU against auditd: not measured, auditd is not installed")
    _against_a_reader()


def _load(seconds: float, rate: float) -> int:
    """Programs started."""
    command = [sys.executable, "-IS", "-c", _LOAD, str(seconds), str(rate / LOADERS), "/bin/true"]
    loaders = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(LOADERS)]
    return sum(int(loader.communicate()[0]) for loader in loaders)


def _record() -> Recording:
    """The netlink messages of a second of starting programs, as they are received."""
    from ..events.options import Options
    from ..events.publisher import Unavailable
    from ..events.publishers.audit.netlink import READLOG, listen
    from ..events.publishers.audit.publisher import Audit

    publisher = Audit()
    try:
        publisher.open(frozenset(("process_events",)), Options(audit="multicast"))
    except Unavailable as unavailable:
        raise RuntimeError(unavailable.reason) from None
    link = listen(READLOG, (1321, 1327))
    try:
        _load(1, 300)
        found = []
        while select.select([link], [], [], 0.2)[0]:
            found.append(link.recv(1 << 16))
        return found
    finally:
        link.close()
        publisher.close()


def _parsing(recording: Recording) -> None:
    """Receiving and parsing against receiving alone, over the same messages, through a socket each time."""
    from ..events.publishers.audit.decode import Decoder
    from ..events.publishers.audit.netlink import HEADER
    from ..events.publishers.audit.records import Assembler

    messages = recording[:200]
    times = len(recording) // 200
    decoder = Decoder(frozenset(("process_events",)))

    def parse() -> None:
        for _ in range(times):
            assembler = Assembler()
            for data in _received(messages):
                assembler.add(data[4] | data[5] << 8, data, 0.0, HEADER)
            for event in assembler.finished:
                decoder.decode(event, 0.0)

    def receive() -> None:
        for _ in range(times):
            for _data in _received(messages):
                pass

    print(f"     {len(recording)} records of {len(recording) // 6} programs started")
    compare_calls("records received and parsed / received", parse, receive, 2.5)


def _received(messages: Recording) -> Iterator[bytes]:
    import socket

    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs:
        theirs.setsockopt(socket.SOL_SOCKET, 32, 8 << 20)
        ours.setblocking(False)
        theirs.setblocking(False)
        waiting = iter(messages)
        held: bytes | None = next(waiting, None)
        while held is not None:
            sent = 0
            try:
                while held is not None:
                    theirs.send(held)
                    sent += 1
                    held = next(waiting, None)
            except BlockingIOError:
                pass
            for _ in range(sent):
                yield ours.recv(9000)


def _collecting(rate: int, goal: float) -> None:
    started, seconds, stored, lost = _collected(rate)
    verdict(
        f"lost of {started / SECONDS:.0f} programs started a second",
        float(lost),
        goal,
        f"{stored} stored, {started} started, CPU {seconds / SECONDS * 100:.1f} % of a core",
        " events",
    )


def _collected(rate: int, publisher: str = "audit") -> tuple[int, float, int, int]:
    """(programs started, seconds of CPU, rows stored, events lost)."""
    with tempfile.TemporaryDirectory(prefix="hostql-bench-") as folder:
        return _under_load([sys.executable, "-c", _COLLECTOR, f"{folder}/events.db", publisher], rate)


def _under_load(command: list[str], rate: int) -> tuple[int, float, int, int]:
    """(programs started, and what the command says at its end: seconds of CPU, what it took, what it lost)."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as reader:
        assert reader.stdout is not None
        assert reader.stdin is not None
        if reader.stdout.readline() != b"ready\n":
            raise RuntimeError(f"{os.path.basename(command[0])} did not start")
        started = _load(SECONDS, rate)
        time.sleep(1)
        reader.stdin.close()
        seconds, stored, lost = reader.stdout.read().split()
    return started, float(seconds), int(stored), int(lost)


def _against_auditd(rate: int) -> None:
    """The collector storing into its buffer, and auditd writing its log, one after the other at the same rate."""
    with _auditd() as daemon:
        before = _cpu(daemon)
        _load(SECONDS, rate)
        time.sleep(1)
        theirs = _cpu(daemon) - before
    for publisher in ("audit", "bpf"):
        started, ours, _, lost = _collected(rate, publisher)
        percent = f"{ours / SECONDS * 100:.1f} / {theirs / SECONDS * 100:.1f} % of a core"
        title = f"CPU at {rate} programs a second, {publisher}, stored / auditd's log"
        verdict(title, ours / max(theirs, 0.01), 1, f"{percent}, {started} started, {lost} lost")


def _against_a_reader() -> None:
    """The same socket, read in C, as fast as programs go: what a core could take before records are dropped."""
    with tempfile.TemporaryDirectory(prefix="hostql-bench-") as folder:
        reader = compiled(_READER, os.path.join(folder, "reader"))
        started, ours, _, _ = _collected(FAST)
        with _rules():
            theirs_started, theirs, records, _ = _under_load(reader, FAST)
    each = records / theirs_started
    mine, other = ours / started / each * 1e6, theirs / records * 1e6
    figures = f"{mine:.1f} / {other:.1f} us each, {each:.0f} records a program; 2.5x is 40 % of its records a second"
    verdict("CPU of a record, stored / received in C", mine / other, 2.5, figures)


@contextmanager
def _rules() -> Iterator[None]:
    """The kernel tells of programs that start, as for the collector."""
    from ..events.publishers.audit.netlink import Control
    from ..events.publishers.audit.rules import Installed, Watched

    control = Control()
    status = control.status()
    rules = Installed(control)
    try:
        control.set(enabled=1, backlog_limit=8192)
        rules.replace(Watched(("process",)), ())
        yield
    finally:
        rules.remove()
        control.set(enabled=status.enabled, backlog_limit=status.backlog_limit)
        control.close()


@contextmanager
def _auditd() -> Iterator[int]:
    """auditd writing a log of its own, with the rules that the collector has."""
    with tempfile.TemporaryDirectory(prefix="hostql-bench-") as folder, _rules():
        os.mkdir(f"{folder}/plugins.d")
        with open(f"{folder}/auditd.conf", "w", encoding="ascii") as file:
            file.write(_AUDITD.format(folder=folder))
        os.chmod(f"{folder}/auditd.conf", 0o640)
        command = ["auditd", "-n", "-s", "nochange", "-c", folder]
        daemon: Any = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            time.sleep(0.5)
            if daemon.poll() is not None:
                raise RuntimeError(f"auditd ended with {daemon.returncode}")
            yield daemon.pid
        finally:
            daemon.terminate()
            daemon.wait()


def _cpu(pid: int) -> float:
    """Seconds of CPU a process used."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
