"""Events by the kernel's audit: what child processes do is seen, what is excluded is not, nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostql.events.exclusion.rules import PathPattern, Rule, Rules
from hostql.events.options import Options
from hostql.events.publisher import Unavailable
from hostql.events.publishers.audit.netlink import Control
from hostql.events.publishers.audit.publisher import Audit
from hostql.tests.conftest import as_nobody, in_child, tool
from hostql.tests.live.audit_stage import THEIRS, alone, collecting, others, ours, python

pytestmark = pytest.mark.live

SOCKETS = """
import socket, sys
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen()
port = listener.getsockname()[1]
client = socket.create_connection(("127.0.0.1", port))
accepted, peer = listener.accept()
listener.setblocking(False)
try:
    listener.accept()
except BlockingIOError:
    pass
other = socket.socket()
other.setblocking(False)
started = other.connect_ex(("127.0.0.1", port))
closed = socket.socket(socket.AF_INET6)
refused = closed.connect_ex(("::1", 1))
print(listener.fileno(), port, client.fileno(), accepted.fileno(), peer[1], refused)
"""

# A reader in a process of its own, that says when it is open.
READER = """
import sys
from hostql.events.options import Options
from hostql.events.publishers.audit.publisher import Audit
from hostql.tests.live.audit_stage import Running
running = Running(Audit())
running.publisher.open(frozenset(sys.argv[2:] or ("process_events", "socket_events")), Options(audit=sys.argv[1]))
print("open", flush=True)
running.until(lambda: running.of("process_events", path="/usr/bin/sync"))
counters = running.publisher.counters()
print(counters.seen, counters.lost, flush=True)
running.publisher.close()
"""

FLOOD = """
import socket
for _ in range(20_000):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.connect(("127.0.0.1", 9))
print("finished")
"""


@pytest.fixture
def control() -> Iterator[Control]:
    with alone() as found:
        yield found


def test_a_program_that_is_started(control: Control, tmp_path: Path) -> None:
    with collecting("process_events") as running:
        child = subprocess.Popen(["/usr/bin/env", "-i", "true", "a b", "é"], cwd=tmp_path)
        child.wait()
        running.until(lambda: len(running.of("process_events", pid=child.pid)) == 2)
    first, second = running.of("process_events", pid=child.pid)
    assert (first["path"], first["cmdline"]) == ("/usr/bin/env", "/usr/bin/env -i true a b é")
    assert (second["path"], second["cmdline"]) == (os.path.realpath("/usr/bin/true"), "true a b é")
    assert (first["cwd"], first["parent"], first["uid"], first["success"]) == (str(tmp_path), os.getpid(), 0, 1)
    assert first["mode"] == "0755"
    assert ours(control) == []


def test_a_program_that_may_not_be_started_is_seen_one_that_is_not_there_is_not(
    control: Control, tmp_path: Path
) -> None:
    denied = tmp_path / "denied"
    denied.write_text("x")
    code = "import os, sys\nfor path in sys.argv[1:]:\n    try: os.execv(path, ['x'])\n    except OSError: pass\n"
    with collecting("process_events") as running:
        child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "none"), str(denied)])
        child.wait()
        running.settle()
    assert [row["path"] for row in running.of("process_events", pid=child.pid, success=0)] == [str(denied)]


def test_sockets(control: Control) -> None:
    with collecting("process_events", "socket_events") as running:
        child = python(SOCKETS)
        out, _ = child.communicate()
        running.settle()
    listener, port, client, accepted, peer_port, refused = out.split()
    rows = [row for row in running.of("socket_events", pid=child.pid) if row["family"] != 1]
    names = ("action", "status", "fd", "local_address", "local_port", "remote_address", "remote_port")
    assert [tuple(row[name] for name in names) for row in rows][:7] == [
        ("bind", "succeeded", listener, "127.0.0.1", 0, None, None),
        ("listen", "succeeded", listener, None, None, None, None),
        ("connect", "succeeded", client, None, None, "127.0.0.1", int(port)),
        ("accept", "succeeded", accepted, None, None, "127.0.0.1", int(peer_port)),
        ("accept", "no_client", listener, None, None, None, None),
        ("connect", "in_progress", rows[5]["fd"], None, None, "127.0.0.1", int(port)),
        ("connect", "failed", rows[6]["fd"], None, None, "::1", 1),
    ]
    assert rows[6]["error"] == int(refused)
    assert {row["exe"] for row in rows} == {os.path.realpath(sys.executable)}


def test_files_that_are_watched(control: Control, tmp_path: Path) -> None:
    watched = tmp_path / "watched"
    watched.mkdir()
    code = (
        "import os, sys; os.chdir(sys.argv[1]); open('new', 'w'); os.rename('new', 'old'); open('old').read();"
        "os.chmod('old', 0o600); os.unlink('old'); open('../elsewhere', 'w')"
    )
    with collecting("process_events", "process_file_events", file_paths={"all": [f"{watched}/%%"]}) as running:
        child = subprocess.Popen([sys.executable, "-c", code, str(watched)])
        child.wait()
        running.settle()
    rows = running.of("process_file_events", pid=child.pid)
    assert [(row["operation"], row["path"], row["dest_path"]) for row in rows] == [
        ("open", f"{watched}/new", ""),
        ("rename", f"{watched}/new", f"{watched}/old"),
        ("chmod", f"{watched}/old", ""),
        ("unlink", f"{watched}/old", ""),
    ]
    assert {row["executable"] for row in rows} == {os.path.realpath(sys.executable)}


def test_what_users_report(control: Control) -> None:
    with collecting("user_events") as running:
        words = f"hostql test {os.getpid()}"
        tool("auditctl", "-m", words)
        running.until(lambda: [row for row in running.stream.rows if words in row["message"]])
    (row,) = (row for row in running.stream.rows if words in row["message"])
    assert (row["type_name"], row["uid"], row["success"]) == ("USER", 0, 1)
    assert row["path"].endswith("auditctl")


def test_audit_is_put_back(control: Control) -> None:
    with collecting("process_events"):
        status = control.status()
        assert status.enabled == 1
        assert status.backlog_limit >= 4096
        assert ours(control)
    # `alone` compares what is left.


def test_rules_of_a_killed_reader_are_removed_by_the_next(control: Control) -> None:
    before = control.status().enabled
    reader = python(READER, "multicast")
    assert reader.stdout is not None
    assert reader.stdout.readline() == "open\n"
    reader.kill()
    reader.communicate()
    left = ours(control, reader.pid)
    assert left
    with collecting("process_events"):
        assert not ours(control, reader.pid)
    # What audit was before is told by the rules left behind.
    assert control.status().enabled == before or others(control)


def test_audit_is_put_back_after_a_reader_that_had_no_rules_was_killed(control: Control) -> None:
    """One of user_events alone needs none: what audit was before is told by a rule that does nothing."""
    before = control.status().enabled
    reader = python(READER, "multicast", "user_events")
    assert reader.stdout is not None
    assert reader.stdout.readline() == "open\n"
    assert control.status().enabled == 1
    reader.kill()
    reader.communicate()
    assert len(ours(control, reader.pid)) == 1
    with collecting("user_events"):
        assert not ours(control, reader.pid)
    assert control.status().enabled == before or others(control)


def test_rules_of_a_living_reader_stay(control: Control) -> None:
    reader = python(READER, "multicast")
    assert reader.stdout is not None
    assert reader.stdout.readline() == "open\n"
    try:
        theirs = ours(control, reader.pid)
        with collecting("process_events"):
            assert ours(control, reader.pid) == theirs
        assert ours(control, reader.pid) == theirs
        assert control.status().enabled == 1
        subprocess.run(["/usr/bin/sync", "-d", "/dev/null"], check=False, capture_output=True)
        assert reader.wait(60) == 0
    finally:
        reader.kill()
        reader.communicate()


@pytest.mark.slow
@pytest.mark.parametrize("way", ["multicast", "unicast"])
def test_a_reader_that_is_stopped_does_not_stop_the_host(control: Control, way: str) -> None:
    reader = python(READER, way)
    assert reader.stdout is not None
    try:
        assert reader.stdout.readline() == "open\n"
        reader.send_signal(signal.SIGSTOP)
        flood = python(FLOOD)
        out, _ = flood.communicate(timeout=120)
        assert out == "finished\n"
        reader.send_signal(signal.SIGCONT)
        # The last program may be lost, too, while the reader catches up.
        while reader.poll() is None:
            subprocess.run(["/usr/bin/sync", "-d", "/dev/null"], check=False, capture_output=True)
            try:
                reader.wait(1)
            except subprocess.TimeoutExpired:
                continue
        seen, lost = map(int, reader.stdout.read().split())
        assert lost > 0
        assert seen >= lost
    finally:
        reader.kill()
        reader.communicate()


def excluding(*rules: Rule) -> Rules:
    return Rules("test", rules)


def test_excluded_programs_never_leave_the_kernel(control: Control) -> None:
    true = os.path.realpath("/usr/bin/true")
    rule = Rule(3, "", event_class="process", path=(PathPattern("exact", true),))
    with collecting("process_events") as running:
        assert running.publisher.exclude(excluding(rule)) == {3}
        assert any(true.encode() in each for each in control.rules())
        dropped = subprocess.Popen([true])
        dropped.wait()
        running.settle()
        assert running.of("process_events", pid=dropped.pid) == []
        assert running.publisher.exclude(excluding()) == frozenset()
        seen = subprocess.Popen([true])
        seen.wait()
        running.settle()
        assert len(running.of("process_events", pid=seen.pid)) == 1


def test_rules_that_audit_cannot_decide_are_left(control: Control) -> None:
    undecided = excluding(
        Rule(0, "", comm=("true",)),
        Rule(1, "", event_class="process", path=(PathPattern("prefix", "/usr"),)),
        Rule(2, "", event_class="socket", port=((80, 80),)),
        Rule(4, "", event_class="dns", uid=(0,)),
    )
    with collecting("process_events", "socket_events") as running:
        before = len(ours(control))
        assert running.publisher.exclude(undecided) == frozenset()
        assert len(ours(control)) == before


def test_an_excluded_user_is_excluded_with_rules_of_others_too(control: Control) -> None:
    """Another program's rule makes the kernel record what our rules leave alone: it is dropped all the same."""
    tool("auditctl", "-a", "always,exit", "-F", "arch=b64", "-S", "execve", "-k", THEIRS)
    with collecting("process_events") as running:
        assert running.publisher.exclude(excluding(Rule(5, "", uid=(65534,)))) == {5}
        child = subprocess.Popen(["/usr/bin/setpriv", "--reuid=65534", "--clear-groups", "true"])
        child.wait()
        running.settle()
        assert [row["uid"] for row in running.of("process_events", pid=child.pid)] == [0]
        assert running.publisher.counters().excluded >= 1


def test_changing_the_profile_loses_nothing(control: Control) -> None:
    code = (
        "import os, select, sys\nprint('begun', flush=True)\ncount = 0\n"
        "while not select.select([sys.stdin], [], [], 0)[0]:\n"
        "    os.waitpid(os.posix_spawn('/usr/bin/true', ['true'], {}), 0)\n    count += 1\nprint(count)\n"
    )
    with collecting("process_events") as running:
        child = python(code)
        assert child.stdout is not None
        assert child.stdout.readline() == "begun\n"
        for turn in range(8):
            running.publisher.exclude(excluding(Rule(turn % 7, "", event_class="process", uid=(60_000 + turn,))))
            running.publisher.drain(running.stream)
        count = int(child.communicate()[0])
        running.settle()
        assert count and len(running.of("process_events", parent=child.pid)) == count
        assert running.publisher.counters().lost == 0


def test_removed_rules_and_a_switched_off_audit_come_back(control: Control) -> None:
    with collecting("process_events") as running:
        tool("auditctl", "-D")
        running.until(lambda: ours(control))
        assert any("rules" in gap for gap in running.stream.gaps)
        running.settle()
        tool("auditctl", "-e", "0")
        running.until(lambda: control.status().enabled)
        assert any("switched" in gap for gap in running.stream.gaps)
        running.settle()


def test_an_ordinary_user_is_told_why() -> None:
    def refused() -> str:
        try:
            Audit().open(frozenset(("process_events",)), Options())
        except Unavailable as unavailable:
            return f"{unavailable.reason}; {unavailable.hint}"
        return ""

    assert "CAP_AUDIT_READ" in as_nobody(refused)


def test_in_a_user_namespace_the_reason_is_given() -> None:
    import ctypes

    def enter() -> None:
        if ctypes.CDLL(None).unshare(0x10000000) != 0:
            pytest.skip("user namespaces cannot be made here")

    def refused() -> str:
        try:
            Audit().open(frozenset(("process_events",)), Options())
        except Unavailable as unavailable:
            return f"{unavailable.reason}; {unavailable.hint}"
        return ""

    assert "namespace" in in_child(enter, refused) or "CAP_AUDIT_READ" in in_child(enter, refused)
