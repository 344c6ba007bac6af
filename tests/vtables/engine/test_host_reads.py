"""What queries read of the host: only the files of the rows kept, only what keys name, nothing twice."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hostql.vtables.database import Database

from .touched import Touched, watching

# Of this run of the tests alone; the kernel keeps 15 bytes.
NAME = f"hostql{os.getpid()}"
SMALL = ("stat", "comm", "status")


@pytest.fixture
def touched() -> Iterator[Callable[[], Touched]]:
    with watching() as watch:
        yield watch


@pytest.fixture
def counted(tmp_path: Path) -> Iterator[list[int]]:
    """Three processes of a name of their own, and two more."""
    sleep = shutil.which("sleep")
    assert sleep
    shutil.copy(sleep, tmp_path / NAME)
    commands = [[str(tmp_path / NAME), "60"]] * 3 + [[sleep, "60"]] * 2
    children = [subprocess.Popen(command) for command in commands]
    for child in children:
        # Popen returns when exec has happened, so that the name is the program's.
        assert child.poll() is None
    yield [child.pid for child in children]
    for child in children:
        child.kill()
        child.wait()


def rows(db: Database, sql: str, *params: Any) -> list[tuple[Any, ...]]:
    list(db.execute("SELECT 1 FROM processes, process_open_files, file, hash, users WHERE 0"))  # imports the tables
    return list(db.execute(sql, params))


def test_late_values_are_read_of_the_rows_kept_alone(db: Database, counted: list[int], touched: Any):
    sql = "SELECT pid, cmdline FROM processes WHERE name = ?"
    rows(db, sql, NAME)
    touched()
    found = rows(db, sql, NAME)
    seen = touched()
    assert sorted(pid for pid, _ in found) == sorted(counted[:3])
    assert seen.named("cmdline") == 3
    assert seen.named(*SMALL) >= 5


def test_no_file_is_read_for_a_column_nobody_asked_for(db: Database, counted: list[int], touched: Any):
    # What this process may see is read once, from its own status.
    rows(db, "SELECT pid FROM processes LIMIT 1")
    touched()
    assert rows(db, "SELECT count(*) > 4 FROM processes") == [(1,)]
    seen = touched()
    assert seen.named("cmdline", "io", "cgroup", "status") == 0


def test_a_row_reads_a_file_once(db: Database, counted: list[int], touched: Any):
    sql = "SELECT uid, gid, euid, egid, suid, sgid, name, state, parent, nice FROM processes WHERE pid = ?"
    assert rows(db, sql, counted[0])
    seen = touched()
    assert seen.named("status") <= 2  # once more to tell a process from a thread
    assert seen.named("stat") == 1


@pytest.mark.parametrize(
    "where, pids",
    [
        ("pid = {0}", [0]),
        ("pid = '{0}'", [0]),
        ("pid IN ({0}, {3}, 999999999)", [0, 3]),
        ("pid IN (SELECT value FROM json_each('[{1}, {2}]'))", [1, 2]),
        ("pid = {0} OR pid = {4}", [0, 4]),
        ("pid = {0} AND name LIKE 'hostql%'", [0]),
        ("pid = -1", []),
        ("pid = NULL", []),
    ],
)
def test_keys_touch_only_the_processes_they_name(
    db: Database, counted: list[int], touched: Any, where: str, pids: list[int]
):
    found = rows(db, f"SELECT pid, name FROM processes WHERE {where.format(*counted)} ORDER BY pid")
    seen = touched()
    assert [pid for pid, _ in found] == sorted(counted[place] for place in pids)
    assert "/proc" not in seen.listed
    visited = {path.split("/")[0] for path in seen.below("/proc") if path.split("/")[0].isdigit()}
    assert visited - {"999999999"} == {str(counted[place]) for place in pids}


@pytest.mark.parametrize("join", ["JOIN", "LEFT JOIN"])
def test_a_join_looks_processes_up(db: Database, counted: list[int], touched: Any, join: str):
    sql = f"SELECT name FROM json_each(?) {join} processes ON pid = value"
    assert rows(db, sql, f"[{counted[0]}, {counted[1]}]") == [(NAME,), (NAME,)]
    seen = touched()
    assert "/proc" not in seen.listed
    # An ordinary user also looks once which processes /proc hides.
    assert {path.split("/")[0] for path in seen.below("/proc")} - {"self"} == {str(pid) for pid in counted[:2]}


def test_open_files_of_one_process(db: Database, counted: list[int], touched: Any):
    assert rows(db, "SELECT count(*) > 0 FROM process_open_files WHERE pid = ?", counted[0])
    assert touched().below("/proc") <= {f"{counted[0]}/fd", f"{counted[0]}/status", "self/mountinfo"}


def test_a_join_lists_the_descriptors_of_the_processes_kept(db: Database, counted: list[int], touched: Any):
    sql = "SELECT count(DISTINCT pid) FROM processes JOIN process_open_files USING (pid) WHERE processes.name = ?"
    rows(db, sql, NAME)
    touched()
    ((found,),) = rows(db, sql, NAME)
    seen = touched()
    folders = {path for path in seen.listed if path.endswith("/fd")}
    assert found <= 3
    assert folders == {f"/proc/{pid}/fd" for pid in counted[:3]}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """a/ .. e/, each with five files."""
    for folder in "abcde":
        (tmp_path / folder).mkdir()
        for number in range(5):
            (tmp_path / folder / f"f{number}").write_text(folder * number)
    return tmp_path


@pytest.mark.parametrize(
    "where, found, listed",
    [
        ("path = '{0}/a/f1'", 1, set()),
        ("path IN ('{0}/a/f1', '{0}/b/f2', '{0}/none')", 2, set()),
        ("path IN (SELECT '{0}/a/f' || value FROM json_each('[0, 1, 2]'))", 3, set()),
        ("path = '{0}/a/f1' OR path = '{0}/e/f4'", 2, set()),
        ("directory = '{0}/b'", 5, {"b"}),
        ("directory IN ('{0}/b', '{0}/c') AND size > 3", 2, {"b", "c"}),
        ("path LIKE '{0}/a/%'", 5, {"a"}),
        ("path LIKE '{0}/a/f1'", 1, set()),
    ],
)
def test_files_are_looked_up(db: Database, tree: Path, touched: Any, where: str, found: int, listed: set[str]):
    sql = f"SELECT path, size FROM file WHERE {where.format(tree)}"
    assert len(rows(db, sql)) == found
    assert {path for path in touched().below(str(tree)) if "f" not in path} <= listed


def test_a_walk_stops_at_the_limit(db: Database, tree: Path, touched: Any):
    assert len(rows(db, f"SELECT path FROM file WHERE path LIKE '{tree}/%%' LIMIT 2")) == 2
    assert len(touched().below(str(tree))) <= 2


def test_digests_are_of_the_files_kept_and_read_once(db: Database, tree: Path, touched: Any):
    directory = f"directory = '{tree}/c'"
    assert len(rows(db, f"SELECT path FROM hash WHERE {directory}")) == 5
    assert touched().named("f0", "f1", "f2", "f3", "f4") == 0
    assert len(rows(db, f"SELECT md5, sha1, sha256 FROM hash WHERE {directory} AND path LIKE '%f3'")) == 1
    assert touched().named("f0", "f1", "f2", "f3", "f4") == 1


def test_digests_of_a_file_that_did_not_change_are_remembered(db: Database, touched: Any):
    shell = os.path.realpath("/bin/sh")
    for opened in (1, 0):
        assert rows(db, "SELECT sha256, md5 FROM hash WHERE path = ?", shell)
        assert touched().opened[shell] == opened


def test_digests_of_a_file_that_changed_are_computed_anew(db: Database, tree: Path):
    sql = f"SELECT sha256 FROM hash WHERE path = '{tree}/c/f3'"
    before = rows(db, sql)
    (tree / "c/f3").write_text("changed")
    assert rows(db, sql) != before


def test_digests_of_the_executables_of_a_few_processes(db: Database, counted: list[int], touched: Any):
    sql = "SELECT h.sha256 FROM processes p JOIN hash h ON h.path = p.path WHERE p.pid IN (?, ?, ?)"
    found = rows(db, sql, *counted[:3])
    assert len(found) == 3 and len(set(found)) == 1
    assert touched().named(NAME) == 1


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT username FROM users WHERE uid = 0",
        "SELECT count(*) FROM users a JOIN users b ON a.shell = b.shell",
        "SELECT count(*) FROM users WHERE uid = 0 OR username = 'root' OR uid IN (1, 2)",
        "SELECT u.username, (SELECT count(*) FROM users v WHERE v.gid = u.gid) FROM users u",
        "SELECT count(*) FROM users WHERE uid IN (SELECT uid FROM users) AND EXISTS (SELECT 1 FROM users)",
        "WITH u AS (SELECT * FROM users) SELECT count(*) FROM u a, u b UNION ALL SELECT count(*) FROM u",
    ],
)
def test_a_statement_reads_a_file_of_names_once(db: Database, touched: Any, sql: str):
    assert rows(db, sql)
    assert touched().opened["/etc/passwd"] == 1


def test_a_statement_does_not_contradict_itself(db: Database, tree: Path):
    """Whatever of a change its scan has seen, each part of the statement sees."""
    sql = f"SELECT a.path, b.path FROM file a, file b WHERE a.directory = '{tree}/a' AND b.directory = '{tree}/a'"
    result = iter(db.execute(sql))
    first = next(result)
    (tree / "a/new").write_text("")
    os.unlink(tree / "a/f0")
    pairs = [first, *result]
    seen = {one for one, _ in pairs}
    assert sorted(pairs) == sorted((one, two) for one in seen for two in seen)
    assert f"{tree}/a/new" not in seen


def test_two_statements_see_the_host_as_it_is_for_each(db: Database, tree: Path):
    sql = f"SELECT count(*) FROM file WHERE directory = '{tree}/a'"
    assert rows(db, sql) == [(5,)]
    (tree / "a/new").write_text("")
    assert rows(db, sql) == [(6,)]
