"""The machine's figures against free, nproc, uname, date, prlimit and the kernel's own files."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import pytest
from hostql.tests.conftest import in_new_mounts, mount, query, tool
from hostql.vtables.database import Database
from hostql.vtables.errors import TableUnavailable

# How much of the host's memory may move between two readings while other tests run.
MOVES = 512 << 20


def test_memory_is_that_of_free(db: Database):
    memory, swap = (line.split() for line in tool("free", "-b", "-w").splitlines()[1:3])
    total, _, free, _, buffers, cache, available = map(int, memory[1:8])
    (row,) = query(db, "SELECT * FROM memory_info")
    assert row["memory_total"] == total
    assert row["swap_total"] == int(swap[1])
    for name, shown in (("memory_free", free), ("memory_available", available), ("buffers", buffers)):
        assert abs(row[name] - shown) < MOVES, name
    # free counts reclaimable slab as cache too.
    assert row["cached"] <= cache + MOVES
    (system,) = query(db, "SELECT physical_memory FROM system_info")
    assert system["physical_memory"] == total


def test_memory_of_a_kernel_without_some_figures(tmp_path: Path, open_root: Callable[..., Database]):
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal:   1000 kB\nMemFree:  10 kB\nActive(anon):  5 kB\nActive:  7 kB\n")
    (row,) = query(open_root(), "SELECT * FROM memory_info")
    assert (row["memory_total"], row["memory_free"], row["active"]) == (1024000, 10240, 7168)
    assert row["memory_available"] is row["swap_total"] is None


def test_uptime_is_the_clock_since_boot(db: Database):
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    (row,) = query(db, "SELECT * FROM uptime")
    after = time.clock_gettime(time.CLOCK_BOOTTIME)
    assert int(before) <= row["total_seconds"] <= after
    parts = row["days"] * 86400 + row["hours"] * 3600 + row["minutes"] * 60 + row["seconds"]
    assert parts == row["total_seconds"]


def test_time(db: Database):
    before = int(time.time())
    (row,) = query(db, "SELECT *, date_time FROM time")
    assert before <= row["unix_time"] <= time.time()
    told = datetime.fromtimestamp(row["unix_time"], timezone.utc)
    assert row["datetime"] == row["iso_8601"] == row["date_time"] == told.strftime("%Y-%m-%dT%H:%M:%SZ")
    shown = tool(
        "env", "LC_ALL=C", "date", "-u", "-d", f"@{row['unix_time']}", "+%A %Y %-m %-d %-H %-M %-S %a %b %e %T %Y UTC"
    )
    day, *numbers = shown.split(" ", 7)
    names = ("year", "month", "day", "hour", "minutes", "seconds")
    assert (row["weekday"], [row[name] for name in names]) == (day, [int(number) for number in numbers[:6]])
    assert row["timestamp"] == numbers[6].strip()
    assert row["timezone"] == "UTC"


def test_load_average(db: Database):
    rows = query(db, "SELECT period, average FROM load_average")
    assert [row["period"] for row in rows] == ["1m", "5m", "15m"]
    for row, told in zip(rows, os.getloadavg()):
        assert abs(float(row["average"]) - told) < 1


def test_cpu_time_counts_on_for_each_cpu(db: Database):
    def told() -> dict[int, list[int]]:
        lines = [line.split() for line in Path("/proc/stat").read_text().splitlines()]
        return {
            int(name[3:]): list(map(int, rest)) for name, *rest in lines if name.startswith("cpu") and name != "cpu"
        }

    before = told()
    rows = query(db, "SELECT * FROM cpu_time")
    after = told()
    assert [row["core"] for row in rows] == list(before)
    assert len(rows) == int(tool("nproc", "--all")) or len(rows) == os.cpu_count()
    for row in rows:
        core, *values = row.values()
        # Idle and waiting time of a CPU may be corrected backwards (proc_stat(5)).
        for place in (0, 1, 2, 5, 6, 7, 8, 9):
            assert before[core][place] <= values[place] <= after[core][place]


def test_names_of_the_host_are_those_of_uname(db: Database):
    (row,) = query(db, "SELECT * FROM system_info")
    assert row["hostname"] == row["computer_name"] == row["local_hostname"] == tool("uname", "-n").strip()


def test_the_distribution_is_what_its_shell_reads(db: Database):
    """os-release is a shell's file (os-release(5)), so a shell tells what its values are."""
    (row,) = query(db, "SELECT * FROM os_version")
    script = '. /etc/os-release; printf "%s\\n" "$NAME" "$VERSION" "$ID" "$ID_LIKE" "$VERSION_CODENAME" "$BUILD_ID"'
    shown = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout.split("\n")
    names = ("name", "version", "platform", "platform_like", "codename", "build")
    assert [row[name] for name in names] == shown[: len(names)]
    assert row["arch"] == tool("uname", "-m").strip()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('NAME="Ubuntu"\nVERSION_ID="22.04"\nVERSION="22.04.4 LTS"\n', ("Ubuntu", "22.04.4 LTS", 22, 4, 0)),
        ("NAME='Alpine Linux'\nVERSION_ID=3.19.1\n", ("Alpine Linux", "3.19.1", 3, 19, 1)),
        ('NAME="Arch Linux"\nID=arch\nBUILD_ID=rolling\n', ("Arch Linux", "", 0, 0, 0)),
        ('NAME="Br\\$ken \\"quotes\\""\nVERSION_ID="no closing\n', ('Br$ken "quotes"', "", 0, 0, 0)),
    ],
)
def test_other_distributions(tmp_path: Path, open_root: Callable[..., Database], text: str, expected: tuple):
    (tmp_path / "usr/lib").mkdir(parents=True)
    (tmp_path / "usr/lib/os-release").write_text(text)
    (row,) = query(open_root(), "SELECT name, version, major, minor, patch FROM os_version")
    assert tuple(row.values()) == expected


def test_limits_are_those_of_prlimit(db: Database):
    shown = {}
    for line in tool(
        "prlimit", "--raw", "--noheadings", "-o", "RESOURCE,SOFT,HARD", "-p", str(os.getpid())
    ).splitlines():
        name, soft, hard = line.split()
        shown[name.lower()] = (soft, hard)
    rows = {row["type"]: (row["soft_limit"], row["hard_limit"]) for row in query(db, "SELECT * FROM ulimit_info")}
    # Python knows no name for file locks, which Linux does not limit.
    assert rows == {name: limits for name, limits in shown.items() if name != "locks"}


def test_pressure_is_the_kernels(db: Database):
    try:
        rows = query(db, "SELECT * FROM pressure")
    except TableUnavailable as unavailable:
        pytest.skip(unavailable.message)
    assert {row["resource"] for row in rows} == set(os.listdir("/proc/pressure"))
    for row in rows:
        lines = Path(f"/proc/pressure/{row['resource']}").read_text().splitlines()
        (line,) = (line for line in lines if line.startswith(row["scope"]))
        later = int(line.rpartition("=")[2])
        assert 0 <= row["total"] <= later
        assert 0 <= row["avg10"] <= 100 and 0 <= row["avg300"] <= 100


def test_no_pressure_information_says_what_would_help():
    if not os.path.isdir("/proc/pressure"):
        pytest.skip("needs /proc/pressure, to hide it")

    def tried() -> str:
        mount("-t", "tmpfs", "tmpfs", "/proc/pressure")
        with Database() as database, pytest.raises(TableUnavailable) as caught:
            query(database, "SELECT * FROM pressure")
        return str(caught.value.hint)

    assert "psi=1" in in_new_mounts(tried)
