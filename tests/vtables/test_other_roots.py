"""What tables say of an image, which no kernel runs, and of a container, whose namespaces are not the reader's."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hostql.tests.conftest import in_new_mounts, mount, notes, query
from hostql.tests.host import IS_ROOT
from hostql.vtables.database import Database
from hostql.vtables.errors import TableUnavailable
from hostql.vtables.sources.host import Host


def test_an_image_has_a_name_and_no_machine(tmp_path: Path, open_root: Callable[..., Database]):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/hostname").write_text("db1\n")
    database = open_root()
    (row,) = query(database, "SELECT hostname, cpu_brand, cpu_logical_cores, physical_memory FROM system_info")
    assert tuple(row.values()) == ("db1", "", None, None)
    assert notes(database, "SELECT * FROM system_info") == [
        "system_info: there is no /proc/cpuinfo: a running kernel fills it",
        "system_info: there is no /proc/meminfo: a running kernel fills it",
    ]


@pytest.mark.parametrize(
    "table",
    ["processes", "kernel_modules", "pressure", "system_controls", "interface_ipv6", "pci_devices", "usb_devices"],
)
def test_an_image_refuses_what_a_kernel_tells(tmp_path: Path, open_root: Callable[..., Database], table: str):
    """The folders of an image that a kernel would fill are there, and empty."""
    for folder in ("proc", "sys"):
        (tmp_path / folder).mkdir()
    with pytest.raises(TableUnavailable, match="which a running kernel fills"):
        query(open_root(), f"SELECT * FROM {table}")


def test_the_time_zone_of_another_root(tmp_path: Path, open_root: Callable[..., Database]):
    zone = Path("/usr/share/zoneinfo/Europe/Berlin")
    if not zone.exists():
        pytest.skip("needs zoneinfo")
    (tmp_path / "etc").mkdir()
    database = open_root()
    for content, name in ((None, "UTC"), (zone.read_bytes(), "CET"), (b"junk", "")):
        if content is not None:
            (tmp_path / "etc/localtime").write_bytes(content)
        (row,) = query(database, "SELECT local_timezone FROM time")
        assert row["local_timezone"] == name
    assert "cannot read /etc/localtime" in notes(database, "SELECT * FROM time")[-1]


def test_a_container_is_not_told_of_by_the_namespaces_of_the_reader(tmp_path: Path):
    """A root of a process in namespaces of its own: its mounts are shown, what the kernel tells of ours is refused."""
    if not IS_ROOT or not shutil.which("unshare"):
        pytest.skip("needs root and unshare, to make namespaces")
    script = f"mount -t tmpfs canary {tmp_path} && echo up && exec sleep 600"
    command = ["unshare", "--mount", "--uts", "--ipc", "--net", "--propagation", "private", "sh", "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        try:
            assert child.stdout is not None
            if child.stdout.readline() != b"up\n":
                pytest.skip("no namespaces can be made here")
            with Database(host=Host(f"/proc/{child.pid}/root")) as database:
                mounted = "SELECT device, blocks > 0 AS sized FROM mounts WHERE path = ?"
                assert query(database, mounted, (str(tmp_path),)) == [{"device": "canary", "sized": 1}]
                assert query(database, "SELECT pid FROM processes WHERE pid = ?", (child.pid,))
                for table in ("shared_memory", "interface_ipv6"):
                    with pytest.raises(TableUnavailable, match="hostql's own namespaces"):
                        query(database, f"SELECT * FROM {table}")
                (named,) = query(database, "SELECT hostname FROM system_info")
                written = Path("/etc/hostname").read_text().strip() if Path("/etc/hostname").exists() else ""
                assert named == {"hostname": written}
                assert "hostql's own" in notes(database, "SELECT * FROM system_controls")[0]
                assert "is that of this host" in " ".join(notes(database, "SELECT pid FROM processes"))
                assert "is that of this host" in " ".join(notes(database, "SELECT pid FROM process_namespaces"))
        finally:
            child.kill()


def test_the_mounts_of_a_root_with_the_kernel_of_this_host(tmp_path: Path):
    """As of chroot(8): those below it are shown, relative to it; hostql's own are not."""

    def tried() -> list[Any]:
        for name in ("proc", "data", "beside"):
            (tmp_path / "root" / name).mkdir(parents=True)
        (tmp_path / "rooted").mkdir()
        mount("-t", "tmpfs", "-o", "size=1M", "canary", tmp_path / "root/data")
        mount("-t", "tmpfs", "-o", "size=2M", "other", tmp_path / "rooted")
        mount("--bind", "/proc", tmp_path / "root/proc")
        (tmp_path / "link").symlink_to("root")
        with Database(host=Host(str(tmp_path / "link"))) as database:
            rows = query(database, "SELECT path, device, blocks * blocks_size AS size FROM mounts ORDER BY path")
        mount("-t", "tmpfs", "-o", "size=1M", "over", tmp_path / "root/data")
        with Database(host=Host(str(tmp_path / "root"))) as database:
            sizes = query(database, "SELECT device, blocks IS NULL AS unknown FROM mounts WHERE path = '/data'")
        return [rows, sizes]

    rows, sizes = in_new_mounts(tried)
    assert [row["path"] for row in rows if not row["path"].startswith("/proc/")] == ["/", "/data", "/proc"]
    by_path = {row["path"]: row for row in rows}
    assert by_path["/data"] == {"path": "/data", "device": "canary", "size": 1 << 20}
    found = os.statvfs(tmp_path)
    assert by_path["/"]["size"] == found.f_blocks * found.f_frsize
    assert sizes == [{"device": "canary", "unknown": 1}, {"device": "over", "unknown": 0}]


def test_what_a_process_runs_is_read_below_another_root(tmp_path: Path):
    def tried() -> list[Any]:
        for name in ("proc", "etc"):
            (tmp_path / name).mkdir()
        mount("-t", "proc", "proc", tmp_path / "proc")
        own = f"/proc/{os.getpid()}"
        with Database(host=Host(str(tmp_path))) as database:
            hashed = "SELECT sha256 FROM hash WHERE path = ?"
            joined = f"SELECT sha256 FROM processes JOIN hash ON hash.path = exe_link WHERE pid = {os.getpid()}"
            through = query(database, hashed, (f"{own}/root/etc/passwd",))
            kernel = query(database, "SELECT path, on_disk FROM processes WHERE pid = 2")
            return [
                query(database, hashed, (f"{own}/exe",)) + query(database, joined),
                through,
                [
                    notes(database, f"SELECT * FROM {table} WHERE {column} = ?", (f"{own}/root/etc",))
                    for table in ("hash", "file", "extended_attributes")
                    for column in ("path", "directory")
                ],
                kernel,
                notes(database, "SELECT path, on_disk FROM processes WHERE pid = 2"),
                os.path.exists("/proc/2/exe") or not os.path.exists("/proc/2"),
            ]

    hashes, through, noted, kernel, of_kernel, no_thread = in_new_mounts(tried)
    digest = hashlib.sha256(Path(sys.executable).read_bytes()).hexdigest()
    assert hashes == [{"sha256": digest}] * 2
    assert through == [] and all("beyond a link of a process" in " ".join(each) for each in noted)
    if not no_thread:
        assert kernel == [{"path": "", "on_disk": -1}]
        assert not any("could not be read" in note for note in of_kernel)


def test_an_image_of_a_kernel_without_pressure(tmp_path: Path, open_root: Callable[..., Database]):
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/stat").write_text("cpu 0\n")
    with pytest.raises(TableUnavailable, match="there is no /proc/pressure"):
        query(open_root(), "SELECT * FROM pressure")
