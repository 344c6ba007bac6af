"""Control groups: the ones this host has for real, the other version over a fake tree."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hostql.tests.host import IS_ROOT
from hostql.watchdog import cgroups


@pytest.mark.live
@pytest.mark.skipif(not IS_ROOT, reason="needs root, to make control groups")
def test_a_real_group_kills_what_takes_too_much_and_says_so():
    group, problem = cgroups.make(f"hostql-test-{os.getpid()}")
    if group is None:
        pytest.skip(f"no control group can be made here: {problem}")
    try:
        problems = group.limit(60 << 20, 0.5)
        if any("memory" in each for each in problems):
            pytest.skip(f"no limit of memory can be set here: {problems}")
        group.newly_killed()
        code = "import sys; sys.stdin.readline(); x = [bytearray(b'x' * (1 << 20)) for _ in range(200)]; print('lived')"
        child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert group.add(child.pid) == []
        assert child.pid in group.members()
        out, _ = child.communicate(b"\n")
        assert (out, child.returncode) == (b"", -9)
        assert group.newly_killed() >= 1 and group.newly_killed() == 0
        # And all of it at once.
        sleeper = subprocess.Popen(["/bin/sleep", "60"])
        group.add(sleeper.pid)
        group.kill()
        assert sleeper.wait(10) == -9
    finally:
        group.remove()
    assert not any(os.path.exists(path) for path in group.paths.values())


def tree(root: Path, version: int) -> str:
    (root / "proc/self").mkdir(parents=True)
    if version == 2:
        (root / "proc/self/cgroup").write_text("0::/system.slice/hostql.service\n")
        own = root / "sys/fs/cgroup/system.slice/hostql.service"
        own.mkdir(parents=True)
        (root / "sys/fs/cgroup/cgroup.controllers").write_text("cpu memory pids\n")
    else:
        (root / "proc/self/cgroup").write_text("4:memory:/a\n3:cpu,cpuacct:/a\n2:pids:/a\n")
        for name in ("memory", "cpu", "pids"):
            (root / f"sys/fs/cgroup/{name}/a").mkdir(parents=True)
    return f"{root}/"


def test_version_two_over_a_fake_tree(tmp_path: Path):
    group, problem = cgroups.make("worker", tree(tmp_path, 2))
    assert group is not None, problem
    path = Path(group.paths[""])
    assert path == tmp_path / "sys/fs/cgroup/system.slice/hostql.service/worker"
    assert group.limit(100, 0.25) == []
    assert (path / "memory.max").read_text() == "100"
    assert (path / "memory.oom.group").read_text() == "1"
    assert (path / "cpu.max").read_text() == "25000 100000"
    assert (path.parent / "cgroup.subtree_control").read_text() == "+memory +cpu +pids"
    (path / "memory.events").write_text("low 0\nhigh 0\nmax 5\noom 1\noom_kill 2\n")
    assert (group.newly_killed(), group.newly_killed()) == (2, 0)
    group.limit(0, 0)
    assert ((path / "memory.max").read_text(), (path / "cpu.max").read_text()) == ("max", "max 100000")


def test_version_one_over_a_fake_tree(tmp_path: Path):
    group, problem = cgroups.make("worker", tree(tmp_path, 1))
    assert group is not None, problem
    assert group.limit(100, 0.25) == []
    assert set(group.paths) == {"memory", "cpu", "pids"}
    assert (Path(group.paths["memory"]) / "memory.limit_in_bytes").read_text() == "100"
    assert (Path(group.paths["cpu"]) / "cpu.cfs_quota_us").read_text() == "25000"
    (Path(group.paths["memory"]) / "memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 1\n")
    assert group.newly_killed() == 1


def test_where_there_is_none_the_reason_is_told(tmp_path: Path):
    (tmp_path / "proc/self").mkdir(parents=True)
    assert cgroups.make("worker", f"{tmp_path}/") == (
        None,
        "no hierarchy of control groups is mounted at /sys/fs/cgroup",
    )


def test_one_that_cannot_be_written_costs_its_limit_alone(tmp_path: Path):
    group, _ = cgroups.make("worker", tree(tmp_path, 1))
    assert group is not None
    os.rmdir(group.paths["memory"])
    (problem,) = group.limit(100, 0.5)
    assert "memory.limit_in_bytes cannot be set to 100" in problem
