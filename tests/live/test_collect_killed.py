"""`hostql events collect` killed at any moment: what was stored stays, and nothing is left in the kernel."""

from __future__ import annotations

import ctypes
import errno
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest
from hostql.events.attach import being_written
from hostql.events.cursors import Cursor
from hostql.tests.host import IS_ROOT, PATIENCE

pytestmark = [pytest.mark.live, pytest.mark.skipif(not IS_ROOT, reason="needs root, to collect events")]


def collect(path: Path, *more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "hostql", "events", "collect", "--buffer", str(path), *more]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert child.stdout is not None
    if b"process_events" not in child.stdout.readline():
        child.kill()
        pytest.skip("no publisher of process_events works here")
    return child


def until(condition: Callable[[], Any]) -> Any:
    end = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < end
        time.sleep(0.01)
    return found


def query(path: Path, sql: str) -> Any:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        connection.set_busy_timeout(2000)
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def until_newer(path: Path, eid: int) -> None:
    until(lambda: (query(path, "SELECT max(eid) FROM process_events")[0][0] or 0) > eid)


def programs() -> set[int]:
    """The ids of the BPF programs in the kernel (bpf(2), BPF_PROG_GET_NEXT_ID)."""
    libc = ctypes.CDLL(None, use_errno=True)
    number = {"x86_64": 321, "aarch64": 280}.get(os.uname().machine)
    if number is None:
        pytest.skip("the number of bpf(2) is not known here")
    found, attributes = set(), (ctypes.c_uint32 * 3)(0, 0, 0)
    while libc.syscall(number, 11, ctypes.byref(attributes), ctypes.sizeof(attributes)) == 0:
        found.add(attributes[1])
        attributes[0] = attributes[1]
    assert ctypes.get_errno() == errno.ENOENT
    return found


def test_killed_at_any_moment(tmp_path: Path):
    path, chance, before = tmp_path / "events.db", random.Random(3), programs()
    seen: list[int] = []
    for turn in range(5):
        child = collect(path)
        subprocess.run(["/bin/true"], check=True)
        until_newer(path, seen[-1] if seen else 0)
        load = subprocess.Popen(["/bin/sh", "-c", "while :; do /bin/true; done"])
        time.sleep(chance.random() / 5)
        child.send_signal(signal.SIGKILL)
        child.communicate()
        load.kill()
        load.wait()
        assert not being_written(str(path))
        connection = apsw.Connection(str(path))
        cursor = Cursor(connection, "test", "process_events")
        eids = [row[0] for row in connection.execute("SELECT eid FROM process_events WHERE eid > ?", (cursor.eid,))]
        assert len(cursor.read(1_000_000)) == len(eids) > 0 and cursor.missed == 0
        cursor.advance(eids[-1])
        connection.close()
        seen += eids
        assert query(path, "SELECT count(*) FROM event_gaps WHERE reason = 'nobody collected events'") == [(turn,)]
    # Numbers are given once, and none is left out.
    assert seen == list(range(1, len(seen) + 1))
    until(lambda: programs() <= before)
    # What audit was set to is put back by the next that ends in peace.
    child = collect(path)
    child.terminate()
    assert child.wait(PATIENCE) == 0
    child.communicate()
    until(lambda: programs() <= before)


def test_straight_to_a_fifo_and_killed_reader(tmp_path: Path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = subprocess.Popen(["/bin/cat", str(fifo)], stdout=subprocess.PIPE)
    child = collect(tmp_path / "events.db", "--direct", str(fifo))
    subprocess.run(["/bin/true"], check=True)
    assert reader.stdout is not None
    assert b'"table":"' in reader.stdout.readline()
    reader.kill()
    reader.communicate()
    for _ in range(20):
        subprocess.run(["/bin/true"], check=True)
    # Nobody reads: it goes on, and the next reader gets what comes and what has waited.
    reader = subprocess.Popen(["/bin/cat", str(fifo)], stdout=subprocess.PIPE)
    assert reader.stdout is not None
    assert b'"table":"' in reader.stdout.readline()
    child.terminate()
    assert child.wait(PATIENCE) == 0
    child.communicate()
    reader.communicate()
    assert not (tmp_path / "events.db").exists()
