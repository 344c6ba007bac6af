"""The buffer on real disks that are full, read-only or damaged, and killed in the middle."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest
from hostql.events.buffer import WAITING_ROWS, Buffer
from hostql.events.catalog import catalog
from hostql.events.cursors import Cursor
from hostql.events.expiry import used
from hostql.events.options import Options
from hostql.tests.host import IS_ROOT

pytestmark = [pytest.mark.live, pytest.mark.skipif(not IS_ROOT, reason="needs root, to mount a file system")]
COLUMNS = ("pid", "path", "time")
TABLES = [catalog().load(name) for name in catalog() if catalog().subject(name) == "events"]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", place], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def rows(count: int, size: int = 100) -> list[tuple[Any, ...]]:
    now = int(time.time())
    return [(n, f"/{n:0{size}}", now) for n in range(count)]


def count(path: Path) -> int:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        found: Any = connection.execute("SELECT count(*) FROM process_events").fetchall()[0][0]
        return int(found)
    finally:
        connection.close()


def test_a_full_disk_is_told_and_written_to_again(disk: Path):
    path = disk / "events.db"
    buffer = Buffer(str(path), TABLES)
    buffer.add("process_events", COLUMNS, rows(100))
    buffer.commit()
    (disk / "other").write_bytes(bytes(os.statvfs(disk).f_bavail * 4096))
    buffer.add("process_events", COLUMNS, rows(20_000))
    buffer.commit()
    assert "full" in buffer.problem and buffer.waiting == 20_000
    assert count(path) == 100
    # More than memory takes: the oldest go, and are counted.
    for _ in range(4):
        buffer.add("process_events", COLUMNS, rows(20_000))
    assert buffer.waiting <= WAITING_ROWS
    assert buffer.dropped == {"process_events": 100_000 - buffer.waiting}
    (disk / "other").unlink()
    kept = Options(keep_bytes=1 << 20)
    waiting = buffer.waiting
    # They are more than fit: what fits is a matter of how much is kept, and that is asked for a few at a time.
    buffer._waiting = [(table, sql, some[:5000]) for table, sql, some in buffer._waiting]
    buffer._waiting_rows = sum(len(some) for _, _, some in buffer._waiting)
    buffer._retry_at = 0.0
    buffer.commit()
    assert (buffer.problem, buffer.waiting) == ("", 0) and waiting > 0
    buffer.keep(kept)
    assert buffer.size() <= kept.keep_bytes * 2
    buffer.close()


def test_a_read_only_disk_is_told_and_written_to_again(disk: Path):
    path = disk / "events.db"
    buffer = Buffer(str(path), TABLES)
    buffer.add("process_events", COLUMNS, rows(10))
    buffer.commit()
    buffer.close()
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    buffer = Buffer(str(path), TABLES)
    assert "memory alone" in buffer.problem
    buffer.add("process_events", COLUMNS, rows(5))
    buffer.commit()
    assert buffer.stored == {"process_events": 5}
    buffer.keep(Options())
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    buffer._reopen_at = 0.0
    buffer.keep(Options())
    buffer.commit()
    assert buffer.problem == ""
    assert count(path) == 15
    buffer.close()


def test_memory_is_bounded_where_no_file_can_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("hostql.events.buffer.MEMORY_BYTES", 2 << 20)
    (tmp_path / "file").write_text("")
    buffer = Buffer(str(tmp_path / "file" / "events.db"), TABLES)
    for _ in range(10):
        buffer.add("process_events", COLUMNS, rows(10_000))
        buffer.commit()
        buffer.keep(Options())
        assert buffer.size() <= 2 << 20
    assert buffer.stored == {"process_events": 100_000}
    buffer.close()


def test_a_buffer_takes_no_more_disk_than_it_may_and_rare_events_stay(tmp_path: Path):
    path = tmp_path / "events.db"
    buffer = Buffer(str(path), TABLES)
    buffer.add("user_events", ("pid", "message", "time"), [(1, "a login", 1)])
    options = Options(keep_bytes=4 << 20, keep_seconds=1 << 40)
    largest = 0
    for _ in range(20):
        buffer.add("process_events", COLUMNS, rows(10_000))
        buffer.commit()
        buffer.keep(options)
        largest = max(largest, buffer.size())
    assert largest <= options.keep_bytes * 2
    assert used(buffer._connection) <= options.keep_bytes
    found = buffer._connection.execute("SELECT max(eid), count(*) < 100000 FROM process_events").fetchall()
    assert found == [(200_000, 1)]
    assert buffer._connection.execute("SELECT message FROM user_events").fetchall() == [("a login",)]
    buffer.close()


@pytest.mark.parametrize("while_open", [False, True])
def test_a_damaged_file_is_put_aside(tmp_path: Path, while_open: bool):
    path = tmp_path / "events.db"
    buffer = Buffer(str(path), TABLES)
    buffer.add("process_events", COLUMNS, rows(20_000))
    buffer.commit()
    if not while_open:
        buffer.close()
    # Every page but the first; where it is open, the pages of the log as well.
    for each in (path, Path(f"{path}-wal")):
        if each.exists() and each.stat().st_size:
            with open(each, "r+b") as file:
                file.seek(4096)
                file.write(random.Random(1).randbytes(each.stat().st_size - 4096))
    if not while_open:
        buffer = Buffer(str(path), TABLES)
    for _ in range(3):
        buffer.add("process_events", COLUMNS, rows(20_000))
        buffer.commit()
        buffer._retry_at = 0.0
        buffer.expire(1 << 40, 1 << 40)
        buffer.replace("event_publishers", [])
    buffer.commit()
    assert buffer.waiting == 0
    assert [name for name in os.listdir(tmp_path) if "damaged" in name]
    assert count(path) > 0
    buffer.close()


WRITER = """
import sys, time
from hostql.events.buffer import Buffer
from hostql.events.catalog import catalog
buffer = Buffer(sys.argv[1], [catalog().load(name) for name in catalog() if catalog().subject(name) == "events"])
columns, n = ("pid", "path", "time"), int(sys.argv[2])
while True:
    rows = [(n + i, "/x", int(time.time())) for i in range(50)]
    buffer.add("process_events", columns, rows)
    buffer.commit()
    n += 50
    print(n, flush=True)
"""


def test_what_was_committed_stays_and_a_cursor_goes_on_whenever_it_is_killed(tmp_path: Path):
    path, chance = tmp_path / "events.db", random.Random(7)
    expected, seen = 0, []
    for _ in range(12):
        child = subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(expected)], stdout=subprocess.PIPE)
        assert child.stdout is not None
        for _ in range(chance.randrange(1, 40)):
            committed = int(child.stdout.readline())
        time.sleep(chance.random() / 100)
        child.send_signal(signal.SIGKILL)
        told = child.communicate()[0].split()
        committed = int(told[-1]) if told and told[-1].isdigit() else committed
        connection = apsw.Connection(str(path))
        cursor = Cursor(connection, "test", "process_events")
        found = cursor.read(1_000_000)
        cursor.advance(found[-1][cursor_place(connection)])
        seen += [row[0] for row in found]
        connection.close()
        expected = seen[-1] + 1
        assert expected >= committed
        assert cursor.missed == 0
    assert seen == list(range(expected))
    shutil.rmtree(tmp_path)


def cursor_place(connection: apsw.Connection) -> int:
    """Where the number of an event stands in a row."""
    return [row[1] for row in connection.execute("PRAGMA table_info(process_events)")].index("eid")
