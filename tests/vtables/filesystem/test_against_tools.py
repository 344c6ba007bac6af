"""File systems, disks and files as the host's own tools tell them."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hostql.tests.conftest import as_nobody, needs_libmagic, notes, query
from hostql.tests.host import IS_ROOT, PATIENCE
from hostql.vtables.database import Database


def output(*command: str, check: bool = True) -> str:
    """What the program prints, in C's locale; skips where it is not installed."""
    if not shutil.which(command[0]):
        pytest.skip(f"needs {command[0]}")
    done = subprocess.run(command, capture_output=True, check=False, env={**os.environ, "LC_ALL": "C"})
    assert done.returncode == 0 or not check, done.stderr
    return done.stdout.decode("utf-8", "backslashreplace")


def unchanged(db: Database, sql: str, *command: str) -> tuple[list[dict[str, Any]], str]:
    """Rows, and what a program printed both before and after: other programs mount and attach devices meanwhile."""
    end = time.monotonic() + PATIENCE
    printed = output(*command)
    while True:
        rows, before, printed = query(db, sql), printed, output(*command)
        if printed == before:
            return rows, printed
        assert time.monotonic() < end


@pytest.fixture
def odd_files(tmp_path: Path) -> Path:
    """Files of every kind, with odd modes, links and holes."""
    (tmp_path / "plain").write_text("text\n")
    (tmp_path / "plain").chmod(0o4751)
    os.link(tmp_path / "plain", tmp_path / "second")
    (tmp_path / "folder").mkdir(mode=0o1777)
    (tmp_path / "link").symlink_to("plain")
    (tmp_path / "nowhere").symlink_to("gone")
    os.mkfifo(tmp_path / "fifo")
    with (tmp_path / "hole").open("wb") as file:
        file.truncate(5 << 30)
    os.utime(tmp_path / "hole", (1, -5))
    return tmp_path


# Each column of `file` and the same of stat(1); a link shows what it leads to.
STAT = {
    "path": "%n",
    "inode": "%i",
    "uid": "%u",
    "gid": "%g",
    "size": "%s",
    "block_size": "%o",
    "atime": "%X",
    "mtime": "%Y",
    "ctime": "%Z",
    "btime": "%W",
    "hard_links": "%h",
    "mode": "%a",
    "type": "%F",
}
TYPES = {
    "regular file": "regular",
    "regular empty file": "regular",
    "character special file": "character",
    "block special file": "block",
    "symbolic link": "symlink",
}


def test_file_has_the_values_of_stat(db: Database, odd_files: Path) -> None:
    found = [str(path) for path in odd_files.iterdir() if path.name != "nowhere"]
    found += ["/dev/null", "/etc/passwd", "/bin", "/", "/proc/1/status", "/sys/kernel"]
    shown = {}
    for line in output("stat", "-L", "--printf", "|".join(STAT.values()) + "\\n", *found).splitlines():
        values = dict(zip(STAT, line.split("|")))
        shown[values["path"]] = {
            **values,
            "mode": values["mode"].zfill(4),
            "type": TYPES.get(values["type"], values["type"]),
            "btime": values["btime"].replace("-", "0"),
        }
    marks = ",".join("?" * len(found))
    rows = query(db, f"SELECT {','.join(STAT)} FROM file WHERE path IN ({marks})", found)
    ours = {
        row["path"]: {key: str(value or 0 if key == "btime" else value) for key, value in row.items()} for row in rows
    }
    assert len(ours) == len(found)
    for path, values in shown.items():
        if path.startswith("/proc"):
            # The times of a file of /proc are those of being looked at.
            values.update({key: ours[path][key] for key in ("atime", "mtime", "ctime")})
        assert ours[path] == values


def test_a_dangling_link_has_the_values_of_lstat(db: Database, odd_files: Path) -> None:
    (row,) = query(
        db, "SELECT inode, size, symlink_target_path, type FROM file WHERE path = ?", (f"{odd_files}/nowhere",)
    )
    inode, size, target = output("stat", "--printf", "%i|%s|%N", f"{odd_files}/nowhere").split("|")
    assert (row["inode"], row["size"]) == (int(inode), int(size))
    assert target.endswith(f"'{row['symlink_target_path']}'")
    assert row["type"] == "symlink"


@pytest.mark.parametrize("top", ["/etc", "/usr/share/doc"])
def test_everything_below_is_what_find_finds(db: Database, top: str) -> None:
    # An ordinary user's find(1) fails where a folder may not be read, after all else has been printed.
    found = output("find", top, "-mindepth", "1", "-printf", "%p\\0", check=IS_ROOT).split("\0")
    rows = query(db, f"SELECT path FROM file WHERE path LIKE '{top}/%%'")
    assert sorted(row["path"] for row in rows) == sorted(found[:-1])


def test_device_numbers_are_those_of_stat(db: Database) -> None:
    (row,) = query(db, "SELECT device FROM file WHERE path = '/dev/null'")
    major, minor = output("stat", "--printf", "%t %T", "/dev/null").split()
    assert row["device"] == os.makedev(int(major, 16), int(minor, 16))


@pytest.mark.parametrize("kind", ["md5", "sha1", "sha256"])
def test_digests_are_those_of_the_sum_tools(db: Database, kind: str) -> None:
    rows = query(db, f"SELECT path, {kind} AS digest FROM hash WHERE path LIKE '/etc/%' OR path = '/bin/sh'")
    # A link to the mounts, which change.
    rows = [row for row in rows if row["path"] != "/etc/mtab"]
    paths = [row["path"] for row in rows]
    assert len(paths) > 10
    # What an ordinary user may not read has no digest, and no line.
    lines = output(kind + "sum", "--", *paths, check=IS_ROOT).splitlines()
    digests = {row["path"]: row["digest"] for row in rows if row["digest"] is not None}
    assert digests == {line.split(None, 1)[1]: line.split()[0] for line in lines}


@pytest.fixture
def attributes(tmp_path: Path) -> Path:
    """A file with a text, a binary, an empty attribute; skips where the file system has none."""
    file = tmp_path / "file"
    file.write_text("")
    try:
        os.setxattr(file, "user.text", "grün".encode())
        os.setxattr(file, "user.binary", bytes(range(256)))
        os.setxattr(file, "user.empty", b"")
    except OSError as error:
        pytest.skip(f"no extended attributes here: {error.strerror}")
    return file


def test_attributes_are_those_of_getfattr(db: Database, attributes: Path) -> None:
    printed = output("getfattr", "--dump", "--absolute-names", "--match=-", "--encoding=base64", str(attributes))
    lines = [line.partition("=") for line in printed.splitlines() if "=" in line and not line.startswith("#")]
    theirs = {
        key: value[2:] if value.startswith("0s") else base64.b64encode(value.strip('"').encode()).decode()
        for key, _, value in lines
    }
    rows = query(db, "SELECT key, value, base64, meaning FROM extended_attributes WHERE path = ?", (str(attributes),))
    assert {row["key"]: row["value"] for row in rows} == theirs
    assert {row["base64"] for row in rows} == {1}
    assert {row["key"]: row["meaning"] for row in rows} == {"user.text": "grün", "user.binary": "", "user.empty": ""}
    inside = query(db, "SELECT path FROM extended_attributes WHERE directory = ?", (str(attributes.parent),))
    assert len(inside) == 3


@pytest.mark.parametrize("given", ["cap_net_raw=ep", "cap_net_admin,cap_net_raw=eip", "cap_bpf,cap_perfmon=p"])
def test_capabilities_are_those_of_getcap(db: Database, tmp_path: Path, given: str) -> None:
    if not IS_ROOT:
        pytest.skip("needs root, to give a file capabilities")
    program = tmp_path / "program"
    program.write_text("")
    output("setcap", given, str(program))
    (row,) = query(db, "SELECT key, meaning FROM extended_attributes WHERE path = ?", (str(program),))
    assert row["key"] == "security.capability"
    assert f"{program} {row['meaning']}" == output("getcap", str(program)).strip()


def test_access_lists_are_those_of_getfacl(db: Database, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    output("setfacl", "-m", "u:1:r,g:2:rwx,m:rx,d:u:3:w", str(folder))
    rows = query(db, "SELECT key, meaning FROM extended_attributes WHERE path = ?", (str(folder),))
    printed = output("getfacl", "--numeric", "--omit-header", "--absolute-names", "--no-effective", str(folder)).split()
    own = [line for line in printed if not line.startswith("default:")]
    default = [line[len("default:") :] for line in printed if line.startswith("default:")]
    assert {row["key"]: row["meaning"].split(",") for row in rows} == {
        "system.posix_acl_access": own,
        "system.posix_acl_default": default,
    }


def test_kinds_of_content_are_those_of_file(db: Database, tmp_path: Path) -> None:
    (tmp_path / "script").write_text("#!/bin/sh\necho\n")
    (tmp_path / "latin").write_bytes("Gr\u00fc\u00dfe\n".encode("latin-1"))
    (tmp_path / "link").symlink_to("/bin/sh")
    paths = [str(path) for path in tmp_path.iterdir()] + ["/bin/sh", "/etc/passwd"]
    needs_libmagic()
    for path in paths:
        (row,) = query(db, "SELECT data, mime_type, mime_encoding FROM magic WHERE path = ?", (path,))
        assert row["data"] == output("file", "--brief", "--dereference", path).strip()
        both = output("file", "--brief", "--dereference", "--mime", path).strip()
        assert both == f"{row['mime_type']}; charset={row['mime_encoding']}"


def test_mounts_are_those_of_findmnt(db: Database, a_mount: Path) -> None:
    command = "findmnt --json --list --nofsroot -o TARGET,SOURCE,FSTYPE,OPTIONS".split()
    rows, printed = unchanged(db, "SELECT path, device, type, flags FROM mounts", *command)
    theirs = [tuple(each.values()) for each in json.loads(printed)["filesystems"]]
    assert sorted(tuple(row.values()) for row in rows) == sorted(theirs)
    assert any(row["path"] == str(a_mount) for row in rows)


def test_sizes_of_mounts_are_those_of_stat(db: Database, a_mount: Path) -> None:
    columns = "blocks_size, blocks, blocks_free, blocks_available, inodes, inodes_free"
    (row,) = query(db, f"SELECT {columns} FROM mounts WHERE path = ?", (str(a_mount),))
    assert list(row.values()) == [
        *map(int, output("stat", "-f", "--printf", "%S %b %f %a %c %d", str(a_mount)).split())
    ]


@pytest.fixture
def a_mount(tmp_path: Path) -> Iterator[Path]:
    """A tmpfs with odd names and options, where mounting is allowed; else /proc, which chroots show, too."""
    place = tmp_path / "a b"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "ro,nosuid,size=1m,nr_inodes=50", "odd name", str(place)]
    if not IS_ROOT or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        yield Path("/proc")
        return
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.fixture
def a_disk(tmp_path: Path) -> Iterator[str]:
    """A loop device with an ext4 file system."""
    if not IS_ROOT:
        pytest.skip("needs root, for a loop device")
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(8 << 20)
    output("mkfs.ext4", "-q", "-L", "a label", str(image))
    made = subprocess.run(["losetup", "--find", "--show", str(image)], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        pytest.skip(f"no loop device to be had: {made.stderr.strip()}")
    yield made.stdout.strip()
    subprocess.run(["losetup", "--detach", made.stdout.strip()], check=True)


def test_block_devices_are_those_of_lsblk(db: Database) -> None:
    command = "lsblk --json --bytes --all --list -o PATH,SIZE,LOG-SEC,VENDOR,MODEL,SERIAL,TYPE,PKNAME".split()
    found, printed = unchanged(db, "SELECT * FROM block_devices", *command)
    rows = {row["name"]: row for row in found}
    devices = {each["path"]: each for each in json.loads(printed)["blockdevices"]}
    if not devices:
        pytest.skip("no block devices here")
    assert set(rows) == set(devices)
    for path, each in devices.items():
        row = rows[path]
        assert (row["size"] * 512, row["block_size"]) == (int(each["size"]), each["log-sec"])
        for name in ("vendor", "model", "serial"):
            assert row[name] == (each[name] or "").strip() or not each[name]
        assert row["parent"] == (f"/dev/{each['pkname']}" if each["type"] == "part" else "")


def test_a_file_system_is_what_blkid_tells(db: Database, a_disk: str) -> None:
    (row,) = query(db, "SELECT uuid, type, label, size FROM block_devices WHERE name = ?", (a_disk,))
    values = [output("blkid", "-p", "-o", "value", "-s", name, a_disk).strip() for name in ("UUID", "TYPE", "LABEL")]
    assert [*row.values()] == [*values, (8 << 20) // 512]
    assert row["label"] == "a label"


def test_a_device_that_may_not_be_opened_is_noted(a_disk: str) -> None:
    def ask() -> tuple[list[str], list[str]]:
        with Database() as database:
            sql = "SELECT name, size{} FROM block_devices WHERE name = ?"
            return notes(database, sql.format(""), (a_disk,)), notes(database, sql.format(", uuid"), (a_disk,))

    without, with_uuid = as_nobody(ask)
    assert without == []
    assert "1 of 1 devices not readable" in with_uuid[0]


def test_setuid_programs_are_those_of_find(db: Database) -> None:
    # Not /tmp, where other tests make such files at the same time.
    rows = query(db, "SELECT path, username, groupname, permissions FROM suid_bin WHERE path LIKE '/usr/%'")
    places = ("/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/lib", "/usr/libexec")
    folders = [each for each in places if os.path.isdir(each)]
    printed = output(
        "find", *folders, "-xdev", "-type", "f", "-perm", "/6000", "-printf", "%p|%u|%g|%m\\n", check=False
    )
    theirs = set()
    for line in printed.splitlines():
        path, user, group, mode = line.split("|")
        theirs.add((path, user, group, {"4": "S", "2": "G", "6": "SG"}[mode[0]]))
    assert {tuple(row.values()) for row in rows} == theirs
    assert theirs


def test_a_program_with_both_bits(db: Database, open_root: Callable[..., Database], tmp_path: Path) -> None:
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "bin").symlink_to("usr/bin")
    program = tmp_path / "usr/bin/both"
    program.write_text("")
    program.chmod(0o6755)
    (tmp_path / "sbin").mkdir()
    result = open_root().execute("SELECT path, permissions FROM suid_bin")
    rows = [dict(zip(result.columns, row)) for row in result]
    # A folder with nothing in it hides nothing.
    assert not [note for note in result.notes if "nothing matches" in note]
    assert rows == [{"path": "/bin/both", "permissions": "SG"}, {"path": "/usr/bin/both", "permissions": "SG"}]


def test_encryption_of_mapped_devices(open_root: Callable[..., Database], tmp_path: Path) -> None:
    """As the kernel tells it: sda1 on sda, LUKS on it (dm-0), a volume in that (dm-1), a plain one (dm-2)."""
    block = tmp_path / "sys/class/block"
    for name in ("sda", "sda1", "dm-0", "dm-1", "dm-2"):
        (block / name / "slaves").mkdir(parents=True)
    uuids = {
        "dm-0": "CRYPT-LUKS2-3f7b1c2d4e5f60718293a4b5c6d7e8f9-cryptroot",
        "dm-1": "LVM-abcdef",
        "dm-2": "CRYPT-PLAIN-swap",
    }
    for name, uuid in uuids.items():
        (block / name / "dm").mkdir()
        (block / name / "dm/uuid").write_text(uuid + "\n")
    (block / "dm-0/slaves/sda1").mkdir()
    (block / "dm-1/slaves/dm-0").mkdir()
    rows = query(open_root(), "SELECT name, uuid, encrypted, type, encryption_status FROM disk_encryption")
    uuid = "3f7b1c2d-4e5f-6071-8293-a4b5c6d7e8f9"
    assert {row["name"]: (row["uuid"], row["encrypted"], row["type"]) for row in rows} == {
        "/dev/dm-0": (uuid, 1, "LUKS2"),
        "/dev/dm-1": (uuid, 1, "LUKS2"),
        "/dev/dm-2": ("", 1, "PLAIN"),
        "/dev/sda": ("", 0, ""),
        "/dev/sda1": ("", 0, ""),
    }
    assert {row["encryption_status"] for row in rows} == {"encrypted", "not encrypted"}
