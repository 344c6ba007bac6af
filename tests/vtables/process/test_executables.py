"""Where the path of an executable leads: to what runs, to nothing, or to another file that must not be taken for it."""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hostql.tests.conftest import NOBODY, as_nobody, in_new_mounts, mount, notes, open_to_all, query, tool
from hostql.tests.host import IS_ROOT
from hostql.tests.live.dead_mount import dead_mount
from hostql.vtables.database import Database

# linux/sched.h
CLONE_NEWNS = 0x00020000
DELETED = " (deleted)"
JOINED = "SELECT p.path, p.on_disk, h.sha256 FROM processes p LEFT JOIN hash h ON h.path = p.path WHERE p.pid = ?"
BY_LINK = "SELECT h.sha256 FROM processes p JOIN hash h ON h.path = p.exe_link WHERE p.pid = ?"


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextmanager
def running(program: Path, *prefix: str, **options: Any) -> Iterator[int]:
    """The pid of a child that has really become the program, a copy of cat."""
    command = [*prefix, str(program)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(b"up\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"up\n"
        try:
            yield process.pid
        finally:
            process.stdin.close()


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program"
    shutil.copy(shutil.which("cat") or "/bin/cat", path)
    return path


@pytest.fixture
def other(tmp_path: Path) -> Path:
    path = tmp_path / "other"
    path.write_text("innocent")
    return path


def test_a_program_in_its_place(db: Database, program: Path):
    with running(program) as pid:
        (row,) = query(db, JOINED, (pid,))
        assert query(db, BY_LINK, (pid,)) == [{"sha256": digest(program)}]
    assert row == {"path": str(program), "on_disk": 1, "sha256": digest(program)}


def test_a_replaced_program_is_not_taken_for_the_new_file(db: Database, program: Path, other: Path):
    """As by an upgrade, under one that runs."""
    right = digest(program)
    with running(program) as pid:
        other.replace(program)
        (row,) = query(db, JOINED, (pid,))
        by_link = query(db, BY_LINK, (pid,))
    assert row == {"path": f"{program}{DELETED}", "on_disk": 0, "sha256": None}
    assert by_link == [{"sha256": right}]


def test_a_deleted_program_is_hashed_by_its_link(db: Database, program: Path):
    right = digest(program)
    with running(program) as pid:
        program.unlink()
        (row,) = query(db, JOINED, (pid,))
        by_link = query(db, BY_LINK, (pid,))
    assert row == {"path": str(program), "on_disk": 0, "sha256": None}
    assert by_link == [{"sha256": right}]


def test_a_name_that_ends_like_the_mark(db: Database, program: Path):
    named = program.rename(f"{program}{DELETED}")
    with running(named) as pid:
        (here,) = query(db, JOINED, (pid,))
        right = digest(named)
        named.unlink()
        (gone,) = query(db, JOINED, (pid,))
    assert here == {"path": str(named), "on_disk": 1, "sha256": right}
    assert gone == {"path": str(named), "on_disk": 0, "sha256": None}


def test_a_program_that_got_its_name_back(db: Database, program: Path):
    """The kernel goes on to mark the name that was deleted."""
    os.link(program, f"{program}-too")
    with running(program) as pid:
        program.unlink()
        os.link(f"{program}-too", program)
        assert os.readlink(f"/proc/{pid}/exe").endswith(DELETED)
        (row,) = query(db, JOINED, (pid,))
    assert row == {"path": str(program), "on_disk": 1, "sha256": digest(program)}


def mounted_over(program: Path, other: Path) -> None:
    mount("--bind", other, program)


def directory_mounted_over(program: Path, other: Path) -> None:
    mount("-t", "tmpfs", "none", program.parent)
    program.write_text("innocent")


@pytest.mark.live
@pytest.mark.parametrize("cover", [mounted_over, directory_mounted_over])
@pytest.mark.parametrize("becomes", [lambda action: action(), as_nobody], ids=["root", "nobody"])
def test_a_program_that_a_mount_covers(
    program: Path,
    other: Path,
    cover: Callable[[Path, Path], None],
    becomes: Callable[[Callable[[], Any]], Any],
):
    open_to_all(program.parent)

    def act() -> Any:
        # Its own program, an ordinary user may ask about.
        with running(program, user=NOBODY, group=NOBODY, extra_groups=[]) as pid, Database() as db:

            def look() -> Any:
                return query(db, JOINED, (pid,)), query(db, BY_LINK, (pid,))

            look()
            cover(program, other)
            return becomes(look)

    right = digest(program)
    joined, by_link = in_new_mounts(act)
    assert joined == [{"path": f"{program}{DELETED}", "on_disk": 0, "sha256": None}]
    assert by_link == [{"sha256": right}]


@pytest.mark.live
def test_a_program_in_a_detached_mount(tmp_path: Path, program: Path):
    """Its path begins at the top of that mount: by chance another file's, such as /etc/passwd."""

    def act() -> Any:
        place = tmp_path / "place"
        place.mkdir()
        mount("-t", "tmpfs", "none", place)
        (place / "etc").mkdir()
        shutil.copy(program, place / "etc" / "passwd")
        with running(place / "etc" / "passwd", cwd="/") as pid, Database() as db:
            subprocess.run(["umount", "--lazy", place], check=True)
            assert os.readlink(f"/proc/{pid}/exe") == "/etc/passwd"
            return query(db, JOINED, (pid,)), query(db, BY_LINK, (pid,))

    joined, by_link = in_new_mounts(act)
    assert joined == [{"path": f"/etc/passwd{DELETED}", "on_disk": 0, "sha256": None}]
    assert by_link == [{"sha256": digest(program)}]


@pytest.mark.live
def test_a_program_of_another_mount_namespace(tmp_path: Path, program: Path):
    """As in a container: the path is there for the process alone; what is here by that name is another file."""
    top = tmp_path / "top"
    top.mkdir()
    (top / "program").write_text("innocent")
    script = f"mount -t tmpfs none {top} && cp {program} {top} && exec {top}/program"
    if not IS_ROOT or not shutil.which("unshare"):
        pytest.skip("needs root and unshare, to make a mount namespace")
    with running(Path("-c"), "unshare", "--mount", "sh", "-c", script) as pid, Database() as db:
        (alone,) = query(db, "SELECT path, on_disk FROM processes WHERE pid = ?", (pid,))
        said = notes(db, JOINED, (pid,))
        by_link = query(db, BY_LINK, (pid,))
        quiet = notes(db, BY_LINK, (pid,))
    assert alone == {"path": f"{top}/program", "on_disk": 1}
    assert by_link == [{"sha256": digest(program)}]
    assert any("another mount namespace" in note for note in said)
    assert not any("another mount namespace" in note for note in quiet)


@pytest.mark.live
def test_a_program_below_another_root_directory(tmp_path: Path, program: Path, db: Database):
    """Its path is the one from here: chroot(2) makes no mount namespace."""
    if not IS_ROOT:
        pytest.skip("needs root, to change the root directory")
    for library in re.findall(r"/\S+", tool("ldd", str(program))):
        (tmp_path / library[1:]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, tmp_path / library[1:])
    with running(Path("/program"), "chroot", str(tmp_path)) as pid:
        (row,) = query(db, JOINED, (pid,))
    assert row == {"path": str(program), "on_disk": 1, "sha256": digest(program)}


@pytest.mark.parametrize("name", ["folder", f"folder{DELETED}"])
def test_a_directory_whose_name_ends_like_the_mark(db: Database, tmp_path: Path, program: Path, name: str):
    folder = tmp_path / name
    folder.mkdir()
    sql = "SELECT cwd, cwd_deleted, root, root_deleted FROM processes WHERE pid = ?"
    with running(program, cwd=folder) as pid:
        (here,) = query(db, sql, (pid,))
        folder.rmdir()
        (gone,) = query(db, sql, (pid,))
    assert here == {"cwd": str(folder), "cwd_deleted": 0, "root": "/", "root_deleted": 0}
    assert gone == {"cwd": f"{folder}{DELETED}", "cwd_deleted": 1, "root": "/", "root_deleted": 0}


def test_names_of_kernel_workers_are_whole(db: Database):
    """proc_pid_comm(5): 15 bytes, but for the kernel's own workers, which say what they work on."""
    rows = query(db, "SELECT pid, name FROM processes WHERE parent = 2 AND name LIKE 'kworker/%'")
    if not rows:
        pytest.skip("no kernel workers are to be seen here")
    assert any(len(row["name"]) > 15 for row in rows)


@pytest.mark.live
def test_a_dead_server_over_a_program_is_not_asked(program: Path):
    """What runs is on another device than what lies over its path: that is certain without the server."""

    def act() -> Any:
        with running(program) as pid, dead_mount(program.parent), Database() as db:
            return query(db, "SELECT path, on_disk FROM processes WHERE pid = ?", (pid,))

    assert in_new_mounts(act) == [{"path": f"{program}{DELETED}", "on_disk": 0}]


@pytest.mark.live
def test_a_chrooted_process_does_not_hide_a_dead_server(tmp_path: Path, program: Path):
    """Its list of mounts is of what is below its root; another process of the namespace runs what is covered."""
    place, jail = tmp_path / "place", tmp_path / "jail"
    place.mkdir()
    jail.mkdir()
    shutil.copy(program, place / "covered")

    def act() -> Any:
        mount("--rbind", "/", jail)
        jail_first = running(program, "chroot", str(jail))
        with jail_first as jailed, running(place / "covered") as covered, dead_mount(place):
            ctypes.CDLL(None).unshare(CLONE_NEWNS)
            subprocess.run(["umount", "--lazy", place], check=True)
            mount("-t", "tmpfs", "none", place)
            with Database() as db:
                sql = "SELECT pid, on_disk FROM processes WHERE pid IN (?, ?)"
                return {row["pid"] == covered: row["on_disk"] for row in query(db, sql, (jailed, covered))}

    assert in_new_mounts(act)[True] == 0


HELD = "SELECT f.path, f.deleted, h.sha256 FROM process_open_files f LEFT JOIN hash h ON h.path = f.path WHERE pid = ?"
MAPPED = (
    "SELECT DISTINCT m.path, m.deleted, h.sha256 FROM process_memory_map m LEFT JOIN hash h ON h.path = m.path "
    "WHERE pid = ? AND m.path LIKE '%innocent%'"
)


@pytest.mark.live
def test_an_innocent_file_is_not_taken_for_an_open_one(tmp_path: Path, program: Path):
    """Mounted over, or in a detached mount, whose paths begin at its top."""
    folder, detached = tmp_path / "folder", tmp_path / "detached"
    folder.mkdir()
    detached.mkdir()
    innocent = folder / "innocent"
    shutil.copy(program, innocent)

    def act() -> Any:
        mount("-t", "tmpfs", "none", detached)
        (detached / "etc").mkdir()
        (detached / "etc" / "passwd").write_text("detached")
        with innocent.open() as held, (detached / "etc" / "passwd").open() as passwd:
            descriptors = (held.fileno(), passwd.fileno())
            with running(innocent, pass_fds=descriptors) as pid, Database() as db:
                subprocess.run(["umount", "--lazy", detached], check=True)
                mount("-t", "tmpfs", "none", folder)
                innocent.write_text("innocent")
                rows = query(db, f"{HELD} AND f.fd IN (?, ?) ORDER BY fd = ?", (pid, *descriptors, passwd.fileno()))
                return rows, query(db, MAPPED, (pid,))

    held, mapped = in_new_mounts(act)
    covered = {"path": f"{innocent}{DELETED}", "deleted": 0, "sha256": None}
    assert held == [covered, {"path": f"/etc/passwd{DELETED}", "deleted": 0, "sha256": None}]
    assert mapped == [covered]


@pytest.mark.live
def test_what_is_deleted_of_what_ends_so(tmp_path: Path):
    """A name that is spelt so below a mount, a file with another name left, and one that got its name back."""
    named = tmp_path / "covered" / f"named{DELETED}"
    named.parent.mkdir()
    files = [named, tmp_path / "gone", tmp_path / "linked", tmp_path / "back"]
    for file in files:
        file.touch()
    for file in files[2:]:
        os.link(file, f"{file}-too")

    def act() -> Any:
        opened = [os.open(file, os.O_RDONLY) for file in files]
        for file in files[1:]:
            file.unlink()
        os.link(f"{files[3]}-too", files[3])
        mount("-t", "tmpfs", "none", named.parent)
        with Database() as db:
            sql = f"SELECT path, deleted FROM process_open_files WHERE pid = {os.getpid()} AND fd >= {opened[0]}"
            return {row["path"]: row["deleted"] for row in query(db, sql)}, notes(db, sql)

    found, said = in_new_mounts(act)
    assert [found[str(named)], found[f"{files[1]}{DELETED}"], found[f"{files[2]}{DELETED}"]] == [None, 1, 1]
    assert found[str(files[3])] == 0
    assert any("cannot be told" in note for note in said)


def test_a_path_too_long_to_be_shown(db: Database, tmp_path: Path, program: Path):
    """Whether the program has a name at all is known all the same."""
    here = os.open(".", os.O_RDONLY)
    try:
        os.chdir(tmp_path)
        for _ in range(20):
            os.mkdir("x" * 250)
            os.chdir("x" * 250)
        shutil.copy(program, "program")
        with running(Path("program"), executable="./program") as pid:
            (row,) = query(db, "SELECT path, on_disk FROM processes WHERE pid = ?", (pid,))
            os.unlink("program")
            (gone,) = query(db, "SELECT path, on_disk FROM processes WHERE pid = ?", (pid,))
    finally:
        os.fchdir(here)
        os.close(here)
    assert [row, gone] == [{"path": None, "on_disk": 1}, {"path": None, "on_disk": 0}]
