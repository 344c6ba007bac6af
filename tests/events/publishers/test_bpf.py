"""The parts of the BPF publisher that need no kernel: blobs, records into rows, the ring."""

from __future__ import annotations

import mmap
import os
import struct
from pathlib import Path

import pytest
from hostql.events.publishers.bpf import blob, decode
from hostql.events.publishers.bpf.ring import Ring

DATA = Path(__file__).parent.parent.parent / "data" / "bpf"
# Nanoseconds from the boot of the host the records are from to 2026-11-24.
OFFSET = 1_795_542_000_000_000_000
PAGE = mmap.PAGESIZE


@pytest.mark.parametrize("group", blob.GROUPS)
def test_blobs_are_built_from_the_sources_as_they_are(group: str):
    assert blob.read(group).sources == blob.digest(blob.sources_of(group)), "stale: run `make bpf` and commit the blobs"


@pytest.mark.parametrize("group", blob.GROUPS)
def test_names_in_the_kernel_say_whose_they_are(group: str):
    held = blob.read(group)
    # The kernel keeps 15 bytes of a name.
    assert all(name.startswith("hostql_") and len(name) <= 15 for name in (*held.maps, *held.programs))


def test_what_is_no_blob_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "process.blob").write_bytes(b"\x7fELF")
    monkeypatch.setattr(blob, "FOLDER", str(tmp_path))
    with pytest.raises(ValueError, match="no blob"):
        blob.read("process")


def test_an_exec():
    row = dict(zip(decode.PROCESS_COLUMNS, decode.exec_row((DATA / "exec.bin").read_bytes(), OFFSET)))
    assert row == {
        "path": "/bin/sh",
        "cmdline": "/bin/sh -c exit 3",
        "cwd": "/tmp",
        "pid": 6119,
        "parent": 6106,
        "auid": 4294967295,
        "uid": 0,
        "euid": 0,
        "suid": 0,
        "fsuid": 0,
        "gid": 0,
        "egid": 0,
        "sgid": 0,
        "fsgid": 0,
        "mode": "0755",
        "owner_uid": 0,
        "owner_gid": 0,
        "env_count": 1,
        "env_size": 4,
        "cmdline_size": 18,
        "overflows": "",
        "time": 1795548666,
        "uptime": 6666,
        "syscall": "execve",
        "success": 1,
        "exe": "/usr/bin/dash",
        "ppid": 6106,
        "cgroup_path": "/",
        "container_id": "",
        "container_runtime": "",
        "ancestors": "python (6106) ← bash (6101) ← bash (6100) ← bash (27633) ← sshd (27624) ← systemd (1)",
    }


def test_an_exit():
    assert decode.exit_row((DATA / "exit.bin").read_bytes()) == (3, 0, 6119)
    killed = struct.pack("<IIQQi4x", decode.EXIT, 7, 0, 2_500_000_000, 9)
    assert decode.exit_row(killed) == (137, 2500, 7)


def test_a_connect():
    raw = (DATA / "connect.bin").read_bytes()
    context = ("/usr/bin/curl", 1, "systemd (1)", "/", "", "")
    (row,) = decode.socket_rows([decode.SOCKET.unpack(bytes(8) + raw)], {}, lambda pid: context, OFFSET)
    assert dict(zip(decode.SOCKET_COLUMNS, row)) == {
        "action": "connect",
        "pid": 6106,
        "path": "/usr/bin/curl",
        "fd": 57,
        "auid": 4294967295,
        "family": 10,
        "protocol": 6,
        "local_address": "::",
        "local_port": 0,
        "remote_address": "::1",
        "remote_port": 1,
        "time": 1795548666,
        "uptime": 6666,
        "success": 0,
        "status": "failed",
        "error": 111,
        "uid": 0,
        "exe": "/usr/bin/curl",
        "ppid": 1,
        "ancestors": "systemd (1)",
        "cgroup_path": "/",
        "container_id": "",
        "container_runtime": "",
    }


@pytest.fixture
def ring_file(tmp_path: Path):
    """A file like a ring of one page: the consumer's page, the producer's, and data."""
    path = tmp_path / "ring"
    path.write_bytes(bytes(3 * PAGE))
    fd = os.open(path, os.O_RDWR)
    yield fd
    os.close(fd)


def fill(fd: int, *records: tuple[int, bytes]) -> None:
    """Put (flags, record) into the ring's data, and the producer's position behind them."""
    data = b"".join(
        struct.pack("<II", len(raw) | flags, 0) + raw.ljust((len(raw) + 7) & ~7, b"\0") for flags, raw in records
    )
    os.pwrite(fd, data, 2 * PAGE)
    os.pwrite(fd, struct.pack("<Q", len(data)), PAGE)


def test_reading_stops_before_a_record_that_is_being_written(ring_file: int):
    fill(ring_file, (0, b"first"), (1 << 30, b"given up"), (0, b"second, longer"), (1 << 31, b"busy"), (0, b"after"))
    ring = Ring(ring_file, PAGE)
    assert ring.records(1) == [b"first"]
    assert ring.records(10) == [b"second, longer"]
    assert ring.records(10) == []
    ring.close()


def test_a_batch_stops_before_a_record_that_is_being_written(ring_file: int):
    shape = struct.Struct("<I4xQ")
    numbers = [struct.pack("<Q", n) for n in range(5)]
    fill(ring_file, *[(1 << 31 if n == 3 else 0, raw) for n, raw in enumerate(numbers)])
    ring = Ring(ring_file, PAGE)
    assert ring.batch(shape, 2) == [(8, 0), (8, 1)]
    assert ring.batch(shape, 10) == [(8, 2)]
    assert ring.batch(shape, 10) == []
    ring.close()


def test_records_at_the_turn_are_put_together(ring_file: int):
    """The ring is written on from its beginning, in the middle of a record."""
    shape = struct.Struct("<I4x2Q")
    one = b"".join(struct.pack("<II2Q", 16, 0, n, n) for n in range(PAGE // 24 + 3))
    os.pwrite(ring_file, one[:PAGE], 2 * PAGE)
    os.pwrite(ring_file, one[PAGE : PAGE + 8], 2 * PAGE)
    # All but the last of those before the turn are read already.
    os.pwrite(ring_file, struct.pack("<Q", (PAGE // 24 - 1) * 24), 0)
    os.pwrite(ring_file, struct.pack("<Q", (PAGE // 24 + 1) * 24), PAGE)
    ring = Ring(ring_file, PAGE)
    wanted = [PAGE // 24 - 1, PAGE // 24]
    assert ring.batch(shape, 10) == [(16, n, n) for n in wanted]
    os.pwrite(ring_file, struct.pack("<Q", (PAGE // 24 - 1) * 24), 0)
    assert ring.records(10) == [struct.pack("<2Q", n, n) for n in wanted]
    ring.close()
