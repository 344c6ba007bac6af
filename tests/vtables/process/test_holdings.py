"""What a process holds: files against lsof(8), pipes, memory, namespaces, environment; of children of the test."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hostql.tests.conftest import in_child, query, tool
from hostql.tests.host import IS_ROOT
from hostql.vtables.database import Database


@contextmanager
def running(code: str, *arguments: str, **options: Any) -> Iterator[subprocess.Popen]:
    """A Python child that has run `code` and waits until its standard input closes."""
    code += "\nimport sys; print('up', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options) as process:
        assert process.stdout is not None and process.stdin is not None
        try:
            assert process.stdout.readline() == b"up\n"
            yield process
        finally:
            process.stdin.close()


def test_open_files_are_those_of_lsof(db: Database, tmp_path: Path):
    for name in ("plain", "two words", "gone"):
        (tmp_path / name).write_text("x")
    code = (
        "import os,sys; held=[open(p) for p in sys.argv[1:]]; os.unlink(sys.argv[3]);"
        "d=os.open('/etc', os.O_RDONLY); n=open('/dev/null')"
    )
    paths = [str(tmp_path / name) for name in ("plain", "two words", "gone")]
    with running(code, *paths, stderr=subprocess.DEVNULL) as process:
        rows = query(db, "SELECT fd, path FROM process_open_files WHERE pid = ?", (process.pid,))
        shown = tool("lsof", "-n", "-P", "-a", "-p", str(process.pid), "-d", "0-99", "-F", "ftn").splitlines()
    expected = set()
    fd, kind = 0, ""
    for line in shown:
        if line[0] == "f":
            fd = int(line[1:])
        elif line[0] == "t":
            kind = line[1:]
        elif line[0] == "n" and kind in ("REG", "DIR", "CHR"):
            expected.add((fd, line[1:]))
    assert {(row["fd"], row["path"]) for row in rows} == expected
    assert {f"{tmp_path}/two words", f"{tmp_path}/gone (deleted)", "/etc", "/dev/null"} <= {r["path"] for r in rows}


def test_sockets_pipes_and_the_like_are_no_open_files(db: Database):
    import select
    import socket

    reader, writer = os.pipe()
    with socket.socket() as held, select.epoll() as poll:
        numbers = {reader, writer, held.fileno(), poll.fileno()}
        rows = query(db, "SELECT fd FROM process_open_files WHERE pid = ?", (os.getpid(),))
    os.close(reader)
    os.close(writer)
    assert not numbers & {row["fd"] for row in rows}


PIPES = "SELECT * FROM process_open_pipes WHERE inode = ?"


def test_a_pipe_between_two_processes(db: Database):
    with running("") as process:
        assert process.stdin is not None
        ours, inode = process.stdin.fileno(), os.fstat(process.stdin.fileno()).st_ino
        rows = query(db, PIPES, (inode,))
    writes = {"pid": os.getpid(), "fd": ours, "mode": "w", "inode": inode, "type": "anonymous"}
    reads = {"pid": process.pid, "fd": 0, "mode": "r", "inode": inode, "type": "anonymous"}
    partner = {"partner_pid": process.pid, "partner_fd": 0, "partner_mode": "r"}
    assert {**writes, **partner} in rows
    assert {**reads, "partner_pid": os.getpid(), "partner_fd": ours, "partner_mode": "w"} in rows
    assert len(rows) == 2


def test_a_pipe_nobody_is_at_the_other_end_of(db: Database):
    reader, writer = os.pipe()
    os.close(reader)
    (row,) = query(db, PIPES, (os.fstat(writer).st_ino,))
    os.close(writer)
    assert (row["mode"], row["partner_pid"], row["partner_fd"], row["partner_mode"]) == ("w", None, None, "")


def test_a_named_pipe(db: Database, tmp_path: Path):
    """One process has it open for both, another reads."""
    path = str(tmp_path / "fifo")
    os.mkfifo(path)
    both = os.open(path, os.O_RDWR)
    with running("import os,sys; fd=os.open(sys.argv[1], os.O_RDONLY)", path) as process:
        rows = query(db, PIPES, (os.fstat(both).st_ino,))
    again = os.open(path, os.O_RDWR)
    two = query(db, PIPES, (os.fstat(both).st_ino,))
    os.close(both)
    os.close(again)
    assert {(row["pid"], row["mode"], row["partner_pid"]) for row in rows} == {
        (os.getpid(), "rw", process.pid),
        (process.pid, "r", os.getpid()),
    }
    assert {row["type"] for row in rows} == {"named"}
    assert {(row["fd"], row["partner_fd"]) for row in two} == {(both, again), (again, both)}


def test_memory_regions_are_those_of_the_kernel(db: Database, tmp_path: Path):
    """Every number of /proc/PID/smaps, another file of the kernel, and the sizes of pmap(1)."""
    file = tmp_path / "a b"
    file.write_bytes(b"\0" * 8192)
    code = "import mmap,sys; f=open(sys.argv[1],'r+b'); m=mmap.mmap(f.fileno(), 4096, offset=4096)"
    with running(code, str(file)) as process:
        rows = query(db, "SELECT * FROM process_memory_map WHERE pid = ?", (process.pid,))
        smaps = Path(f"/proc/{process.pid}/smaps").read_text()
        shown = tool("pmap", "-q", str(process.pid)).splitlines()[1:]
    regions = [line.split(None, 5) for line in smaps.splitlines() if "-" in line.split(" ")[0]]
    assert [(row["start"][2:], row["end"][2:], row["permissions"]) for row in rows] == [
        (*[address.lstrip("0") for address in fields[0].split("-")], fields[1]) for fields in regions
    ]
    assert [(row["offset"], row["device"], row["inode"], row["path"]) for row in rows] == [
        (int(fields[2], 16), fields[3], int(fields[4]), fields[5] if len(fields) > 5 else "") for fields in regions
    ]
    (mapped,) = (row for row in rows if row["path"] == str(file))
    assert (mapped["offset"], mapped["permissions"], mapped["inode"]) == (4096, "rw-s", file.stat().st_ino)
    assert (int(mapped["end"], 16) - int(mapped["start"], 16), mapped["pseudo"]) == (4096, 0)
    assert {row["pseudo"] for row in rows if row["path"] in ("[heap]", "[stack]", "[vdso]")} == {1}
    sizes = {int(line.split()[0], 16): int(line.split()[1].rstrip("K")) * 1024 for line in shown}
    ours = {int(row["start"], 16): int(row["end"], 16) - int(row["start"], 16) for row in rows}
    assert sizes.items() <= ours.items()


def test_environment(db: Database):
    wanted = {"EMPTY": "", "SPACE": "x y", "UNI": "é", "EQUALS": "a=b", "LINES": "1\n2"}
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, env=wanted) as process:
        for _ in range(500):  # until the child has become cat
            rows = query(db, "SELECT key, value FROM process_envs WHERE pid = ?", (process.pid,))
            if len(rows) == len(wanted):
                break
        process.communicate()
    assert {row["key"]: row["value"] for row in rows} == wanted


def test_a_process_without_environment_has_no_rows(db: Database):
    with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={}) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(b"up\n")
        process.stdin.flush()
        process.stdout.readline()
        assert query(db, "SELECT * FROM process_envs WHERE pid = ?", (process.pid,)) == []
        process.stdin.close()


KINDS = ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts")


def test_namespaces_are_the_kernels(db: Database):
    (row,) = query(db, "SELECT * FROM process_namespaces WHERE pid = ?", (os.getpid(),))
    assert row == {
        "pid": os.getpid(),
        **{f"{kind}_namespace": str(os.stat(f"/proc/self/ns/{kind}").st_ino) for kind in KINDS},
    }


def test_namespaces_are_those_of_lsns(db: Database):
    import json

    shown = json.loads(tool("lsns", "-J", "-p", str(os.getpid())))["namespaces"]
    (row,) = query(db, "SELECT * FROM process_namespaces WHERE pid = ?", (os.getpid(),))
    by_kind = {str(found["type"]): str(found["ns"]) for found in shown if found["type"] in KINDS}
    assert by_kind.items() <= {kind: row[f"{kind}_namespace"] for kind in KINDS}.items()
    assert len(by_kind) >= 6


@pytest.mark.live
def test_a_child_in_other_namespaces(db: Database):
    if not IS_ROOT:
        pytest.skip("needs root, to make namespaces")

    def look() -> dict[str, Any]:
        with Database() as own:
            return query(own, "SELECT * FROM process_namespaces WHERE pid = ?", (os.getpid(),))[0]

    def leave() -> None:
        import ctypes

        if ctypes.CDLL(None).unshare(0x04000000 | 0x08000000) != 0:  # CLONE_NEWUTS, CLONE_NEWIPC
            os._exit(0)

    (here,) = query(db, "SELECT * FROM process_namespaces WHERE pid = ?", (os.getpid(),))
    try:
        there = in_child(leave, look)
    except EOFError:
        pytest.skip("namespaces cannot be made here")
    changed = {name for name in here if here[name] != there[name]}
    assert changed == {"pid", "uts_namespace", "ipc_namespace"}


def test_namespaces_that_may_not_be_read_are_empty_with_a_note(db: Database):
    try:
        os.readlink("/proc/1/ns/net")
    except PermissionError:
        pass
    else:
        pytest.skip("all namespaces may be read here")
    result = db.execute("SELECT net_namespace FROM process_namespaces WHERE pid = 1")
    assert list(result) == [("",)]
    assert any("1 of 1 processes not readable" in note for note in result.notes)
