"""Processes against ps(1), and children that are started in a known state."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hostql.tests.conftest import NOBODY, as_nobody, notes, query, tool
from hostql.tests.host import IS_ROOT
from hostql.vtables.database import Database
from hostql.vtables.sources.host import Host


@contextmanager
def child(*command: str, **options: Any) -> Iterator[subprocess.Popen]:
    """A child that has really become the program, and waits until its standard input closes."""
    process = subprocess.Popen(list(command) or ["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options)
    try:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(b"up\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"up\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def one(db: Database, pid: int, columns: str = "*") -> dict[str, Any]:
    (row,) = query(db, f"SELECT {columns} FROM processes WHERE pid = ?", (pid,))
    return row


PS = "pid,ppid,pgid,ruid,euid,rgid,egid,suid,sgid,nice,nlwp,vsz,comm"


def ps(pid: int) -> list[str]:
    return tool("ps", "-o", PS, "--no-headers", "-p", str(pid)).split(None, PS.count(","))


def test_numbers_are_those_of_ps(db: Database):
    wanted = min(os.nice(0) + 5, 19)
    with child("nice", "-n", "5", "cat", "-") as process:
        row = one(db, process.pid)
        shown = ps(process.pid)
        names = "pid parent pgroup uid euid gid egid suid sgid nice threads".split()
        assert [row[name] for name in names] == [int(value) for value in shown[: len(names)]]
        assert row["total_size"] == int(shown[11]) * 1024
        assert (row["name"], row["nice"]) == (shown[12].strip(), wanted)


@pytest.mark.skipif(not IS_ROOT, reason="needs root, to start a process as somebody else")
def test_real_effective_and_saved_ids_are_told_apart(db: Database):
    code = "import os,sys; os.setresgid(11, 12, 13); os.setresuid(21, 22, 23)"
    code += "; print(input(), flush=True); sys.stdin.read()"
    with child(sys.executable, "-c", code) as process:
        row = one(db, process.pid)
        assert [row[name] for name in "uid euid suid gid egid sgid".split()] == [21, 22, 23, 11, 12, 13]
        assert [int(value) for value in ps(process.pid)[3:9]] == [21, 22, 11, 12, 23, 13]


def test_every_process_ps_lists_is_here_with_its_parent_and_arguments(db: Database):
    for _ in range(3):  # processes come and go between two listings
        before = query(db, "SELECT pid, parent, name, cmdline, state FROM processes")
        shown = [
            line.split(None, 3) for line in tool("ps", "-e", "-o", "pid,ppid,comm,args", "--no-headers").splitlines()
        ]
        after = {row["pid"] for row in query(db, "SELECT pid FROM processes")}
        rows = {row["pid"]: row for row in before if row["pid"] in after}
        if set(rows) <= {int(line[0]) for line in shown}:
            break
    compared = 0
    for pid, parent, *_ in shown:
        row = rows.get(int(pid))
        if row is not None:
            assert row["parent"] == int(parent)
            compared += 1
    assert compared == len(rows) > 1


def test_start_time_and_state_are_those_of_ps(db: Database):
    with child() as process:
        for _ in range(500):
            if one(db, process.pid, "state")["state"] == "S":
                break
        assert tool("ps", "-o", "state=", "-p", str(process.pid)).strip() == "S"
        os.kill(process.pid, signal.SIGSTOP)
        os.waitpid(process.pid, os.WUNTRACED)
        row = one(db, process.pid)
        assert row["state"] == tool("ps", "-o", "state=", "-p", str(process.pid)).strip() == "T"
        from datetime import datetime

        shown = datetime.strptime(tool("ps", "-o", "lstart=", "-p", str(process.pid)).strip(), "%a %b %d %H:%M:%S %Y")
        assert abs(row["start_time"] - shown.timestamp()) <= 1


def test_resident_size_is_that_of_ps(db: Database):
    with child() as process:
        os.kill(process.pid, signal.SIGSTOP)
        os.waitpid(process.pid, os.WUNTRACED)
        shown = int(tool("ps", "-o", "rss=", "-p", str(process.pid))) * 1024
        # The kernel counts pages per CPU and sums them up lazily, so two readings may differ a little.
        assert abs(one(db, process.pid)["resident_size"] - shown) <= 1 << 20


def test_arguments_are_joined_with_one_space(db: Database):
    arguments = ["a b", "line\nbreak", "", "é", "\x1b[31m"]
    code = "import sys; print(input(), flush=True); sys.stdin.read()"
    with child(sys.executable, "-c", code, *arguments) as process:
        assert one(db, process.pid)["cmdline"] == " ".join([sys.executable, "-c", code, *arguments])


def test_a_name_that_is_no_utf8(db: Database, tmp_path: Path):
    program = os.path.join(os.fsencode(tmp_path), b"sl\xe9ep")
    shutil.copy(shutil.which("cat") or "/bin/cat", program)
    with child(program.decode("utf-8", "surrogateescape")) as process:
        row = one(db, process.pid)
        assert row["name"] == r"sl\xe9ep" and row["path"] == f"{tmp_path}/sl\\xe9ep"
        assert query(db, r"SELECT pid FROM processes WHERE name = 'sl\xe9ep'") == [{"pid": process.pid}]


def test_paths_and_a_deleted_program(db: Database, tmp_path: Path):
    program = tmp_path / "a_long_program_name"
    shutil.copy(shutil.which("cat") or "/bin/cat", program)
    with child(str(program), cwd=tmp_path) as process:
        row = one(db, process.pid)
        assert (row["path"], row["cwd"], row["root"], row["on_disk"]) == (str(program), str(tmp_path), "/", 1)
        assert row["name"] == "a_long_program_name"[:15]
        program.unlink()
        row = one(db, process.pid)
        assert (row["path"], row["on_disk"]) == (str(program), 0)


def test_a_zombie_is_a_row_with_what_is_left_of_it(db: Database):
    with subprocess.Popen(["true"]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        row = one(db, process.pid)
    assert (row["state"], row["name"], row["cmdline"], row["path"], row["on_disk"]) == ("Z", "true", "", "", -1)
    assert row["resident_size"] is None and row["total_size"] is None
    assert row["parent"] == os.getpid()


def test_kernel_threads_have_no_program_and_no_memory(db: Database):
    rows = query(db, "SELECT * FROM processes WHERE parent = 2")
    if not rows:
        pytest.skip("no kernel threads are to be seen here")
    for row in rows:
        # Who may not look which program a process runs does not see that it is none.
        assert (row["path"], row["on_disk"]) in (("", -1), (None, None))
        assert row["cmdline"] == ""
        assert row["resident_size"] is None and row["total_size"] is None


def test_threads_and_cpu_time(db: Database):
    stop = threading.Event()
    threads = [threading.Thread(target=stop.wait) for _ in range(3)]
    for thread in threads:
        thread.start()
    row = one(db, os.getpid())
    with open("/proc/self/status") as status:
        told = next(int(line.split()[1]) for line in status if line.startswith("Threads:"))
    stop.set()
    for thread in threads:
        thread.join()
    assert row["threads"] == told >= 4
    times = os.times()
    assert abs(row["user_time"] + row["system_time"] - (times.user + times.system) * 1000) < 1000


def test_bytes_written_to_storage(db: Database):
    (row,) = query(db, "SELECT disk_bytes_read, disk_bytes_written FROM processes WHERE pid = ?", (os.getpid(),))
    with open("/proc/self/io") as io:
        told = dict(line.split(": ") for line in io.read().splitlines())
    assert row["disk_bytes_written"] <= int(told["write_bytes"])
    assert row["disk_bytes_read"] <= int(told["read_bytes"])


def test_no_such_process_is_no_row(db: Database):
    assert query(db, "SELECT * FROM processes WHERE pid IN (0, -1, 99999999, 4294967297)") == []
    assert query(db, "SELECT * FROM processes WHERE pid = '1abc'") == []


def test_a_broken_stat_costs_that_process_alone(tmp_path: Path):
    for pid, stat in ((1, b"1 (ok) S 0" + b" 1" * 40), (2, b""), (3, b"3 no parentheses"), (4, b"4 (short) S")):
        (tmp_path / "proc" / str(pid)).mkdir(parents=True)
        (tmp_path / "proc" / str(pid) / "stat").write_bytes(stat)
    with Database(host=Host(str(tmp_path))) as db:
        assert [row["pid"] for row in query(db, "SELECT pid, name, parent FROM processes ORDER BY pid")][:1] == [1]
        assert any("could not be read" in note for note in notes(db, "SELECT pid, name, parent FROM processes"))


def test_what_an_ordinary_user_may_not_know_is_null_with_a_note():
    mine = os.getpid()

    def ask() -> tuple[list[dict[str, Any]], list[str]]:
        with Database() as db:
            sql = f"SELECT pid, name, uid, path, cwd, disk_bytes_read FROM processes WHERE pid = {mine}"
            return query(db, sql), notes(db, sql)

    rows, said = as_nobody(ask)
    assert len(rows) == 1 and rows[0]["uid"] == os.getuid() != NOBODY
    assert rows[0]["path"] is rows[0]["cwd"] is rows[0]["disk_bytes_read"] is None
    assert any("not readable as uid 65534" in note for note in said)
