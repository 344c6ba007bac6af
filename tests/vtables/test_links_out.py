"""Every table over roots whose files and folders are links out of them: nothing of the host outside is in any row.

A whole host lies outside, with a canary in every file that a table reads; that host's own rows show that each table
would have told it. Then roots are made of links to it: of its top folders, of those below, of every file.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hostql.tests.conftest import PUBLIC_KEY, query
from hostql.tests.host import IS_ROOT
from hostql.vtables.catalog import Catalog
from hostql.vtables.database import Database
from hostql.vtables.errors import QueryError, TableUnavailable
from hostql.vtables.sources.host import Host

CATALOG = Catalog()
TABLES = [name for name in CATALOG if CATALOG.subject(name) != "meta_test"]

# The canary: a word, a number (as KiB in bytes, too), the id of a container; below, the digests of all files.
NUMBER = 77077
ID = "cafe" * 16
CANARIES = ("canary", "CANARY", str(NUMBER), str(NUMBER * 1024), ID)

# What tells of this program and this machine's kernel, whatever the root; what refuses to tell of another root.
OURS = {"hostql_columns", "hostql_history", "hostql_tables", "osquery_flags", "osquery_registry", "ulimit_info"}
LIVE = {
    *("arp_cache", "interface_addresses", "interface_details", "iptables", "listening_ports", "nftables_rules"),
    *("process_open_sockets", "routes", "sockets"),
}
# The value is one byte: that there is a row tells it.
ANY_ROW = {"secureboot"}

# Read for what they name: the homes, the control groups. Roots keep them as files, so that the rest is reached.
KEPT = {
    "etc/passwd": f"canary:x:{NUMBER}:{NUMBER}::/home/a:/bin/sh\n",
    "proc/self/mountinfo": "9 1 0:9 / /sys/fs/cgroup rw - cgroup2 canary rw\n",
}
INNOCENT = {path: text.replace("canary", "plain").replace(str(NUMBER), "1000") for path, text in KEPT.items()}


def utmp(kind: int = 7) -> bytes:
    record = struct.Struct("=hxxi32s4s32s256shhiii16s20x")
    return record.pack(kind, 1, b"pts/0", b"0", b"canary", b"", 0, 0, 0, 1_700_000_000, 0, b"")


def private_key() -> bytes:
    def field(raw: bytes) -> bytes:
        return struct.pack(">I", len(raw)) + raw

    blob = b"openssh-key-v1\0" + field(b"none") * 2 + field(b"") + struct.pack(">I", 1) + field(field(b"canary"))
    return b"-----BEGIN OPENSSH PRIVATE KEY-----\n%s\n-----END OPENSSH PRIVATE KEY-----\n" % base64.b64encode(blob)


def timezone() -> bytes:
    """A file of zoneinfo (RFC 8536) with one kind of time."""
    return b"TZif" + bytes(16) + struct.pack(">6I", 0, 0, 0, 0, 1, 7) + struct.pack(">lBB", 0, 0, 0) + b"CANARY\0"


STAT = f"42 (canary) S 1 {'0 ' * 48}"
SHM = "key shmid perms size cpid lpid nattch uid gid cuid cgid atime dtime ctime"
FILES: dict[str, str | bytes] = {
    **KEPT,
    "etc/group": f"canary:x:{NUMBER}:canary\n",
    "etc/shadow": "canary:$6$a$b:19000:0:99999:7:::\n",
    "etc/sudoers": "canary ALL=(ALL) ALL\n@includedir /etc/sudoers.d\n",
    "etc/sudoers.d/a": "canary ALL=(ALL) ALL\n",
    "etc/crontab": "* * * * * root canary\n",
    "etc/cron.d/a": "* * * * * root canary\n",
    "var/lib/dpkg/status": "Package: canary\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n\n",
    "var/lib/dpkg/info/a.list": "/usr/bin/canary\n",
    "etc/apt/sources.list": "deb http://canary/ stable main\n",
    "etc/apt/sources.list.d/a.list": "deb http://canary/ stable main\n",
    "etc/hosts": "192.0.2.7 canary\n",
    "etc/services": "canary 77/tcp\n",
    "etc/protocols": "canary 77 CANARY\n",
    "etc/resolv.conf": "nameserver 192.0.2.7\nsearch canary\n",
    "etc/ssh/ssh_config": "Host canary\n User a\n",
    "etc/os-release": "NAME=canary\n",
    "usr/lib/os-release": "NAME=canary\n",
    "etc/machine-id": "canary\n",
    "etc/hostname": "canary\n",
    "etc/localtime": timezone(),
    "etc/sysctl.conf": "kernel.a = canary\n",
    "etc/sysctl.d/a.conf": "kernel.a = canary\n",
    "etc/systemd/system/a.service": "[Unit]\nDescription=canary\n[Service]\nExecStart=/bin/true\n",
    "etc/systemd/system/a.timer": "[Unit]\nDescription=canary\n[Timer]\nOnCalendar=daily\nUnit=canary.service\n",
    "etc/xdg/autostart/a.desktop": "[Desktop Entry]\nName=canary\nExec=canary\n",
    "run/utmp": utmp(),
    "var/log/wtmp": utmp(),
    "var/log/btmp": utmp(6),
    "var/log/lastlog": struct.pack("=i32s256s", 1_700_000_000, b"pts/0", b"canary"),
    "usr/share/misc/pci.ids": "canary  canary\n",
    "usr/share/misc/usb.ids": "canary  canary\n",
    "usr/lib/node_modules/a/package.json": '{"name": "canary", "version": "1"}',
    "usr/lib/python3/dist-packages/a-1.dist-info/METADATA": "Name: canary\nVersion: 1\n",
    "bin/a": b"#!/canary\n" + bytes(NUMBER - 10),
    "home/a/.ssh/authorized_keys": f"ssh-ed25519 {PUBLIC_KEY} canary\n",
    "home/a/.ssh/known_hosts": "canary ssh-rsa AAAA\n",
    "home/a/.ssh/config": "Host canary\n User a\n",
    "home/a/.ssh/id_rsa": private_key(),
    "home/a/.bash_history": "canary\n",
    "proc/cpuinfo": "processor : 0\nmodel name : canary\n\n",
    "proc/meminfo": f"MemTotal: {NUMBER} kB\n",
    "proc/stat": f"cpu0 {NUMBER} 0 0\nbtime 1\n",
    "proc/loadavg": f"{NUMBER} 1 1 1/1 1\n",
    "proc/uptime": f"{NUMBER}.0 1\n",
    "proc/cmdline": "canary\n",
    "proc/modules": "canary 1 0 - Live 0x0\n",
    "proc/sysvipc/shm": f"{SHM}\n0 {NUMBER} 600{' 1' * 11}\n",
    "proc/pressure/cpu": f"some avg10=0.50 avg60=0.10 avg300=0.00 total={NUMBER}\n",
    "proc/sys/kernel/hostname": "canary\n",
    "proc/sys/kernel/osrelease": "canary\n",
    "proc/sys/kernel/a": "canary\n",
    "proc/sys/net/ipv6/conf/a/hop_limit": f"{NUMBER}\n",
    "proc/42/stat": STAT,
    "proc/42/comm": "canary\n",
    "proc/42/status": f"Name:\tcanary\nTgid:\t42\nUid:\t{NUMBER}\t0\t0\t0\nGid:\t0\t0\t0\t0\n",
    "proc/42/cmdline": "canary\0",
    "proc/42/environ": "A=canary\0",
    "proc/42/cgroup": f"0::/docker/{ID}\n",
    "proc/42/maps": "7f00-7f10 r-xp 00001000 fe:00 42 /canary\n",
    "proc/42/io": f"read_bytes: {NUMBER}\nwrite_bytes: 0\n",
    "proc/42/fdinfo/1": "flags: 01\n",
    "sys/class/block/a/size": f"{NUMBER}\n",
    "sys/class/block/a/dev": "8:0\n",
    "sys/class/block/a/dm/uuid": "CRYPT-canary-a\n",
    "run/udev/data/b8:0": "E:ID_FS_LABEL=canary\n",
    "sys/bus/pci/devices/a/vendor": "0xcanary\n",
    "sys/bus/usb/devices/a/idVendor": "canary\n",
    "sys/class/dmi/id/product_uuid": "canary\n",
    "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c": bytes([0, 0, 0, 0, 1]),
    "sys/fs/selinux/enforce": "canary\n",
    "sys/fs/selinux/booleans/a": "canary\n",
    "sys/fs/cgroup/cgroup.controllers": "canary\n",
    "sys/fs/cgroup/a/memory.current": f"{NUMBER}\n",
}
LINKS = {
    **{f"proc/42/{name}": "/canary" for name in ("exe", "cwd", "root", "fd/0")},
    **{f"proc/42/ns/{name}": f"{name}:[{NUMBER}]" for name in ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts")},
    "proc/42/fd/1": f"pipe:[{NUMBER}]",
}
CONTENTS = [content if isinstance(content, bytes) else content.encode() for content in FILES.values()]
DIGESTS = {hashlib.new(kind, content).hexdigest() for kind in ("md5", "sha1", "sha256") for content in CONTENTS}
NAMED = ", ".join(f"'/{path}'" for path in FILES)
ASK = dict.fromkeys(("file", "hash", "magic", "extended_attributes"), f"path IN ({NAMED})")
PATTERNS = dict.fromkeys(("file", "hash", "extended_attributes"), "path LIKE '/%%'")


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """The host outside."""
    top = tmp_path / "outside"
    for path, content in FILES.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_bytes(content if isinstance(content, bytes) else content.encode())
    for path, target in LINKS.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).symlink_to(target)
    (top / "bin/a").chmod(0o4755)
    if IS_ROOT:
        os.chown(top / "bin/a", NUMBER, NUMBER)
        (top / "bin/a").chmod(0o4755)
    with contextlib.suppress(OSError):
        os.setxattr(top / "bin/a", "user.a", b"canary")
    return top


def told(host: Host, ask: dict[str, str]) -> dict[str, tuple[list[tuple[Any, ...]], str]]:
    """{table: (its rows, its notes and errors)}"""
    answers: dict[str, tuple[list[tuple[Any, ...]], str]] = {}
    with Database(host=host) as database:
        for name in TABLES:
            try:
                result = database.execute(f"SELECT * FROM {name}" + (f" WHERE {ask[name]}" if name in ask else ""))
                rows = list(result)
                answers[name] = (rows, " ".join(result.notes))
            except (QueryError, TableUnavailable) as error:
                answers[name] = ([], error.message)
        functions = [tuple(row.values()) for row in query(database, f"SELECT user({NUMBER + 1}), container_of(42)")]
    answers["functions"] = (functions, "")
    return answers


def sung(answers: dict[str, tuple[list[tuple[Any, ...]], str]]) -> dict[str, list[Any]]:
    """{table: values with a canary in them}, of the tables that have some."""
    found = {
        name: [value for row in [*rows, (notes,)] for value in row if name in ANY_ROW or is_canary(value)]
        for name, (rows, notes) in answers.items()
        if name not in OURS and (rows or name not in ANY_ROW)
    }
    return {name: values for name, values in found.items() if values}


def is_canary(value: object) -> bool:
    text = str(value)
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            text += base64.b64decode(value, validate=True).decode("ascii", "replace")
    return value in DIGESTS or any(canary in text for canary in CANARIES)


def linked(outside: Path, root: Path, depth: int, target: Callable[[Path, Path], str]) -> Path:
    """A root of real folders down to a depth, below of links to those outside; files are links at any depth."""
    for folder, folders, files in os.walk(outside):
        here = Path(folder).relative_to(outside)
        (root / here).mkdir(exist_ok=True)
        for name in list(folders):
            path = here / name
            if len(path.parts) >= depth and not any(str(path) in kept[: len(str(path))] for kept in KEPT):
                (root / path).symlink_to(target(outside / path, root / path))
                folders.remove(name)
        for name in [*files, *(each for each in folders if (outside / here / each).is_symlink())]:
            (root / here / name).symlink_to(target(outside / here / name, root / here / name))
    for path, text in INNOCENT.items():
        (root / path).unlink()
        (root / path).write_text(text)
    return root


def absolute(aim: Path, link: Path) -> str:
    return str(aim)


def climbing(aim: Path, link: Path) -> str:
    return "../" * 40 + str(aim).lstrip("/")


def relative(aim: Path, link: Path) -> str:
    return os.path.relpath(aim, link.parent)


def test_each_table_would_tell(outside: Path) -> None:
    """Over the host outside itself every table has a canary: a new one is in need of its files here."""
    answers = told(Host(str(outside)), ASK)
    cannot = {"suid_bin"} if not IS_ROOT else set()
    if not os.listxattr(outside / "bin/a"):
        cannot.add("extended_attributes")
    if "libmagic" in answers["magic"][1]:
        cannot.add("magic")
    assert {*TABLES, "functions"} - set(sung(answers)) - OURS - LIVE - cannot == set()


@pytest.mark.parametrize("target", [absolute, climbing, relative])
@pytest.mark.parametrize(
    "depth, by_kernel", [(1, True), (2, True), (3, True), (99, True), (1, False), (99, False)], ids=str
)
def test_nothing_from_outside(
    outside: Path, tmp_path: Path, depth: int, target: Callable[[Path, Path], str], by_kernel: bool
) -> None:
    root = linked(outside, tmp_path / "root", depth, target)
    host = Host(str(root))
    for _, tree in host._trees:
        tree.by_kernel = tree.by_kernel and by_kernel
    assert not sung(told(host, ASK))
    assert not sung(told(host, PATTERNS))


def test_absolute_links_lead_within_the_root(outside: Path, tmp_path: Path) -> None:
    """Where the root has what its links name, every table answers as if it stood there itself."""
    root = linked(outside, tmp_path / "root", 1, absolute)
    shutil.copytree(outside, root / str(outside).lstrip("/"), symlinks=True)
    for path in KEPT:
        shutil.copyfile(outside / path, root / path)
    there, through = told(Host(str(outside)), ASK), told(Host(str(root)), ASK)
    for name in ("file", "extended_attributes", "osquery_info", "time", "suid_bin", "system_info"):
        # Inodes and moments differ, owners and attributes are not copied.
        assert bool(through.pop(name)[0]) == bool(there.pop(name)[0]) or name == "extended_attributes", name
    for name in LIVE:
        assert not through.pop(name)[0] and not there.pop(name)[0]
    assert through == there
