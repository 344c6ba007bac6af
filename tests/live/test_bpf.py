"""Processes, sockets and queries through BPF programs in the running kernel. Others run on it too: own pids count."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_network
from typing import Any

import pytest
from hostql.events.context import Contexts
from hostql.events.exclusion.match import matcher
from hostql.events.exclusion.rules import PathPattern, Rule, Rules
from hostql.events.options import Options
from hostql.events.publisher import Unavailable
from hostql.events.publishers.bpf.publisher import Bpf
from hostql.tests.conftest import as_nobody
from hostql.tests.host import IS_ROOT, PATIENCE

pytestmark = pytest.mark.live

TABLES = frozenset(Bpf.tables) - {"process_file_events"}


class Seen:
    """A stream that keeps what it is given, and waits for more."""

    def __init__(self, publisher: Bpf) -> None:
        self.publisher = publisher
        self.rows: list[dict[str, Any]] = []
        self.ends: dict[int, tuple[int, int]] = {}
        self.gaps: list[tuple[str, int]] = []

    def add(self, table: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
        self.rows += [{"table": table, **dict(zip(columns, row))} for row in rows]

    def ended(self, rows: list[tuple[int, int, int]]) -> None:
        self.ends.update((pid, (code, duration)) for code, duration, pid in rows)

    def gap(self, text: str, lost: int) -> None:
        self.gaps.append((text, lost))

    def until(self, there: Callable[[], Any]) -> Any:
        """Drain whenever the publisher says that there is something, until `there` gives something true."""
        poll = select.epoll()
        poll.register(self.publisher.fileno(), select.EPOLLIN)
        end = time.monotonic() + PATIENCE
        with poll:
            while not there():
                assert time.monotonic() < end, "nothing was seen"
                if poll.poll(1):
                    self.publisher.drain(self)
        return there()

    def of(self, pid: int) -> list[dict[str, Any]]:
        return [row for row in self.rows if row["pid"] == pid]


@pytest.fixture
def seen() -> Iterator[Seen]:
    """A stream of the publisher at work."""
    publisher = Bpf()
    try:
        publisher.open(TABLES, Options())
    except Unavailable as unavailable:
        if IS_ROOT and os.path.exists("/sys/kernel/btf/vmlinux") and "may not" not in unavailable.reason:
            raise
        pytest.skip(f"{unavailable.reason}; {unavailable.hint}")
    yield Seen(publisher)
    publisher.close()


def test_a_program_and_how_it_ended(seen: Seen, tmp_path: Any):
    child = subprocess.Popen(["/bin/sh", "-c", "exit 3"], cwd=tmp_path, env={"A": "b"})
    child.wait()
    seen.until(lambda: child.pid in seen.ends)
    (row,) = seen.of(child.pid)
    expected = {
        "table": "process_events",
        "path": "/bin/sh",
        "exe": os.path.realpath("/bin/sh"),
        "cmdline": "/bin/sh -c exit 3",
        "cmdline_size": 18,
        "cwd": str(tmp_path),
        "parent": os.getpid(),
        "ppid": os.getpid(),
        "uid": 0,
        "egid": os.getegid(),
        "env_count": 1,
        "success": 1,
        "syscall": "execve",
    }
    assert {name: row[name] for name in expected} == expected
    assert abs(row["time"] - time.time()) < 60
    assert row["ancestors"].startswith(f"python ({os.getpid()}) ← ") or f" ({os.getpid()}) ← " in row["ancestors"]
    assert seen.ends[child.pid][0] == 3


def test_a_signal_is_an_exit_code(seen: Seen):
    child = subprocess.Popen(["sleep", "100"])
    seen.until(lambda: seen.of(child.pid))
    child.send_signal(signal.SIGKILL)
    child.wait()
    seen.until(lambda: child.pid in seen.ends)
    assert seen.ends[child.pid][0] == 137


def test_a_relative_path_is_made_absolute(seen: Seen, tmp_path: Any):
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\nexit 0\n")
    script.chmod(0o755)
    child = subprocess.Popen(["./script"], cwd=tmp_path)
    child.wait()
    (row,) = seen.until(lambda: seen.of(child.pid))
    assert (row["path"], row["exe"]) == (str(script), os.path.realpath("/bin/sh"))


def test_long_arguments_are_cut_and_said_to_be(seen: Seen):
    child = subprocess.Popen(["/bin/true", "x" * 10_000])
    child.wait()
    (row,) = seen.until(lambda: seen.of(child.pid))
    assert (row["overflows"], row["cmdline_size"], len(row["cmdline"])) == ("cmdline", 10_011, 4095)


# Listens, connects to itself, accepts, connects in vain, and says on which ports.
SERVER = """
import socket, sys
family = socket.AddressFamily(int(sys.argv[1]))
host = sys.argv[2]
server = socket.socket(family)
server.bind((host, 0))
server.listen()
port = server.getsockname()[1]
client = socket.socket(family)
client.connect((host, port))
accepted, _ = server.accept()
refused = socket.socket(family)
try:
    refused.connect((host, 1))
except ConnectionRefusedError:
    pass
waiting = socket.socket(family)
waiting.setblocking(False)
waiting.connect_ex((host, port))
server.setblocking(False)
server.accept()
try:
    server.accept()
except BlockingIOError:
    pass
udp = socket.socket(family, socket.SOCK_DGRAM)
udp.connect((host, 9))
print(port, client.getsockname()[1], waiting.getsockname()[1])
"""


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_sockets(seen: Seen, family: int, host: str):
    child = subprocess.Popen([sys.executable, "-IS", "-c", SERVER, str(int(family)), host], stdout=subprocess.PIPE)
    port, client, waiting = map(int, child.communicate()[0].split())
    seen.until(
        lambda: any(row["action"] == "connect" and row["remote_port"] == 9 for row in sockets_of(seen, child.pid))
    )
    shown = ("action", "protocol", "local_address", "local_port", "remote_address", "remote_port", "status", "error")
    got = [tuple(row[name] for name in shown) for row in sockets_of(seen, child.pid)]
    # What a loopback connect that does not wait comes to is the kernel's choice; its outcome is looked at below.
    assert got[:4] == [
        ("bind", 6, host, port, None, None, "succeeded", 0),
        ("listen", 6, host, port, None, None, "succeeded", 0),
        ("connect", 6, host, client, host, port, "succeeded", 0),
        ("accept", 6, host, port, host, client, "succeeded", 0),
    ]
    assert [row[0::4] + row[5:] for row in got[4:5]] == [("connect", host, 1, "failed", 111)]
    assert got[5] == ("connect", 6, host, waiting, host, port, "in_progress", 115)
    assert got[6] == ("accept", 6, host, port, host, waiting, "succeeded", 0)
    assert got[7] == ("accept", 6, host, port, None, None, "no_client", 11)
    assert got[8][:2] == ("connect", 17)
    row = sockets_of(seen, child.pid)[0]
    assert (row["exe"], row["ppid"], row["uid"]) == (os.path.realpath(sys.executable), os.getpid(), 0)


def sockets_of(seen: Seen, pid: int) -> list[dict[str, Any]]:
    return [row for row in seen.of(pid) if row["table"] == "socket_events"]


# Asks a name server on the loopback interface, where none is, by each system call that sends: A by sendto, AAAA by a
# connected socket, MX by sendmsg.
ASKER = """
import socket
def query(type):
    return bytes.fromhex("123401000001000000000000") + b"\\7hostql-\\4test\\7invalid\\0" + bytes([0, type, 0, 1])
for number, type in enumerate((1, 28, 15)):
    asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    if number == 0:
        asking.sendto(query(type), ("127.0.0.53", 53))
    elif number == 1:
        asking.connect(("127.0.0.53", 53))
        asking.send(query(type))
    else:
        asking.sendmsg([query(type)], [], 0, ("127.0.0.53", 53))
asking.sendto(query(1), ("127.0.0.53", 54))
"""


def test_dns_queries(seen: Seen):
    child = subprocess.Popen([sys.executable, "-IS", "-c", ASKER])
    assert child.wait() == 0
    seen.until(lambda: child.pid in seen.ends)
    got = [row for row in seen.of(child.pid) if row["table"] == "dns_events"]
    shown = ("name", "type", "server_address", "server_port", "uid", "ppid")
    assert [tuple(row[name] for name in shown) for row in got] == [
        ("hostql-.test.invalid", type, "127.0.0.53", 53, 0, os.getpid()) for type in ("A", "AAAA", "MX")
    ]
    seen.publisher.exclude(Rules("test", (Rule(0, "{}", event_class="dns", cidr=(ip_network("127.0.0.53/32"),)),)))
    again = subprocess.Popen([sys.executable, "-IS", "-c", ASKER])
    again.wait()
    seen.until(lambda: again.pid in seen.ends)
    assert not [row for row in seen.of(again.pid) if row["table"] == "dns_events"]


# Sockets of every kind and programs, then waits to be let go.
BUSY = SERVER.replace(
    "print(", "import subprocess; subprocess.call(['/bin/true']); subprocess.call(['/bin/sh', '-c', ''])\nprint("
)
BUSY += "sys.stdout.flush(); sys.stdin.read()\n"

PYTHON = os.path.realpath(sys.executable)
RULES: list[dict[str, Any]] = [
    {"uid": (0,)},
    {"uid": (1, 65534)},
    {"event_class": "socket", "cidr": (ip_network("127.0.0.0/8"),), "port": ((1, 1), (9, 9))},
    {"event_class": "socket", "cidr": (ip_network("::/0"), ip_network("127.0.0.0/8")), "success": False},
    {"cidr": (ip_network("::1/128"),), "protocol": (17,)},
    {"protocol": (6,), "port": ((1, 32767), (60000, 65535))},
    {"port": ((0, 65535),)},
    {"success": True},
    {"event_class": "process", "path": (PathPattern("exact", "/bin/true"),)},
    {"path": (PathPattern("prefix", "/bin"),)},
    {"path": (PathPattern("prefix", "/bi"), PathPattern("exact", "/bin"))},
    {"path": (PathPattern("prefix", os.path.dirname(PYTHON)),), "event_class": "socket"},
    {"parent_path": (PathPattern("exact", PYTHON),), "path": (PathPattern("exact", "/bin/sh"),)},
    {"parent_path": (PathPattern("prefix", "/nowhere"),)},
    {"comm": ("true", "sh")},
    {"comm": (os.path.basename(sys.executable)[:15],), "event_class": "socket"},
    {"path": (PathPattern("glob", "/bin/t*"), PathPattern("exact", "/bin/sh"))},
    {"cgroup": ("/",), "uid": (0,)},
    {"container": ("*",)},
]
# The last ones are left to others, in part at least: globs, control groups, containers.
LEFT = 3
# Those that together do not drop everything.
MILD = (*RULES[1:6], *RULES[8:16])


def happened(seen: Seen, pid: int) -> list[tuple[Any, ...]]:
    shown = ("table", "action", "pid", "path", "protocol", "local_port", "remote_address", "remote_port", "status")
    own = [row for row in seen.rows if pid in (row["pid"], row["ppid"])]
    return [tuple(row.get(name) for name in shown) for row in own]


def drain_whole(publisher: Bpf, seen: Any) -> None:
    """Drain until nothing is left, not even behind a record that was still being written."""
    rings = [ring for group in publisher._groups for ring in group.rings]
    until = time.monotonic() + PATIENCE
    while True:
        publisher.drain(seen)
        if all(ring._consumer[0] == ring._producer[0] for ring in rings):
            return
        assert time.monotonic() < until


def kept(seen: Seen, rules: Rules) -> None:
    """Take out of the rows what rules match, as the collector does it."""
    contexts = Contexts()
    rows, seen.rows = seen.rows, []
    for row in rows:
        columns = tuple(row)
        event_class = {"process_events": "process", "socket_events": "socket", "dns_events": "dns"}[row["table"]]
        if matcher(rules.of_class(event_class), row["table"], columns, contexts)(tuple(row.values())) is None:
            seen.rows.append(row)


def test_the_kernel_excludes_what_the_collector_would(seen: Seen):
    each = [Rule(0, "{}", **fields) for fields in RULES]
    together = tuple(Rule(id, "{}", **fields) for id, fields in enumerate(MILD))
    excluding = Bpf()
    excluding.open(TABLES, Options())
    dropped = 0
    try:
        for rules in (*((rule,) for rule in each), together, ()):
            in_kernel = Seen(excluding)
            enforced = excluding.exclude(Rules("test", rules))
            left = len(rules) == 1 and rules[0] in each[-LEFT:]
            assert enforced == (frozenset() if left else frozenset(rule.id for rule in rules))
            command = [sys.executable, "-IS", "-c", BUSY, str(int(socket.AF_INET)), "127.0.0.1"]
            with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
                assert child.stdout is not None
                child.stdout.readline()
                # All it did has happened.
                drain_whole(seen.publisher, seen)
                drain_whole(excluding, in_kernel)
                before = happened(seen, child.pid)
                kept(seen, Rules("test", rules))
                after = happened(seen, child.pid)
                if left:
                    kept(in_kernel, Rules("test", rules))
            dropped += len(before) - len(after)
            assert len(after) > 0 or len(rules) == 1
            assert happened(in_kernel, child.pid) == after, RULES[each.index(rules[0])] if len(rules) == 1 else rules
            assert sum(excluding.dropped().values()) == excluding.counters().excluded
            assert enforced == Bpf.decides(Rules("test", rules), TABLES)
            seen.rows.clear()
    finally:
        excluding.close()
    assert dropped > 50


def test_loss_is_counted(seen: Seen):
    """Nobody reads while more happens than the ring holds."""
    before = seen.publisher.counters()
    flood = "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
    flood += "for n in range(150_000): s.connect(('127.0.0.1', n % 1000 + 1))"
    with subprocess.Popen([sys.executable, "-IS", "-c", flood]) as child:
        child.wait()
    seen.publisher.drain(seen)
    counters = seen.publisher.counters()
    lost = counters.lost - before.lost
    assert lost > 0
    assert seen.gaps
    assert sum(count for _, count in seen.gaps) >= lost
    # What was not lost is there to be read, after the loss as before it.
    while len(sockets_of(seen, child.pid)) + lost < 150_000:
        held = len(seen.rows)
        seen.publisher.drain(seen)
        assert len(seen.rows) > held
    assert counters.seen - before.seen >= 150_000


def test_nothing_is_left_in_the_kernel():
    publisher = Bpf()
    try:
        publisher.open(TABLES, Options())
    except Unavailable as unavailable:
        pytest.skip(unavailable.reason)
    ours = programs() & held()
    publisher.close()
    assert len(ours) >= 10
    # Programs go once their last user is done, a moment after the descriptor is closed.
    end = time.monotonic() + PATIENCE
    while programs() & ours:
        assert time.monotonic() < end
        os.sched_yield()


def held() -> set[int]:
    """Ids of the BPF programs that this process has a descriptor of, or of a link to."""
    found = set()
    for fd in os.listdir("/proc/self/fdinfo"):
        try:
            lines = open(f"/proc/self/fdinfo/{fd}", encoding="ascii").read().splitlines()
        except FileNotFoundError:
            continue
        found.update(int(line.split()[1]) for line in lines if line.startswith("prog_id:"))
    return found


def programs() -> set[int]:
    """Ids of all BPF programs in the kernel that are ours by name."""
    from shutil import which

    if not which("bpftool"):
        pytest.skip("needs bpftool, to list programs")
    listed = subprocess.run(["bpftool", "prog", "show"], stdout=subprocess.PIPE, check=True, text=True).stdout
    return {int(line.split(":")[0]) for line in listed.splitlines() if " name hostql_" in line}


def test_an_ordinary_user_is_told_why_not():
    def refused() -> tuple[str, str]:
        try:
            Bpf().open(TABLES, Options())
        except Unavailable as unavailable:
            return unavailable.reason, unavailable.hint
        return ("", "")

    reason, hint = as_nobody(refused)
    assert "may not be loaded" in reason
    assert "root" in hint
