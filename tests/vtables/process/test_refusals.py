"""What may not be seen of processes is a note: descriptors, processes that /proc hides, paths longer than it shows."""

from __future__ import annotations

import mmap
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hostql.tests.conftest import NOBODY, as_nobody, in_new_mounts, mount, notes, open_to_all, query
from hostql.tests.host import IS_ROOT
from hostql.vtables.database import Database
from hostql.vtables.sources.hidepid import parse_hidepid

TABLES = [
    *("processes", "process_envs", "process_memory_map", "process_namespaces", "process_open_files"),
    *("process_open_pipes", "process_open_sockets", "listening_ports", "containers", "sockets"),
]


def test_root_without_the_capability_to_trace(tmp_path: Path):
    """As in a container: descriptors of others can be listed, but what they lead to is refused."""
    if not IS_ROOT or not shutil.which("setpriv"):
        pytest.skip("needs root and setpriv, to drop a capability")
    command = ["setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-all", sys.executable, "-m", "hostql", "--json"]
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, user=NOBODY, group=NOBODY, extra_groups=[]) as child:
        for table in ("process_open_files", "process_open_sockets"):
            sql = f"SELECT * FROM {table} WHERE pid = {child.pid}"
            done = subprocess.run([*command, sql], capture_output=True, text=True, check=True)
            assert done.stdout.strip() == "[]"
            assert f"{table}: 1 of 1 processes not readable" in done.stderr


def hidden(option: str, tables: list[str], *, group: str = "") -> tuple[list[list[str]], int]:
    """The notes on each table, and how many processes an ordinary user sees, with /proc mounted so."""

    def look() -> tuple[list[list[str]], int]:
        with Database() as db:
            # The same modules answer root first: an ordinary user may not import from root's home directory.
            found = [notes(db, f"SELECT * FROM {table}") for table in tables]
            (row,) = query(db, "SELECT count(*) AS processes FROM processes")
            return found, row["processes"]

    def act() -> tuple[list[list[str]], int]:
        look()
        mount("-t", "proc", "-o", f"hidepid={option}{group}", "proc", "/proc")
        said, _ = look()
        assert not any("hidepid" in note for each in said for note in each), "root sees all"
        seen: tuple[list[list[str]], int] = as_nobody(look)
        return seen

    return in_new_mounts(act)  # type: ignore[no-any-return]


@pytest.mark.live
@pytest.mark.parametrize("option", ["invisible", "ptraceable"])
def test_processes_that_proc_hides_are_a_note(option: str):
    said, processes = hidden(option, TABLES)
    assert processes == 1
    for table, lines in zip(TABLES, said):
        assert any(line.startswith(f"{table}: processes of others are hidden") for line in lines), table


@pytest.mark.live
def test_a_lookup_of_a_hidden_process_is_a_note():
    def act() -> list[str]:
        mount("-t", "proc", "-o", "hidepid=2", "proc", "/proc")

        def look() -> list[str]:
            with Database() as db:
                return notes(db, "SELECT name FROM processes WHERE pid = 1")

        look()
        said: list[str] = as_nobody(look)
        return said

    assert any("hidepid" in note for note in in_new_mounts(act))


@pytest.mark.live
def test_processes_that_may_not_be_read_are_counted():
    """hidepid=noaccess: all are listed."""
    said, processes = hidden("noaccess", ["processes", "process_open_files"])
    assert processes == 1
    assert all("processes not readable as uid 65534" in " ".join(lines) for lines in said)


@pytest.mark.live
def test_members_of_the_group_see_all():
    said, processes = hidden("invisible", ["processes"], group=f",gid={NOBODY}")
    assert processes > 1 and not any("hidepid" in note for note in said[0])


@pytest.mark.live
def test_a_proc_of_processes_alone_has_start_times():
    """subset=pid leaves out /proc/stat, by which the boot time is known."""

    def start() -> int:
        with Database() as db:
            (row,) = query(db, "SELECT start_time FROM processes WHERE pid = ?", (os.getppid(),))
            return int(row["start_time"])

    def act() -> tuple[int, int]:
        before = start()
        mount("-t", "proc", "-o", "subset=pid", "proc", "/proc")
        return before, start()

    before, after = in_new_mounts(act)
    assert abs(before - after) <= 1


def test_an_older_kernel_writes_numbers():
    line = b"22 27 0:21 / /proc rw - proc proc rw,gid=4,hidepid=2\n"
    assert parse_hidepid(line, b"/proc") == ("2", 4)
    assert parse_hidepid(line + b"30 22 0:22 / /proc rw - proc proc rw\n", b"/proc") == ("", 0)
    assert parse_hidepid(line, b"/mnt/proc") == ("", 0)


@pytest.fixture
def deep(tmp_path: Path) -> Path:
    """A file whose path is longer than a page, which no system call takes whole."""
    top = os.open(tmp_path, os.O_RDONLY)
    here = os.getcwd()
    os.fchdir(top)
    try:
        for _ in range(25):
            os.mkdir("d" * 200)
            os.chdir("d" * 200)
        with open("file", "wb") as file:
            file.write(b"x" * 4096)
        os.mkfifo("fifo")
        yield tmp_path
    finally:
        os.fchdir(top)
        subprocess.run(["rm", "-rf", "d" * 200], check=True)
        os.chdir(here)
        os.close(top)


def test_a_file_whose_path_is_too_long_to_be_shown(db: Database, deep: Path):
    """It is a row, and so is a FIFO."""
    file, fifo = os.open("file", os.O_RDONLY), os.open("fifo", os.O_RDWR)
    try:
        result = db.execute("SELECT fd, path, deleted FROM process_open_files WHERE pid = ?", (os.getpid(),))
        rows = {row[0]: row[1:] for row in result}
        said = list(result.notes)
        (pipe,) = query(db, "SELECT pid, fd, type FROM process_open_pipes WHERE inode = ?", (os.fstat(fifo).st_ino,))
    finally:
        os.close(file)
        os.close(fifo)
    assert rows[file] == rows[fifo] == (None, None)
    assert any("longer than 4,095 bytes" in note for note in said)
    assert pipe == {"pid": os.getpid(), "fd": fifo, "type": "named"}


@pytest.mark.parametrize("becomes", [lambda action: action(), as_nobody], ids=["own", "nobody"])
@pytest.mark.parametrize("name", ["x", "x (deleted)"])
def test_a_name_that_ends_like_the_mark_of_deleted_files(tmp_path: Path, name: str, becomes):
    open_to_all(tmp_path)
    tmp_path.chmod(0o777)
    path = tmp_path / name

    def look() -> list[dict[str, object]]:
        with Database() as db:
            opened = "SELECT DISTINCT path, deleted FROM process_open_files WHERE pid = ? AND path LIKE ? || '%'"
            mapped = "SELECT DISTINCT path, deleted FROM process_memory_map WHERE pid = ? AND path LIKE ? || '%'"
            asked = (os.getpid(), str(path))
            return query(db, opened, asked) + query(db, mapped, asked)

    def act() -> list[dict[str, object]]:
        path.write_bytes(b"x" * 4096)
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 4096, access=mmap.ACCESS_READ):
            there = look()
            path.unlink()
            return there + look()

    look()
    found = becomes(act)
    assert found == [{"path": str(path), "deleted": 0}] * 2 + [{"path": f"{path} (deleted)", "deleted": 1}] * 2
