"""The kernel's process events connector: programs that start and end on this host, as rows of process_events."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from hostql.events.buffer import Buffer
from hostql.events.catalog import catalog
from hostql.events.collector import Collector
from hostql.events.options import Options
from hostql.events.publisher import Unavailable
from hostql.events.publishers import proc_connector
from hostql.events.publishers.proc_connector import ProcConnector
from hostql.events.publishers.proc_messages import IGNORE, LISTEN, request
from hostql.tests.conftest import as_nobody, in_new_network
from hostql.tests.events.streams import PATIENCE, Kept, drain_until
from hostql.tests.host import IS_ROOT

pytestmark = pytest.mark.live
TABLES = frozenset({"process_events"})


def opened(forks: bool = False) -> ProcConnector:
    publisher = ProcConnector()
    try:
        publisher.open(TABLES, Options(forks=forks))
    except Unavailable as unavailable:
        pytest.skip(unavailable.reason)
    return publisher


@pytest.fixture
def publisher() -> Iterator[ProcConnector]:
    made = opened()
    yield made
    made.close()


def waiting_child(*code: str) -> subprocess.Popen[bytes]:
    """A program that lives until its standard input ends, so that it can be read."""
    return subprocess.Popen([*code], stdin=subprocess.PIPE)


def test_a_program_is_seen_with_all_that_proc_tells(publisher: ProcConnector, tmp_path: Path):
    kept = Kept()
    before = int(time.time())
    child = subprocess.Popen(["/bin/cat", "-", "a b"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=tmp_path)
    drain_until(publisher, kept, lambda: kept.of(child.pid))
    child.communicate()
    (row,) = kept.of(child.pid)
    cat = os.path.realpath("/bin/cat")
    told = {name: row[name] for name in ("path", "exe", "cmdline", "cwd", "parent", "uid", "egid", "overflows")}
    assert told == {
        "path": cat,
        "exe": cat,
        "cmdline": "/bin/cat - a b",
        "cwd": str(tmp_path),
        "parent": os.getpid(),
        "uid": os.getuid(),
        "egid": os.getegid(),
        "overflows": "",
    }
    assert (row["mode"], row["owner_uid"], row["mtime"]) == ("0755", 0, int(os.stat(cat).st_mtime))
    assert before - 1 <= row["time"] <= time.time() + 1
    assert abs(row["uptime"] - time.clock_gettime(time.CLOCK_BOOTTIME)) < PATIENCE
    drain_until(publisher, kept, lambda: child.pid in kept.ends)


@pytest.mark.parametrize(
    ("ending", "code"), [("exit 7", 7), ("exit 0", 0), ("kill -9 $$", 128 + 9), ("kill -SEGV $$", 128 + signal.SIGSEGV)]
)
def test_how_a_program_ended(publisher: ProcConnector, ending: str, code: int):
    kept = Kept()
    child = waiting_child("/bin/sh", "-c", f"read line; {ending}")
    drain_until(publisher, kept, lambda: kept.of(child.pid))
    began = time.monotonic()
    child.communicate(b"go\n")
    drain_until(publisher, kept, lambda: child.pid in kept.ends)
    found, duration = kept.ends[child.pid]
    assert found == code
    assert duration is not None and 0 <= duration <= (time.monotonic() - began + PATIENCE) * 1000


def test_programs_that_are_gone_are_rows_marked_so(publisher: ProcConnector):
    kept = Kept()
    children = [subprocess.Popen(["/bin/true"]) for _ in range(5)]
    for child in children:
        child.wait()
    pids = {child.pid for child in children}
    drain_until(publisher, kept, lambda: pids <= set(kept.ends))
    for pid in pids:
        (row,) = kept.of(pid)
        assert (row["overflows"], row["path"]) == ("gone", "")
        # Its end tells the parent, unless thousands of other events came between on a busy host.
        assert row["parent"] in (os.getpid(), None)
        assert kept.ends[pid][0] == 0


def sleeps(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"


def test_a_program_replaced_by_another_is_never_told_as_the_other(publisher: ProcConnector):
    kept = Kept()
    child = waiting_child("/bin/sh", "-c", "exec /bin/cat")
    # /proc knows the second alone, which waits for its input: the kernel has told of both.
    while os.readlink(f"/proc/{child.pid}/exe") != os.path.realpath("/bin/cat") or not sleeps(child.pid):
        os.sched_yield()
    drain_until(publisher, kept, lambda: len(kept.of(child.pid)) == 2)
    child.communicate()
    assert [row["path"] for row in kept.of(child.pid)] == ["", os.path.realpath("/bin/cat")]


def test_forks_where_they_are_asked_for():
    publisher, kept = opened(forks=True), Kept()
    child = os.fork()
    if child == 0:
        os._exit(3)
    os.waitpid(child, 0)
    drain_until(publisher, kept, lambda: child in kept.ends)
    publisher.close()
    (row,) = kept.of(child)
    assert (row["syscall"], row["parent"], kept.ends[child][0]) == ("fork", os.getpid(), 3)


@pytest.mark.skipif(not IS_ROOT, reason="needs root, to make the kernel's buffer small")
def test_a_flood_that_does_not_fit_is_counted(publisher: ProcConnector):
    publisher._link.setsockopt(1, 33, 4096)
    kept = Kept()
    true = shutil.which("true")
    run = "import os, sys\nfor _ in range(300): os.waitpid(os.posix_spawn(sys.argv[1], ['true'], {}), 0)"
    subprocess.run([sys.executable, "-c", run, true], check=True)
    drain_until(publisher, kept, lambda: kept.gaps)
    counters = publisher.counters()
    assert counters.lost > 0 and counters.lost == sum(lost for _, lost in kept.gaps)
    assert counters.seen == counters.lost + len(kept.rows)
    # And it goes on, with room again.
    publisher._link.setsockopt(1, 33, 1 << 24)
    publisher.drain(kept)
    child = waiting_child("/bin/cat")
    drain_until(publisher, kept, lambda: any(row["path"].endswith("cat") for row in kept.of(child.pid)))
    child.communicate()


def test_a_flood_that_fits_is_seen_whole(publisher: ProcConnector):
    kept = Kept()
    run = (
        "import os, sys\n"
        "print(*(pid for _ in range(1000) for pid, _ in [os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)]))"
    )
    done = subprocess.run([sys.executable, "-c", run], check=True, capture_output=True)
    pids = {int(pid) for pid in done.stdout.split()}
    drain_until(publisher, kept, lambda: pids <= set(kept.ends))
    assert not kept.gaps
    assert {pid for pid in pids if len(kept.of(pid)) == 1} == pids


def test_rows_reach_the_buffer_with_how_they_ended(tmp_path: Path):
    opened().close()
    table = catalog().load("process_events")
    path = str(tmp_path / "events.db")
    stored = [catalog().load(name) for name in ("process_events", "event_publishers", "event_exclusions")]
    running = Collector(Buffer(path, [*stored, catalog().load("osquery_events")]), [table], [ProcConnector], Options())
    running.start()
    child = waiting_child("/bin/sh", "-c", "read line; exit 5")
    reader = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)
    sql = "SELECT path, cmdline, exit_code, ancestors, publisher FROM process_events WHERE pid = ?"
    until = time.monotonic() + PATIENCE
    found: list[tuple[object, ...]] = []
    while time.monotonic() < until and not (found and found[0][2] is not None):
        running.step(0.1)
        found = reader.execute(sql, (child.pid,)).fetchall()
        if found and child.poll() is None:
            child.communicate(b"\n")
    shell, name = os.path.realpath("/bin/sh"), Path("/proc/self/comm").read_text().strip()
    ((program, cmdline, code, ancestors, publisher),) = found
    assert (program, cmdline, code, publisher) == (shell, "/bin/sh -c read line; exit 5", 5, "proc_connector")
    assert str(ancestors).startswith(f"{name} ({os.getpid()})")
    reader.close()
    running.close()


def refused() -> str:
    """Why there are no events; '' where there are."""
    publisher, kept = ProcConnector(), Kept()
    try:
        publisher.open(TABLES, Options())
    except Unavailable as unavailable:
        return f"{unavailable.reason}; {unavailable.hint}"
    child = waiting_child("/bin/cat")
    drain_until(publisher, kept, lambda: kept.of(child.pid))
    child.communicate()
    publisher.close()
    return ""


def test_an_ordinary_user_is_told_why_or_served():
    # Linux 6.6 and later serve everybody.
    assert refused() == ""
    reason = as_nobody(refused)
    assert reason == "" or "root" in reason


def test_another_network_namespace_is_told_why():
    assert "namespace" in in_new_network(refused)


def asking(stopping: threading.Event) -> None:
    """Ask for events, as number 1, and no longer, again and again."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, proc_connector._NETLINK_CONNECTOR) as link:
        link.bind((0, 0))
        while not stopping.wait(0.01):
            link.send(request(LISTEN, None, 1, link.getsockname()[0]))
            link.send(request(IGNORE, None, 0, link.getsockname()[0]))


def test_another_pid_namespace_is_told_why():
    code = (
        "from hostql.tests.live.test_proc_connector import refused\n"
        "from hostql.events.publishers import proc_connector\n"
        "proc_connector._PATIENCE = 0.1\n"
        "print(refused())"
    )
    # Who is the first process there has port 1, and hears the acknowledgements of everybody.
    stopping = threading.Event()
    other = threading.Thread(target=asking, args=(stopping,))
    other.start()
    try:
        done = subprocess.run(
            ["unshare", "--pid", "--fork", "--mount-proc", sys.executable, "-c", code], capture_output=True, text=True
        )
    finally:
        stopping.set()
        other.join()
    if done.returncode and "unshare" in done.stderr:
        pytest.skip(done.stderr)
    assert "namespace" in done.stdout, done.stderr
