"""Every table over hosts that somebody has filled with traps: no hang, no fault of a table, bounded memory, notes.

A root is planted whole with one kind of trap in every place that tables read, and every table is asked for all rows.
"""

from __future__ import annotations

import io
import os
import resource
import shutil
import socket
import stat
import subprocess
import tempfile
import threading
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hostql.shell.formats import NAMES, write
from hostql.shell.messages import write_notes
from hostql.tests.conftest import as_nobody
from hostql.tests.host import IS_ROOT
from hostql.vtables.catalog import Catalog
from hostql.vtables.database import Database
from hostql.vtables.errors import QueryError, TableUnavailable
from hostql.vtables.sources.host import Host

CATALOG = Catalog()
TABLES = [name for name in CATALOG if CATALOG.subject(name) != "meta_test"]

# Where tables read; a trap is planted in each place.
FILES = """
etc/passwd etc/group etc/shadow etc/sudoers etc/sudoers.d/ann etc/crontab etc/cron.d/job var/spool/cron/ann
var/spool/cron/crontabs/ann var/lib/dpkg/status var/lib/dpkg/info/bash.list etc/apt/sources.list
etc/apt/sources.list.d/a.list etc/apt/sources.list.d/a.sources etc/hosts etc/services etc/protocols etc/resolv.conf
etc/ssh/ssh_config etc/os-release usr/lib/os-release etc/machine-id etc/sysctl.conf etc/sysctl.d/10.conf
etc/systemd/system/a.service etc/systemd/system/b.timer etc/systemd/system/c.wants/a.service etc/init.d/a etc/rc2.d/S01a
etc/xdg/autostart/a.desktop run/utmp var/log/wtmp usr/share/misc/pci.ids usr/share/misc/usb.ids run/udev/data/b8:0
usr/lib/node_modules/a/package.json usr/lib/node_modules/@a/b/package.json bin/su tmp/x
usr/lib/python3/dist-packages/a-1.dist-info/METADATA usr/lib/python3/dist-packages/b-1.egg-info
var/lib/wtmpdb/wtmp.db var/lib/wtmpdb/wtmp_20260301.db var/lib/lastlog/lastlog2.db var/log/lastlog var/log/btmp
var/log/btmp.1 var/log/auth.log var/log/secure var/log/auth.log.2.gz var/log/journal/a/system.journal
run/log/journal/a/system.journal run/systemd/sessions/1 etc/userdb/ann.user etc/userdb/ann.user-privileged
etc/userdb/ann.group etc/userdb/ann:adm.membership etc/localtime etc/hostname var/lib/dpkg/updates/0000
""".split()
HOME_FILES = """
.ssh/authorized_keys .ssh/authorized_keys2 .ssh/known_hosts .ssh/config .ssh/id_rsa .bash_history .zsh_history
.config/autostart/a.desktop .local/lib/python3.11/site-packages/a-1.dist-info/METADATA
""".split()
KERNEL = """
proc/cpuinfo proc/meminfo proc/stat proc/loadavg proc/uptime proc/cmdline proc/modules proc/self/mountinfo
proc/sysvipc/shm proc/pressure/cpu proc/pressure/io proc/sys/kernel/hostname proc/sys/kernel/osrelease
proc/sys/net/ipv6/conf/eth0/hop_limit proc/42/stat proc/42/status proc/42/cmdline proc/42/environ proc/42/cgroup
proc/42/maps proc/42/io proc/42/fd/0 proc/42/fd/junk proc/42/fdinfo/0 proc/42/ns/net proc/42/exe
proc/42/ns/mnt sys/class/block/sda/size sys/class/block/sda/dev sys/class/block/sda/dm/uuid
sys/bus/pci/devices/0000:00:00.0/vendor sys/bus/usb/devices/usb1/idVendor sys/class/dmi/id/product_uuid
sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c sys/fs/selinux/enforce
sys/fs/selinux/booleans/a sys/fs/cgroup/cgroup.procs
""".split()
PASSWD = b"root:x:0:0:root:/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/bash\n"
ON_DISK = [*FILES, *(f"{home}/{name}" for home in ("root", "home/ann") for name in HOME_FILES)]
EVERYWHERE = [*ON_DISK, *KERNEL]

# A full scan that needs a constraint is asked with this one.
ASK = {
    "file": "path LIKE '/%%'",
    "hash": "path LIKE '/%%'",
    "magic": "path IN ('/etc/passwd', '/etc/group', '/bin/su')",
    "extended_attributes": "path LIKE '/%%'",
}

# What a process may grow by while it reads one root of traps.
MEMORY = 1 << 30
GARBAGE = (
    bytes(range(256)) * 3 + b"\n" + b":" * 50 + b"\n" + b"9" * 5000 + b" " + b"9" * 30 + b"\n\xc2\xb2 \xc2\xb2/x\n"
)
# Names for the folders that tables list, each with an ending it may need; a private key, so that it is shown.
NASTY = (b"a\nb", b"\x1b]0;owned\x07", b"caf\xe9", b"\xe2\x80\xaegpj.exe", b"\xc2\x9b31m", b"-rf", b"x" * 200)
ENDINGS = {
    "etc/sudoers.d": b"",
    "etc/cron.d": b"",
    "etc/apt/sources.list.d": b".list",
    "etc/sysctl.d": b".conf",
    "etc/systemd/system": b".service",
    "etc/init.d": b"",
    "etc/xdg/autostart": b".desktop",
    "var/lib/dpkg/info": b".list",
    "usr/lib/node_modules": b"",
    "usr/lib/python3/dist-packages": b".egg-info",
    "home/ann/.ssh": b"",
    "bin": b"",
    "sys/class/block": b"",
    "sys/bus/pci/devices": b"",
    "sys/bus/usb/devices": b"",
    "sys/fs/selinux/booleans": b"",
    "proc/sys/net/ipv6/conf": b"",
    "proc": b"",
    "proc/42/fd": b"",
}
# Text that drives a terminal, in every form that some file allows it.
TEXT = (
    "127.0.0.1 \x1b[31m\u202e\nssh 22/tcp \x1b[2J\nnameserver \x1b]0;x\x07\nroot ALL=\x1b[31mALL\u2066\n"
    "* * * * * \x1b[31m\u202e \x9b\n[Unit]\nDescription=\x1b[31m\u202e\n[Desktop Entry]\nName=\x1b[31m\u202e\n"
    "Package: \x1b[31m\u202e\nName: \x1b[31m\u202e\nNAME='\x1b[31m\u202e'\nssh-rsa \x1b[31m \u202e\r\n"
    "deb http://\x1b[31m \u202e\na.b=\x1b[31m\u202e\nann:\x1b:0:0:\x1b[31m\u202e:/:/\nann:\x1b:5:\u202e\nx:1:::::::\n"
).encode()


def plant(root: Path, trap: Callable[[Path], None], passwd: bool = True, places: Iterable[str] = EVERYWHERE) -> None:
    """Set a trap in every place; with a passwd file that leads to the homes, unless that is a trap too."""
    for name in places:
        path = root / name
        if not path.parent.exists():
            path.parent.mkdir(parents=True)
        if path.parent.is_dir():
            trap(path)
    if passwd:
        if (root / "etc/passwd").is_dir():
            (root / "etc/passwd").rmdir()
        else:
            (root / "etc/passwd").unlink()
        (root / "etc/passwd").write_bytes(PASSWD)


def device(path: Path) -> None:
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("device nodes cannot be made here")


def dangling(path: Path) -> None:
    path.symlink_to("nowhere/at/all")


def loop(path: Path) -> None:
    path.symlink_to(path.name)


def garbage(path: Path) -> None:
    path.write_bytes(GARBAGE)


def sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, 1 << 33)


def terminal_text(path: Path) -> None:
    path.write_bytes(TEXT)


def nasty_names(root: Path) -> None:
    """Files with nasty names in every folder that a table lists, with text that drives a terminal in each."""
    plant(root, terminal_text)
    for folder, ending in ENDINGS.items():
        for name in NASTY:
            path = os.fsencode(root / folder) + b"/" + name + ending
            if folder.startswith(("sys", "proc", "usr/lib/node")):
                os.makedirs(path)
                continue
            with open(path, "wb") as file:
                file.write(b"-----BEGIN RSA PRIVATE KEY-----\n" if folder.endswith(".ssh") else TEXT)
            os.chmod(path, 0o4755)


def answers(
    host: Host, ask: dict[str, str] = ASK, tables: Iterable[str] = TABLES
) -> Iterator[tuple[str, tuple[str, ...], list[tuple[Any, ...]], list[str]]]:
    """(table, columns, rows, notes) of a full scan of every table; a table may say that it has no answer."""
    with Database(host=host) as database:
        for name in tables:
            where = f" WHERE {ask[name]}" if name in ask else ""
            try:
                result = database.execute(f"SELECT * FROM {name}{where}")
                yield name, result.columns, list(result), list(result.notes)
            except TableUnavailable as error:
                yield name, (), [], [error.message]
            except QueryError as error:
                # An error that names the file; a fault of the table has other words.
                assert "could not be read" in error.message and "/proc" in error.message, (name, error.message)
                yield name, (), [], [error.message]


@pytest.fixture
def bounded_memory() -> Iterator[None]:
    """Allocations that go beyond the bound fail, and the table with them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    with open("/proc/self/statm", encoding="ascii") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, hard))
    yield
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@pytest.mark.parametrize("passwd", [True, False], ids=["homes", "no-homes"])
@pytest.mark.parametrize(
    "trap, says",
    [
        (os.mkfifo, "it is a FIFO"),
        (device, "it is a device"),
        (os.mkdir, "Is a directory"),
        (dangling, "there is no /etc/hosts"),
        (loop, "Too many levels of symbolic links"),
        (garbage, "makes no sense"),
    ],
)
def test_traps_in_place_of_every_file(
    tmp_path: Path, bounded_memory: None, trap: Callable[[Path], None], says: str, passwd: bool
) -> None:
    plant(tmp_path, trap, passwd, ON_DISK if trap is device else EVERYWHERE)
    ask = {**ASK, "hash": "path LIKE '/etc/%'"}
    noted = {name: " ".join(notes) for name, _, _, notes in answers(Host(str(tmp_path)), ask)}
    for name in ("etc_hosts", "etc_services", "dns_resolvers", "deb_packages", "shadow", "groups"):
        assert says.replace("/etc/hosts", "/") in noted[name], (name, noted[name])
    homes = ["known_hosts", "authorized_keys", "ssh_configs"]
    for name in homes if passwd else [*homes, "users"]:
        assert noted[name], name


@pytest.mark.slow
def test_huge_files_in_place_of_every_file(tmp_path: Path, bounded_memory: None) -> None:
    # A process can make its own environment look like this.
    plant(tmp_path, sparse, places=[*ON_DISK, "proc/42/environ", "proc/42/cmdline"])
    (tmp_path / "proc/42/stat").write_text("42 (x) S " + "0 " * 50)
    ask = {**ASK, "hash": "path = '/etc/none'"}
    noted = {name: " ".join(notes) for name, _, _, notes in answers(Host(str(tmp_path)), ask)}
    for name in ("etc_hosts", "crontab", "deb_packages", "shadow", "groups", "last", "known_hosts", "shell_history"):
        assert "is too large: only its first" in noted[name], (name, noted[name])


def test_nothing_of_a_hostile_host_reaches_a_terminal_raw(tmp_path: Path) -> None:
    """Every table in every format, and its notes; comma-separated values are whole in a pipe alone."""
    nasty_names(tmp_path)
    shown = 0
    for name, columns, rows, notes in answers(Host(str(tmp_path))):
        for format in NAMES:
            out = io.StringIO()
            if format == "csv":
                out.isatty = lambda: True  # type: ignore[method-assign]
            write(format, columns, rows, out)
            assert not raw_characters(out.getvalue()), (name, format)
        out = io.StringIO()
        write_notes(notes, out)
        assert not raw_characters(out.getvalue()), (name, notes)
        shown += any("\x1b" in value for row in rows for value in row if isinstance(value, str))
    assert shown > 20


def raw_characters(text: str) -> set[str]:
    """Characters that a terminal obeys or that hide or turn the text around them; newline and tab part fields."""
    return {c for c in set(text) - {"\n", "\t"} if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")}


@pytest.mark.skipif(not IS_ROOT, reason="needs root, to become an ordinary user")
def test_folders_that_may_not_be_read() -> None:
    root = tempfile.mkdtemp()
    try:
        os.chmod(root, 0o755)
        plant(Path(root), garbage)
        for folder, _, files in os.walk(root, topdown=False):
            for file in files:
                os.chmod(f"{folder}/{file}", 0o644 if file == "passwd" else 0)
            if not folder.endswith(("/etc", "/home", "/proc", "/sys", "/var", "/usr", "/lib")) and folder != root:
                os.chmod(folder, 0)

        def answer() -> dict[str, str]:
            return {name: " ".join(notes) for name, _, _, notes in answers(Host(root))}

        noted = as_nobody(answer)
    finally:
        shutil.rmtree(root)
    for name in ("crontab", "etc_hosts", "shadow", "known_hosts", "user_ssh_keys", "apt_sources", "sudoers"):
        assert "not readable as uid 65534" in noted[name], (name, noted[name])
    for name in ("systemd_units", "npm_packages", "python_packages", "startup_items", "file", "deb_package_files"):
        assert "not readable as uid 65534" in noted[name], (name, noted[name])


def test_files_that_grow_while_they_are_read(tmp_path: Path) -> None:
    plant(tmp_path, terminal_text)
    stop = threading.Event()

    def grow() -> None:
        files = [open(tmp_path / name, "ab") for name in EVERYWHERE if name != "etc/passwd"]
        while not stop.wait(0.001):
            for file in files:
                file.write(TEXT)
                file.flush()
        for file in files:
            file.close()

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        rows = {name: len(rows) for name, _, rows, _ in answers(Host(str(tmp_path)))}
    finally:
        stop.set()
        writer.join()
    assert rows["etc_hosts"] and rows["hash"] and rows["groups"] and rows["deb_package_files"]


def test_a_process_that_ends_while_its_row_is_read() -> None:
    """The child ends between two columns of its row: the later ones are NULL, nothing fails."""
    pipe = subprocess.PIPE
    with Database() as database, subprocess.Popen(["cat"], stdin=pipe, stdout=pipe, bufsize=0) as child:
        assert child.stdin is not None and child.stdout is not None
        child.stdin.write(b"up\n")
        assert child.stdout.readline() == b"up\n"

        def end(pid: int) -> int:
            child.kill()
            child.wait()
            return pid

        database.connection.create_scalar_function("end", end, 1)
        columns = "name, end(pid), cmdline, path, cwd, uid, cgroup_path, disk_bytes_read, name"
        result = database.execute(f"SELECT {columns} FROM processes WHERE pid = ?", (child.pid,))
        rows = list(result)
    name, pid, *late, again = rows[0]
    assert (len(rows), name, pid, again) == (1, "cat", child.pid, "cat")
    assert late == [None] * 6
    assert not list(result.notes)


@pytest.mark.parametrize("table", [name for name in TABLES if name.startswith("process")])
def test_processes_that_end_while_the_table_is_read(table: str) -> None:
    children = [subprocess.Popen(["sleep", "600"], stdout=subprocess.PIPE) for _ in range(5)]
    # So that each table has a row on a host where nothing else holds a socket.
    ours, theirs = socket.socketpair()
    try:
        with ours, theirs, Database() as database:
            rows = iter(database.execute(f"SELECT * FROM {table}"))
            next(rows)
            for child in children:
                child.kill()
                child.wait()
            list(rows)
    finally:
        for child in children:
            child.kill()
            child.communicate()


def test_a_thousand_traps_are_not_a_thousand_notes(tmp_path: Path) -> None:
    (tmp_path / "etc/cron.d").mkdir(parents=True)
    for number in range(1000):
        os.mkfifo(tmp_path / f"etc/cron.d/{number}")
    ((_, _, _, notes),) = answers(Host(str(tmp_path)), tables=["crontab"])
    assert len(notes) == 201
    assert notes[-1] == "crontab: there are more notes than are shown (800 times)"


def test_sudoers_that_include_themselves_end(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/sudoers").write_text("@include sudoers\n@include a\n" * 10 + "@includedir /etc\n")
    (tmp_path / "etc/a").write_text("@include sudoers\n@include b\n" * 10)
    (tmp_path / "etc/b").write_text("@include a\nroot ALL=(ALL) ALL\n")
    ((_, _, rows, notes),) = answers(Host(str(tmp_path)), tables=["sudoers"])
    assert len(rows) == 21 + 20 + 2
    assert notes == ["sudoers: a file that is included again, or too deeply, is not followed (3 times)"]


def test_a_home_outside_of_the_host_is_not_looked_into(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text(f"eve:x:5:5::../{'x' * 300}:/bin/sh\nann:x:6:6::relative:/bin/sh\n")
    (tmp_path.parent / (tmp_path.name + "relative")).mkdir()
    (tmp_path.parent / (tmp_path.name + "relative/.bash_history")).write_text("secret\n")
    for _, _, rows, notes in answers(Host(str(tmp_path)), tables=["shell_history", "user_ssh_keys", "startup_items"]):
        assert not rows and not notes
