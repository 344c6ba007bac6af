"""Control groups of both versions: trees as kernels make them, the live ones, and a group made by hand."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hostql.tests.conftest import as_nobody, in_new_mounts, mount, notes, open_to_all, query
from hostql.vtables.database import Database
from hostql.vtables.sources.host import Host


def write(folder: Path, files: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_text(content + "\n")


def mounts(root: Path, *lines: str) -> None:
    write(root / "proc/self", {"mountinfo": "\n".join(lines)})


def by_path(database: Database, where: str = "1") -> dict[str, dict[str, Any]]:
    return {row["path"]: row for row in query(database, f"SELECT * FROM cgroups WHERE {where}")}


def test_version_2(tmp_path: Path, open_root: Callable[..., Database]):
    mounts(
        tmp_path,
        "30 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot",
    )
    top = tmp_path / "sys/fs/cgroup"
    write(top, {"cgroup.controllers": "cpuset cpu io memory pids", "cgroup.procs": "", "cpu.stat": "usage_usec 900"})
    write(
        top / "system.slice/web.service",
        {
            "cgroup.procs": "11\n12",
            "memory.current": "1048576",
            "memory.peak": "2097152",
            "memory.max": "4194304",
            "memory.swap.max": "0",
            "memory.events": "low 0\nhigh 3\nmax 4\noom 1\noom_kill 2",
            "cpu.stat": "usage_usec 1234567\nuser_usec 1\nnr_periods 50\nnr_throttled 7\nthrottled_usec 9",
            "cpu.weight": "100",
            "cpu.max": "50000 100000",
            "pids.current": "2",
            "pids.max": "512",
        },
    )
    write(top / "user.slice", {"cgroup.procs": "", "memory.max": "max", "pids.max": "max", "cpu.max": "max 100000"})
    rows = by_path(open_root())
    assert set(rows) == {"/", "/system.slice", "/system.slice/web.service", "/user.slice"}
    web = rows["/system.slice/web.service"]
    assert (web["version"], web["controllers"], web["processes"]) == (2, "cpuset,cpu,io,memory,pids", 2)
    assert (web["memory_current"], web["memory_peak"], web["memory_max"], web["swap_max"]) == (
        1 << 20,
        2 << 20,
        4 << 20,
        0,
    )
    assert (web["cpu_usage"], web["cpu_weight"], web["cpu_max"], web["throttled"]) == (1234567, 100, "50000 100000", 7)
    assert (web["pids_current"], web["pids_max"], web["oom_kills"]) == (2, 512, 2)
    user = rows["/user.slice"]
    assert (user["memory_max"], user["pids_max"], user["cpu_max"]) == (None, None, "max 100000")
    assert rows["/"]["cpu_usage"] == 900 and rows["/"]["memory_current"] is None


def test_version_1(tmp_path: Path, open_root: Callable[..., Database]):
    """A hierarchy for each set of controllers; only controllers are named, not the other options of the mount."""
    mounts(
        tmp_path,
        "31 30 0:27 / /sys/fs/cgroup/memory rw,nosuid,nodev,noexec,relatime shared:10 - cgroup cgroup rw,memory",
        "32 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid - cgroup cgroup rw,cpu,cpuacct",
        "33 30 0:29 / /sys/fs/cgroup/systemd rw,nosuid - cgroup cgroup rw,xattr,name=systemd,release_agent=/x",
        "34 30 0:30 / /tmp rw - tmpfs tmpfs rw",
    )
    top = tmp_path / "sys/fs/cgroup"
    write(
        top / "memory/docker",
        {
            "cgroup.procs": "7",
            "memory.usage_in_bytes": "4096",
            "memory.max_usage_in_bytes": "8192",
            "memory.limit_in_bytes": "9223372036854771712",
            "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 5",
        },
    )
    write(
        top / "cpu,cpuacct/docker",
        {
            "cgroup.procs": "7\n8",
            "cpuacct.usage": "5000000",
            "cpu.shares": "1024",
            "cpu.cfs_quota_us": "-1",
            "cpu.cfs_period_us": "100000",
            "cpu.stat": "nr_periods 0\nnr_throttled 3\nthrottled_time 0",
        },
    )
    write(top / "cpu,cpuacct/half", {"cgroup.procs": "", "cpu.cfs_quota_us": "50000", "cpu.cfs_period_us": "100000"})
    write(top / "systemd", {"cgroup.procs": "1"})
    rows = by_path(open_root(), "controllers = 'memory'")
    memory = rows["/docker"]
    assert (memory["version"], memory["memory_current"], memory["memory_peak"]) == (1, 4096, 8192)
    assert (memory["memory_max"], memory["oom_kills"], memory["cpu_usage"]) == (None, 5, None)
    rows = by_path(open_root(), "controllers = 'cpu,cpuacct'")
    cpu = rows["/docker"]
    assert (cpu["cpu_usage"], cpu["cpu_weight"], cpu["cpu_max"], cpu["throttled"]) == (5000, 1024, "max 100000", 3)
    assert (cpu["processes"], rows["/half"]["cpu_max"]) == (2, "50000 100000")
    assert set(by_path(open_root(), "controllers = 'name=systemd'")) == {"/"}


def test_a_threaded_group_has_no_processes_of_its_own(tmp_path: Path, open_root: Callable[..., Database]):
    """Reading its cgroup.procs is refused (EOPNOTSUPP); a directory in its place cannot be read either."""
    mounts(tmp_path, "30 23 0:26 / /cg rw - cgroup2 cgroup2 rw")
    (tmp_path / "cg/cgroup.procs").mkdir(parents=True)
    result = open_root().execute("SELECT path, processes FROM cgroups WHERE path = '/'")
    assert list(result) == [("/", None)]
    assert any("processes could not be read" in note for note in result.notes)


def test_each_group_is_one_row_however_its_hierarchy_is_mounted(tmp_path: Path, open_root: Callable[..., Database]):
    """The whole of it twice, and a part, before and after; the path is the one in the hierarchy."""
    mounts(
        tmp_path,
        "40 23 0:26 /a /part rw - cgroup2 cgroup2 rw",
        "41 23 0:26 / /cg rw - cgroup2 cgroup2 rw",
        "42 23 0:26 / /again rw - cgroup2 cgroup2 rw",
        "43 23 0:27 /x/y /one rw - cgroup cgroup rw,memory",
        "44 23 0:27 /x/y/z /two rw - cgroup cgroup rw,memory",
        "45 23 0:27 /w /three rw - cgroup cgroup rw,memory",
        "46 41 0:28 / /cg/a/over rw - tmpfs tmpfs rw",
    )
    for folder in ("cg/a/b", "cg/a/over/none", "again/a/b", "part/b", "one/z", "two", "three/v"):
        write(tmp_path / folder, {})
    found = [(row["version"], row["path"]) for row in query(open_root(), "SELECT version, path FROM cgroups")]
    assert sorted(found) == [(1, "/w"), (1, "/w/v"), (1, "/x/y"), (1, "/x/y/z"), (2, "/"), (2, "/a"), (2, "/a/b")]


def test_a_group_that_a_mount_hides_is_shown_by_another(tmp_path: Path, open_root: Callable[..., Database]):
    mounts(
        tmp_path,
        "41 23 0:26 / /cg rw - cgroup2 cgroup2 rw",
        "46 41 0:28 / /cg/a rw - tmpfs tmpfs rw",
        "47 41 0:28 / /cg/lost rw - tmpfs tmpfs rw",
        "48 23 0:26 /a /elsewhere rw - cgroup2 cgroup2 rw",
    )
    for folder in ("cg/a/none", "cg/lost", "cg/c", "elsewhere/b"):
        write(tmp_path / folder, {})
    result = open_root().execute("SELECT path FROM cgroups ORDER BY path")
    assert [path for (path,) in result] == ["/", "/a", "/a/b", "/c"]
    assert [note for note in result.notes if "cannot be seen" in note and "times" not in note]


@pytest.mark.live
def test_a_group_that_may_not_be_read_has_a_row(tmp_path: Path):
    mounts(tmp_path, "41 23 0:26 / /cg rw - cgroup2 cgroup2 rw")
    write(tmp_path / "cg/shut/below", {})
    open_to_all(tmp_path)
    (tmp_path / "cg/shut").chmod(0o700)

    def look() -> Any:
        with Database(host=Host(str(tmp_path))) as db:
            result = db.execute("SELECT path, memory_current FROM cgroups ORDER BY path")
            return list(result), list(result.notes)

    rows, said = as_nobody(look)
    assert rows == [("/", None), ("/shut", None)]
    assert any("control groups not readable" in note for note in said)


def test_groups_outside_of_a_control_group_namespace(tmp_path: Path, open_root: Callable[..., Database]):
    """A mount that begins above holds those of the namespace too, by names from there: the same directories."""
    mounts(
        tmp_path,
        "40 23 0:26 /../.. /whole rw - cgroup2 cgroup2 rw",
        "41 23 0:26 / /own rw - cgroup2 cgroup2 rw",
        "42 23 0:26 /.. /wider rw - cgroup2 cgroup2 rw",
    )
    for folder in ("whole/other", "whole/a/b/c", "own"):
        write(tmp_path / folder, {})
    (tmp_path / "own").rmdir()
    (tmp_path / "own").symlink_to("whole/a/b")
    (tmp_path / "wider").symlink_to("whole/a")
    found = sorted(row["path"] for row in query(open_root(), "SELECT path FROM cgroups"))
    assert found == ["/", "/../..", "/../../a", "/../../other", "/c"]


@pytest.mark.live
@pytest.mark.parametrize("becomes", [lambda action: action(), as_nobody], ids=["root", "nobody"])
def test_a_live_hierarchy_that_is_mounted_often(tmp_path: Path, becomes: Callable[[Callable[[], Any]], Any]):
    """Where an ordinary user may not read one of the mounts, another shows the groups; a covered one shows none."""
    name = f"hostql-mounted-{os.getpid()}"

    def look() -> Any:
        with Database() as db:
            listed = query(db, "SELECT path FROM cgroups WHERE path LIKE ? AND version = 2", (f"%{name}%",))
            return [row["path"] for row in listed], notes(db, "SELECT path FROM cgroups")

    def act() -> Any:
        _, before = becomes(look)
        for place in ("shut/groups", "open", "part", "covered"):
            (tmp_path / place).mkdir(parents=True)
        mount("-t", "cgroup2", "none", tmp_path / "shut/groups")
        mount("-t", "cgroup2", "none", tmp_path / "open")
        mount("-t", "cgroup2", "none", tmp_path / "covered")
        mount("-t", "tmpfs", "none", tmp_path / "covered")
        (tmp_path / "covered" / name).mkdir()
        try:
            (tmp_path / "open" / name / "in").mkdir(parents=True)
        except OSError as error:
            pytest.skip(f"control groups cannot be made here: {error}")
        try:
            mount("--bind", tmp_path / "open" / name, tmp_path / "part")
            (tmp_path / "shut").chmod(0o700)
            return before, *becomes(look)
        finally:
            (tmp_path / "open" / name / "in").rmdir()
            (tmp_path / "open" / name).rmdir()

    open_to_all(tmp_path)
    before, paths, after = in_new_mounts(act)
    assert sorted(paths) == [f"/{name}", f"/{name}/in"]
    assert after == before


def directories() -> set[tuple[int, str]]:
    """(version, path) of each group, from the directories of all mounts that begin in this control group namespace."""
    found = set()
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields = line.split()
        root, place, kind = fields[3], fields[4], fields[fields.index("-") + 1]
        if kind in ("cgroup", "cgroup2") and not root.startswith("/.."):
            for folder, _, files in os.walk(place):
                if "cgroup.procs" in files:
                    found.add((2 if kind == "cgroup2" else 1, root.rstrip("/") + folder[len(place) :] or "/"))
    return found


def test_the_live_groups_are_the_directories(db: Database):
    before = directories()
    rows = query(db, "SELECT path, version, controllers FROM cgroups")
    after = directories()
    if not before:
        pytest.skip("no control groups are mounted here")
    found = {(row["version"], row["path"]) for row in rows if not row["path"].startswith("/..")}
    # Others make and remove groups meanwhile.
    assert before & after <= found <= before | after
    # Hierarchies can be mounted more than once.
    assert len(rows) == len({tuple(row.values()) for row in rows})


@pytest.fixture
def limited() -> Iterator[Path]:
    """A group of the live hierarchy with a limit of 100 tasks."""
    for top in (Path("/sys/fs/cgroup/pids"), Path("/sys/fs/cgroup")):
        if (top / "cgroup.procs").exists() and os.access(top, os.W_OK):
            break
    else:
        pytest.skip("needs a control group hierarchy that may be written to")
    made = top / f"hostql-limits-{os.getpid()}"
    try:
        made.mkdir()
    except OSError as error:
        pytest.skip(f"control groups cannot be made here: {error}")
    try:
        (made / "pids.max").write_text("100")
    except OSError as error:
        made.rmdir()
        pytest.skip(f"the pids controller is not to be had here: {error}")
    yield made
    made.rmdir()


@pytest.mark.live
def test_a_limit_that_is_set(db: Database, limited: Path):
    (row,) = query(db, "SELECT pids_max, pids_current, processes FROM cgroups WHERE path = ?", (f"/{limited.name}",))
    assert row == {"pids_max": 100, "pids_current": 0, "processes": 0}
