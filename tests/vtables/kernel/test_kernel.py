"""The kernel's tables against sysctl, lsmod, ipcs and uname, and against files of kernels this host does not run."""

from __future__ import annotations

import ctypes
import mmap
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hostql.tests.conftest import as_nobody, in_new_network, notes, query, tool
from hostql.vtables.database import Database
from hostql.vtables.sources.host import Host


def write(root: Path, files: dict[str, str | bytes]) -> None:
    for path, content in files.items():
        file = root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())


def test_settings_are_those_of_sysctl(db: Database):
    """Every name, and the values of those that stand still; a name with a dot of its own is written with a slash."""
    shown: dict[str, str] = {}
    for line in tool("sysctl", "-a").splitlines():
        name, equals, value = line.partition(" = ")
        if equals:
            shown[name.replace("/", ".")] = f"{shown[name]}\n{value}" if name in shown else value
    rows = {row["name"]: row for row in query(db, "SELECT name, subsystem, current_value FROM system_controls")}
    missing = set(shown) - set(rows)
    assert not missing
    moving = ("kernel.random.", "kernel.ns_last_pid", "fs.", "kernel.pty.nr", "net.netfilter.", "kernel.sched_")
    still = [name for name in shown if not name.startswith(moving) and "stat" not in name]
    words = {name: " ".join(shown[name].split()) for name in still}
    assert {name: " ".join(rows[name]["current_value"].split()) for name in still} == words
    assert len(still) > 100
    assert all(row["subsystem"] == name.partition(".")[0] for name, row in rows.items())


def test_a_setting_that_is_changed():
    def change() -> Any:
        tool("sysctl", "-w", "net.ipv4.ip_forward=1")
        with Database() as db:
            return query(db, "SELECT current_value FROM system_controls WHERE name = 'net.ipv4.ip_forward'")

    assert in_new_network(change) == [{"current_value": "1"}]


def test_an_interface_with_a_dot_in_its_name():
    def make() -> Any:
        tool("ip", "link", "add", "a.b", "type", "veth", "peer", "name", "c")
        with Database() as db:
            name = "net.ipv4.conf.a.b.forwarding"
            whole = query(db, "SELECT name FROM system_controls WHERE name LIKE ?", (name,))
            return whole, query(db, "SELECT name FROM system_controls WHERE name = ?", (name,))

    whole, looked_up = in_new_network(make)
    assert whole == looked_up == [{"name": "net.ipv4.conf.a.b.forwarding"}]


def test_what_is_configured_and_what_is(tmp_path: Path, open_root: Callable[..., Database]):
    """The later file wins, a file of the same name in /etc masks the one in /usr/lib (sysctl.d(5))."""
    write(
        tmp_path,
        {
            "proc/sys/vm/swappiness": "60\n",
            "proc/sys/net/ipv4/ip_forward": "0\n",
            "proc/sys/kernel/sysrq": "16\n",
            "proc/sys/kernel/pid_max": "4194304\n",
            "usr/lib/sysctl.d/50-a.conf": "vm.swappiness = 10\nnet.ipv4.ip_forward=1\n",
            "usr/lib/sysctl.d/60-masked.conf": "kernel.sysrq = 1\n",
            "etc/sysctl.d/60-masked.conf": "# nothing\n; nothing\n\n",
            "etc/sysctl.d/90-b.conf": "vm/swappiness = 20\n-kernel.pid_max = 99\njunk\n= 5\n",
            "etc/sysctl.conf": "net.ipv4.ip_forward = 0\n",
        },
    )
    rows = query(open_root(), "SELECT name, current_value, config_value FROM system_controls")
    assert {row["name"]: (row["current_value"], row["config_value"]) for row in rows} == {
        "vm.swappiness": ("60", "20"),
        "net.ipv4.ip_forward": ("0", "0"),
        "kernel.sysrq": ("16", ""),
        "kernel.pid_max": ("4194304", "99"),
    }


FORMS = [
    "net.ipv4.conf.*.rp_filter = 2\n",
    "net.ipv4.conf.*.rp_filter = 2\n-net.ipv4.conf.all.rp_filter\n",
    "net.ipv4.conf.lo.rp_filter = 1\nnet.ipv4.conf.*.rp_filter = 2\n",
    "net.ipv4.conf.*.rp_filter = 2\nnet.ipv4.conf.l*.rp_filter = 1\n",
    "net.ipv4.conf.l*.rp_filter = 1\nnet.ipv4.conf.*.rp_filter = 2\n",
    "net.ipv4.conf.l*.rp_filter = 1\nnet.ipv4.conf.*.rp_filter = 2\nnet.ipv4.conf.l*.rp_filter = 1\n",
    "net.ipv4.conf.l*.rp_filter = 2\nnet.ipv4.conf.*.rp_filter = 2\nnet.ipv4.conf.l*.rp_filter = 1\n",
    "net/ipv4/conf/a.b/rp_filter = 1\nnet.ipv4.conf.c0.rp_filter=2\n",
    "net.ipv4.conf.a/b.rp_filter = 1\n;net.ipv4.conf.lo.rp_filter=2\n #net.ipv4.conf.lo.rp_filter=1\n",
    "net.ipv4.conf.a.b.rp_filter = 1\n/net//ipv4/conf/lo/rp_filter=1\n",
    "-net.ipv4.conf.lo.rp_filter = 1\n--net.ipv4.conf.c0.rp_filter=1\n- net.ipv4.conf.all.rp_filter=1\n",
    "net.ipv4.conf.[lc]?.rp_filter = 1\nnet.ipv4.conf.{a.b,c0}.rp_filter = 2\n",
    "net.*.conf.lo.rp_filter = 1\nnet/*/conf/c0/rp_filter=1\n",
    "net.ipv4.conf.lo.rp_filter = 2\n-net.ipv4.conf.lo.rp_filter\nnet.ipv4.conf.*.rp_filter = 1\n",
    "-net.ipv4.conf.lo.rp_filter\nnet.ipv4.conf.lo.rp_filter = 1\n",
    "-net.ipv4.conf.l*.rp_filter\nnet.ipv4.conf.*.rp_filter = 1\n",
    "# x \\\nnet.ipv4.conf.lo.rp_filter = 1\njunk \\\nnet.ipv4.conf.c0.rp_filter=1\r\n",
    "net.*.rp_filter = 1\n*.*.*.*.rp_filter = 1\nnet.ipv4.conf.lo.rp_filter = 2",
]


def test_configured_values_are_those_that_systemd_sysctl_sets(tmp_path: Path):
    """In a network namespace, whose own settings can be set and looked at."""
    program = next(filter(os.path.exists, ("/usr/lib/systemd/systemd-sysctl", "/lib/systemd/systemd-sysctl")), None)
    if program is None:
        pytest.skip("needs systemd-sysctl")
    conf = tmp_path / "etc/sysctl.d/x.conf"
    (tmp_path / "etc/sysctl.d").mkdir(parents=True)
    places = {name: f"/proc/sys/net/ipv4/conf/{name}/rp_filter" for name in ("all", "default", "lo", "a.b", "c0")}

    def compare() -> Any:
        tool("ip", "link", "add", "a.b", "type", "veth", "peer", "name", "c0")
        found = []
        for text in FORMS:
            for place in places.values():
                Path(place).write_text("0")
            conf.write_text(text)
            subprocess.run([program, str(conf)], check=False, capture_output=True)
            theirs = {name: Path(place).read_text().strip() for name, place in places.items()}
            with Database(host=Host(str(tmp_path), proc="/proc")) as db:
                rows = query(db, "SELECT name, config_value FROM system_controls WHERE name LIKE '%v4%.rp_filter'")
            ours = {row["name"][len("net.ipv4.conf.") : -len(".rp_filter")]: row["config_value"] or "0" for row in rows}
            found.append((text, ours, theirs))
        return found

    for text, ours, theirs in in_new_network(compare):
        assert ours == theirs, text


def test_files_of_settings_are_those_of_systemd_sysctl(db: Database):
    """Each that it would read says to the table what it says to systemd."""
    program = next(filter(os.path.exists, ("/usr/lib/systemd/systemd-sysctl", "/lib/systemd/systemd-sysctl")), None)
    if program is None:
        pytest.skip("needs systemd-sysctl")
    lines = [line.partition("=") for line in tool(program, "--cat-config").splitlines() if "=" in line[1:]]
    plain = {
        name.strip().lstrip("-"): value.strip() for name, _, value in lines if name[:1] not in "#;" and "*" not in name
    }
    rows = query(db, "SELECT name, config_value FROM system_controls WHERE config_value <> ''")
    ours = {row["name"]: row["config_value"] for row in rows}
    names = {row["name"] for row in query(db, "SELECT name FROM system_controls")} & {*plain}
    assert {name: ours.get(name) for name in names} == {name: plain[name] for name in names}


CONF = {"proc/sys/vm/swappiness": "60\n", "etc/sysctl.conf": "vm.swappiness = 1\n"}
DEBIAN = {"etc/os-release": "ID=debian\nVERSION_ID=13\n"}


@pytest.mark.parametrize(
    "files, value, said",
    [
        ({}, "1", False),
        ({"etc/os-release": "ID=devuan\nID_LIKE=debian\n"}, "1", False),
        (DEBIAN, "", True),
        ({"usr/lib/systemd/systemd-sysctl": ""}, "", True),
        ({"usr/lib/systemd/systemd-sysctl": "", "etc/sysctl.d/99-sysctl.conf": "-> ../sysctl.conf"}, "1", False),
        ({**DEBIAN, "run/credentials/@system/sysctl.extra": "vm.swappiness = 7\n"}, "7", True),
        ({"run/credentials/@system/sysctl.extra": "vm.swappiness = 7\n"}, "1", False),
        (
            {**DEBIAN, "usr/lib/sysctl.d/1.conf": "vm.swappiness = 3", "etc/sysctl.d/.2.conf": "vm.swappiness = 4"},
            "3",
            True,
        ),
    ],
)
def test_sysctl_conf_counts_where_it_is_read(
    tmp_path: Path, open_root: Callable[..., Database], files: dict[str, str], value: str, said: bool
):
    write(tmp_path, {**CONF, **{name: text for name, text in files.items() if not text.startswith("-> ")}})
    for name, text in files.items():
        if text.startswith("-> "):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).symlink_to(text[3:])
    sql = "SELECT config_value FROM system_controls"
    assert query(open_root(), sql) == [{"config_value": value}]
    assert any("/etc/sysctl.conf is not read" in note for note in notes(open_root(), sql)) is said


def test_settings_only_root_may_read_are_counted():
    def ask() -> list[str]:
        with Database() as db:
            return notes(db, "SELECT count(current_value) FROM system_controls")

    assert any("settings not readable as uid" in note for note in as_nobody(ask))


def test_modules_are_those_of_lsmod(db: Database):
    shown = [line.split() for line in tool("lsmod").splitlines()[1:]]
    if not Path("/proc/modules").exists():
        pytest.skip("this kernel has no loadable modules")
    rows = query(db, "SELECT name, size, used_by FROM kernel_modules")
    expected = {(name, int(size), ",".join(users)) for name, size, _, *users in shown}
    assert {(row["name"], row["size"], row["used_by"].replace("-", "")) for row in rows} == expected


def test_modules_of_another_kernel(tmp_path: Path, open_root: Callable[..., Database]):
    lines = (
        "nf_tables 385024 2 nft_compat,nft_chain_nat, Live 0xffffffffc0a00000\n"
        "loop 45056 0 - Live 0x0000000000000000\n"
        "broken line\n"
        "evil 4096 0 - Loading 0xffffffffc0b00000 (POE+)\n"
    )
    write(tmp_path, {"proc/modules": lines})
    rows = [tuple(row.values()) for row in query(open_root(), "SELECT * FROM kernel_modules")]
    assert rows == [
        ("nf_tables", 385024, "nft_compat,nft_chain_nat", "Live", "0xffffffffc0a00000"),
        ("loop", 45056, "-", "Live", "0x0000000000000000"),
        ("evil", 4096, "-", "Loading", "0xffffffffc0b00000"),
    ]


def test_the_kernel_is_the_one_uname_tells(db: Database):
    (row,) = query(db, "SELECT * FROM kernel_info")
    assert row["version"] == tool("uname", "-r").strip()
    words = Path("/proc/cmdline").read_text().split()
    told = [word for word in words if not word.startswith(("BOOT_IMAGE=", "root="))]
    assert row["arguments"].split() == told


def test_versions_of_kernels_are_compared_as_versions(tmp_path: Path, open_root: Callable[..., Database]):
    write(tmp_path, {"proc/sys/kernel/osrelease": "6.10.3-amd64\n", "proc/cmdline": "quiet\n"})
    assert query(open_root(), "SELECT version > '6.9' AS newer FROM kernel_info") == [{"newer": 1}]


class Segment:
    """A System V shared memory segment of this process, marked to go away with it."""

    _IPC_RMID, _IPC_SET, _SHM_LOCK = 0, 1, 11

    def __init__(self, size: int) -> None:
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.libc.shmat.restype = ctypes.c_void_p
        self.id = self.libc.shmget(0, size, 0o1640)  # IPC_CREAT | 0640
        if self.id < 0:
            pytest.skip(f"no shared memory here: {os.strerror(ctypes.get_errno())}")

    def __enter__(self) -> Segment:
        self.address = self.libc.shmat(self.id, None, 0)
        return self

    def __exit__(self, *_: object) -> None:
        self.libc.shmctl(self.id, self._IPC_RMID, None)
        self.libc.shmdt(ctypes.c_void_p(self.address))

    def doom(self) -> None:
        """Remove it, which takes effect when the last process lets it go."""
        self.libc.shmctl(self.id, self._IPC_RMID, None)


def test_shared_memory_is_that_of_ipcs(db: Database):
    with Segment(3 * mmap.PAGESIZE) as segment:
        rows = query(db, "SELECT * FROM shared_memory")
        shown = [line.split() for line in tool("ipcs", "-m").splitlines() if line.startswith("0x")]
        creators = [line.split() for line in tool("ipcs", "-m", "-p").splitlines() if line[:1].isdigit()]
        segment.doom()
        (doomed,) = query(db, "SELECT status FROM shared_memory WHERE shmid = ?", (segment.id,))
    (row,) = (row for row in rows if row["shmid"] == segment.id)
    by_id = {int(fields[1]): (fields[3], int(fields[4])) for fields in shown}
    assert (row["permissions"].lstrip("0"), row["size"]) == by_id[segment.id]
    assert row["creator_pid"] == {int(fields[0]): int(fields[2]) for fields in creators}[segment.id]
    assert (row["size"], row["permissions"], row["attached"]) == (3 * mmap.PAGESIZE, "0640", 1)
    assert (row["creator_pid"], row["pid"], row["owner_uid"]) == (os.getpid(), os.getpid(), os.geteuid())
    assert (row["dtime"], row["status"], row["locked"]) == (0, "", 0)
    assert 0 < row["ctime"] <= row["atime"]
    assert doomed == {"status": "dest"}


GLOBAL = "8be4df61-93ca-11d2-aa0d-00e098032b8c"


@pytest.mark.parametrize(("secure", "setup"), [(1, 0), (0, 1)])
def test_secure_boot(tmp_path: Path, open_root: Callable[..., Database], secure: int, setup: int):
    """Each variable of the firmware is four bytes of attributes and then its value."""
    folder = "sys/firmware/efi/efivars"
    variables = {"SecureBoot": secure, "SetupMode": setup}
    write(tmp_path, {f"{folder}/{name}-{GLOBAL}": bytes([6, 0, 0, 0, value]) for name, value in variables.items()})
    assert query(open_root(), "SELECT * FROM secureboot") == [{"secure_boot": secure, "setup_mode": setup}]


def test_a_machine_without_uefi_has_no_row_and_a_note(open_root: Callable[..., Database]):
    assert query(open_root(), "SELECT * FROM secureboot") == []
    assert any("no UEFI variables" in note for note in notes(open_root(), "SELECT * FROM secureboot"))


def test_selinux(tmp_path: Path, open_root: Callable[..., Database]):
    top = "sys/fs/selinux"
    files = {"enforce": "1", "mls": "1", "policyvers": "33", "booleans/httpd_can_network_connect": "0 1"}
    write(tmp_path, {f"{top}/{name}": value for name, value in files.items()})
    rows = query(open_root(), "SELECT scope, key, value FROM selinux_settings")
    assert {tuple(row.values()) for row in rows} == {
        ("", "enforce", "1"),
        ("", "mls", "1"),
        ("", "policyvers", "33"),
        ("booleans", "httpd_can_network_connect", "0"),
    }
