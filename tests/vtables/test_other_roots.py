"""What tables say of an image, which no kernel runs, and of a container, whose namespaces are not the reader's."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hostql.tests.conftest import notes, query
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
    with Database(host=Host("/./")) as database, pytest.raises(TableUnavailable, match="the mounts"):
        query(database, "SELECT * FROM mounts")
