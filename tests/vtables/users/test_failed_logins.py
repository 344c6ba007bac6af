"""Failed logins: btmp, the journal, syslog's files; each once, and nobody's word taken for sshd's."""

from __future__ import annotations

import ctypes
import lzma
import os
import random
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hostql.tests.conftest import notes, query
from hostql.vtables.database import Database
from hostql.vtables.sources.auth_messages import parse_message, parse_syslog
from hostql.vtables.sources.decompression import _library, beginning
from hostql.vtables.sources.journal import DamagedError, Journal

DATA = Path(__file__).parents[2] / "data/journals"
# The failures in the journals of tests/data, of a Debian 13 where they were made (lastb and journalctl print them).
JOURNALED = [
    (1795964596, "alice", "127.0.0.1", "sshd", 158),
    (1795964598, "alice", "127.0.0.1", "sshd", 158),
    (1795964600, "nobodyhere", "127.0.0.1", "sshd", 165),
    (1795964604, "x from 6.6.6.6 port 1 ssh2", "127.0.0.1", "sshd", 169),
    (1795964609, "root", "", "su", 221),
]


def unpacked(name: str) -> bytes:
    return lzma.decompress((DATA / f"{name}.journal.xz").read_bytes())


def plant(root: Path, raw: bytes, folder: str = "var/log/journal/1f6d0fc343de45b590bb64f25309bd1f") -> Path:
    path = root / folder / "system.journal"
    path.parent.mkdir(parents=True)
    path.write_bytes(raw)
    return path


def btmp(pid: int, tty: str, user: str, host: str, when: int) -> bytes:
    return struct.pack(
        "=hxxi32s4s32s256shhiii16s20x", 6, pid, tty.encode(), b"", user.encode(), host.encode(), 0, 0, 0, when, 0, b""
    )


def failures(database: Database, where: str = "1") -> list[tuple]:
    columns = "time, user, host, service, pid"
    rows = query(database, f"SELECT {columns} FROM failed_logins WHERE {where} ORDER BY time, user")
    return [tuple(row.values()) for row in rows]


@pytest.mark.parametrize("layout", ["compact", "regular"])
def test_failures_of_a_journal(tmp_path: Path, open_root: Callable[..., Database], layout: str) -> None:
    """As systemd 257 and 252 write them."""
    plant(tmp_path, unpacked(layout))
    database = open_root()
    assert failures(database) == JOURNALED
    assert failures(database, "time > 1795964600") == JOURNALED[3:]
    assert failures(database, "time > 1895964600") == []
    assert notes(database, "SELECT * FROM failed_logins") == []


def test_entries_are_those_of_journalctl(tmp_path: Path) -> None:
    if not shutil.which("journalctl"):
        pytest.skip("needs journalctl")
    path = plant(tmp_path, unpacked("regular"))
    done = subprocess.run(
        ["journalctl", "--file", str(path), "-o", "cat", "--no-pager", "SYSLOG_IDENTIFIER=sshd-session"],
        capture_output=True,
        text=True,
        check=True,
    )
    fd = os.open(path, os.O_RDONLY)
    try:
        wanted = {"SYSLOG_IDENTIFIER": ("sshd-session",)}
        entries = list(Journal(fd, lambda: None).entries(wanted, ("MESSAGE",)))
    finally:
        os.close(fd)
    assert [fields["MESSAGE"] for _, fields in entries] == done.stdout.splitlines()


def journal_of(tmp_path: Path, *entries: dict[str, str]) -> bytes:
    """A journal with these entries, that systemd-journal-remote makes."""
    program = next(
        (p for p in ("/usr/lib/systemd", "/lib/systemd") if Path(p, "systemd-journal-remote").exists()), None
    )
    if program is None:
        pytest.skip("needs systemd-journal-remote")
    lines = []
    for number, fields in enumerate(entries):
        when = 1700000000000000 + number * 10_000_000
        stamps = {"__REALTIME_TIMESTAMP": when, "__MONOTONIC_TIMESTAMP": number, "_BOOT_ID": "f" * 32}
        lines.append("".join(f"{name}={value}\n" for name, value in {**stamps, **fields}.items()))
    file = tmp_path / "made.journal"
    subprocess.run(
        [f"{program}/systemd-journal-remote", "-o", str(file), "-"],
        input="\n".join(lines) + "\n",
        text=True,
        capture_output=True,
        check=True,
    )
    return file.read_bytes()


def test_a_user_who_logs_in_the_name_of_sshd_is_not_believed(
    tmp_path: Path, open_root: Callable[..., Database]
) -> None:
    message = {"SYSLOG_IDENTIFIER": "sshd", "MESSAGE": "Failed password for root from 192.0.2.7 port 5 ssh2"}
    pam = (
        "pam_unix(su:auth): authentication failure; logname=ann uid=1 euid=0 tty=/dev/pts/0 ruser=ann rhost=  user=root"
    )
    refused = {"SYSLOG_IDENTIFIER": "su", "SYSLOG_FACILITY": "10", "MESSAGE": pam, "_UID": "1000"}
    raw = journal_of(
        tmp_path,
        {**message, "_UID": "1000", "_EXE": "/usr/bin/logger", "_PID": "1"},
        {**message, "_UID": "0", "_EXE": "/usr/sbin/sshd", "_PID": "2"},
        {**refused, "_EXE": "/home/ann/su", "_PID": "3"},
        {**refused, "_EXE": "/usr/bin/su", "_PID": "4"},
        {**refused, "_EXE": "/usr/lib/polkit-1/polkit-agent-helper-1", "_PID": "5"},
    )
    plant(tmp_path, raw)
    rows = query(open_root(), "SELECT user, tty, host, service, pid FROM failed_logins")
    assert [tuple(row.values()) for row in rows] == [
        ("root", "", "192.0.2.7", "sshd", 2),
        ("root", "pts/0", "", "su", 4),
        ("root", "pts/0", "", "su", 5),
    ]


def long_name(tmp_path: Path) -> bytes:
    """A journal with messages that journald compresses: sshd cuts the second one."""
    head = {"SYSLOG_IDENTIFIER": "sshd-session", "_UID": "0", "_EXE": "/usr/sbin/sshd"}
    pam = "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.8 "
    return journal_of(
        tmp_path,
        {**head, "_PID": "6", "MESSAGE": f"Failed password for invalid user {'a' * 700} from 192.0.2.7 port 5 ssh2"},
        {**head, "_PID": "7", "MESSAGE": pam},
        {**head, "_PID": "7", "MESSAGE": f"Failed password for invalid user x from 6.6.6.6 {'b' * 2000}"[:1023]},
    )


def test_long_names_hide_no_attempt(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    plant(tmp_path, long_name(tmp_path))
    database = open_root()
    rows = query(database, "SELECT length(user) AS long, host, service, pid FROM failed_logins ORDER BY pid")
    assert [tuple(row.values()) for row in rows] == [(700, "192.0.2.7", "sshd", 6), (990, "192.0.2.8", "sshd", 7)]
    assert notes(database, "SELECT * FROM failed_logins") == []


def test_what_cannot_be_unpacked_is_a_note(
    tmp_path: Path, open_root: Callable[..., Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hostql.vtables.sources.decompression._library", lambda name: None)
    plant(tmp_path, long_name(tmp_path))
    (note,) = notes(open_root(), "SELECT * FROM failed_logins")
    assert note.startswith("failed_logins: 2 values of ") and note.endswith(" are compressed and are not read")


@pytest.mark.parametrize("kind", ["xz", "zstd", "lz4"])
def test_beginnings_of_compressed_values(tmp_path: Path, kind: str) -> None:
    text = os.urandom(300).hex().encode() * 20
    if kind == "lz4":
        library = _library("liblz4.so.1") or pytest.skip("needs liblz4")
        space = ctypes.create_string_buffer(2 * len(text))
        size = library.LZ4_compress_default(text, space, len(text), len(space))
        raw = struct.pack("<Q", len(text)) + space.raw[:size]
    elif shutil.which(kind):
        raw = subprocess.run([kind, "-c"], input=text, capture_output=True, check=True).stdout
    else:
        pytest.skip(f"needs {kind}")
    assert [beginning(raw, kind, most) for most in (100, 20000)] == [text[:100], text]
    assert beginning(b"\xff" * 40, kind, 100) is None


OWN = "1f6d0fc343de45b590bb64f25309bd1f"


def test_journals_of_other_machines_are_left_out(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/machine-id").write_text(f"{OWN}\n")
    fields = {
        "SYSLOG_IDENTIFIER": "sshd",
        "MESSAGE": "Failed password for root from 192.0.2.7 port 5 ssh2",
        "_UID": "0",
        "_EXE": "/usr/sbin/sshd",
    }
    other = "2" * 32
    raw = journal_of(
        tmp_path, {**fields, "_PID": "1", "_MACHINE_ID": OWN}, {**fields, "_PID": "2", "_MACHINE_ID": other}
    )
    plant(tmp_path, raw)
    plant(tmp_path, raw, "var/log/journal/remote")
    plant(tmp_path, raw, f"var/log/journal/{other}")
    plant(tmp_path, raw, f"run/log/journal/{OWN}.space")
    database = open_root()
    assert [row["pid"] for row in query(database, "SELECT pid FROM failed_logins")] == [1, 1]
    assert notes(database, "SELECT * FROM failed_logins") == [
        "failed_logins: 2 folders of journals are of other machines and are left out",
        "failed_logins: entries of 1 other machines in the journals of this one are left out",
    ]


def test_lines_of_other_hosts_are_left_out(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/hostname").write_text("web\n")
    log = tmp_path / "var/log/auth.log"
    log.parent.mkdir(parents=True)
    log.write_text(
        "".join(
            f"2026-11-29T15:03:16+00:00 {host} sshd[{pid}]: Failed password for ann from 192.0.2.7 port 5 ssh2\n"
            for pid, host in enumerate(("web", "db", "web.example.org", "localhost"))
        )
        + "2026-11-29T15:03:16+00:00 other sshd[9]: PAM is about no failure\n"
    )
    database = open_root()
    assert [row[4] for row in failures(database)] == [0, 2, 3]
    assert notes(database, "SELECT * FROM failed_logins") == [
        "failed_logins: 1 failed logins in syslog's files are left out: this host is web, not db"
    ]


def test_a_damaged_journal_costs_only_itself(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    whole = unpacked("compact")
    plant(tmp_path, whole)
    plant(tmp_path, whole[: len(whole) // 100], "run/log/journal/short")
    plant(tmp_path, b"garbage" * 100, "var/log/journal/garbage")
    plant(tmp_path, b"", "var/log/journal/empty")
    database = open_root()
    assert failures(database) == JOURNALED
    noted = notes(database, "SELECT * FROM failed_logins")
    assert len(noted) == 3 and all("cannot be read whole" in note for note in noted)


def test_a_journal_with_any_byte_changed_ends(tmp_path: Path) -> None:
    """It gives rows, or says that it is damaged: it neither fails otherwise nor goes on for ever."""
    whole = unpacked("compact")
    used = len(whole.rstrip(b"\0"))
    chosen = random.Random(1)
    path = tmp_path / "x.journal"
    damaged = 0
    for _ in range(150):
        raw = bytearray(whole[: used + 4096])
        for _ in range(20):
            raw[chosen.choice((chosen.randrange(256), chosen.randrange(used)))] = chosen.choice(
                (0, 1, 255, chosen.randrange(256))
            )
        path.write_bytes(raw)
        fd = os.open(path, os.O_RDONLY)
        try:
            list(Journal(fd, lambda: None).entries({"SYSLOG_FACILITY": ("4", "10")}, ("MESSAGE",)))
        except (DamagedError, struct.error):
            damaged += 1
        finally:
            os.close(fd)
    assert damaged


def test_a_journal_whose_objects_lead_in_a_circle(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    raw = bytearray(unpacked("compact"))
    fields_at = struct.unpack_from("<Q", raw, 120)[0]
    first = next(at for at in range(fields_at, len(raw), 16) if raw[at : at + 8].strip(b"\0"))
    offset = struct.unpack_from("<Q", raw, first)[0]
    struct.pack_into("<Q", raw, offset + 24, offset)
    plant(tmp_path, bytes(raw))
    assert "in a circle" in notes(open_root(), "SELECT * FROM failed_logins")[0]


def test_an_attempt_that_several_have_is_told_once(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    """btmp has what lastb(8) prints, the journal and auth.log what was logged about the same attempts."""
    plant(tmp_path, unpacked("compact"))
    records = [
        (158, "ssh:notty", "alice", 1795964596),
        (221, "", "root", 1795964611),
        (900, "tty1", "carl", 1795964700),
    ]
    (tmp_path / "var/log/btmp").write_bytes(b"".join(btmp(p, tty, user, "", when) for p, tty, user, when in records))
    (tmp_path / "var/log/auth.log").write_text(
        "2026-11-29T15:03:16.174815+00:00 vm sshd-session[158]: Failed password for alice from 127.0.0.1 port 5 ssh2\n"
        "2026-11-29T15:03:18.500000+00:00 vm sshd-session[158]: Failed password for alice from 127.0.0.1 port 5 ssh2\n"
        "2026-11-29T16:03:18.500000+01:00 vm sshd-session[999]: Failed password for dora from 192.0.2.9 port 5 ssh2\n"
    )
    rows = query(
        open_root(), "SELECT time, user, host, tty, service, pid, source FROM failed_logins ORDER BY time, user"
    )
    sources = [",".join(each.rpartition("/")[2] for each in row["source"].split(",")) for row in rows]
    assert [(row["time"], row["user"], source) for row, source in zip(rows, sources)] == [
        (1795964596, "alice", "btmp,system.journal,auth.log"),
        (1795964598, "alice", "system.journal,auth.log"),
        (1795964598, "dora", "auth.log"),
        (1795964600, "nobodyhere", "system.journal"),
        (1795964604, "x from 6.6.6.6 port 1 ssh2", "system.journal"),
        (1795964611, "root", "btmp,system.journal"),
        (1795964700, "carl", "btmp"),
    ]
    assert (rows[0]["host"], rows[0]["tty"], rows[5]["service"]) == ("127.0.0.1", "ssh:notty", "su")


def test_times_without_a_year_are_of_the_host(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    """In its own zone, and of the year before the file was last written to."""
    pytest.importorskip("zoneinfo")
    zone = Path("/usr/share/zoneinfo/America/New_York")
    if not zone.exists():
        pytest.skip("needs tzdata")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/localtime").write_bytes(zone.read_bytes())
    log = tmp_path / "var/log/secure"
    log.parent.mkdir(parents=True)
    log.write_text(
        "Dec 31 23:59:59 h sshd[1]: Failed password for a from 192.0.2.7 port 5 ssh2\n"
        "Jan  1 00:00:01 h sshd[2]: message repeated 2 times: [ Failed password for b from 192.0.2.7 port 5 ssh2]\n"
        "Jul  1 12:00:00 h login[3]: pam_unix(login:auth): authentication failure; logname=LOGIN uid=0 euid=0"
        " tty=/dev/tty1 ruser= rhost= \n"
        "Feb 31 00:00:00 h sshd[2]: Failed password for c from 192.0.2.7 port 5 ssh2\n"
    )
    os.utime(log, (1783000000, 1783000000))
    database = open_root()
    assert failures(database) == [
        (1767243599, "a", "192.0.2.7", "sshd", 1),
        (1767243601, "b", "192.0.2.7", "sshd", 2),
        (1767243601, "b", "192.0.2.7", "sshd", 2),
        (1782921600, "", "", "login", 3),
    ]


MESSAGES = [
    ("sshd", "Failed password for alice from 192.0.2.7 port 5 ssh2", ("alice", "192.0.2.7", "sshd")),
    ("sshd", "Failed password for invalid user  from 192.0.2.7 port 5 ssh2", ("", "192.0.2.7", "sshd")),
    ("sshd", "Failed none for invalid user a b from fe80::1%eth0 port 5 ssh2", ("a b", "fe80::1%eth0", "sshd")),
    ("sshd", "Failed publickey for root from 192.0.2.7 port 5 ssh2: RSA SHA256:abc", ("root", "192.0.2.7", "sshd")),
    (
        "sshd-session",
        "error: PAM: Authentication failure for illegal user bob from h.example",
        ("bob", "h.example", "sshd"),
    ),
    ("sshd", "Accepted password for alice from 192.0.2.7 port 5 ssh2", None),
    ("sshd", "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=h  user=a", None),
    ("su", "Failed password for alice from 192.0.2.7 port 5 ssh2", None),
    ("dropbear", "Login attempt for nonexistent user from 192.0.2.7:4242", ("", "192.0.2.7", "dropbear")),
    ("dropbear", "Login attempt for nonexistent user from fe80::1:4242", ("", "fe80::1", "dropbear")),
    ("dropbear", "Bad password attempt for 'root' from 192.0.2.7:4242", ("root", "192.0.2.7", "dropbear")),
    (
        "gdm-password]",
        "pam_unix(gdm-password:auth): authentication failure; logname= uid=0 euid=0 tty=tty1 ruser= rhost=  user=ann",
        ("ann", "", "gdm-password"),
    ),
    (
        "login",
        "PAM 2 more authentication failures; logname=LOGIN uid=0 euid=0 tty=/dev/tty1 ruser= rhost=  user=ann",
        ("ann", "", "login"),
    ),
    ("su", "pam_unix(su:session): session opened for user root", None),
]


@pytest.mark.parametrize("program, message, expected", MESSAGES)
def test_messages(program: str, message: str, expected: tuple[str, str, str] | None) -> None:
    found = parse_message(program, message)
    assert (None if found is None else (found[0].user, found[0].host, found[0].service)) == expected
    if "more" in message:
        assert found is not None and found[1] == 2


def test_two_modules_of_pam_are_one_attempt_and_a_second_method_is_another(
    tmp_path: Path, open_root: Callable[..., Database]
) -> None:
    log = tmp_path / "var/log/auth.log"
    log.parent.mkdir(parents=True)
    stamp = "2026-11-29T15:03:16+00:00 h"
    pam = "authentication failure; logname= uid=0 euid=0 tty= ruser= rhost=  user=ann"
    log.write_text(
        f"{stamp} login[1]: pam_unix(login:auth): {pam}\n{stamp} login[1]: pam_sss(login:auth): {pam}\n"
        f"{stamp} sshd[2]: Failed publickey for ann from h port 5 ssh2: RSA SHA256:a\n"
        f"{stamp} sshd[2]: Failed password for ann from h port 5 ssh2\n"
        f"{stamp} sshd[3]: error: PAM: Authentication failure for ann from h\n"
        f"{stamp} sshd[3]: Failed keyboard-interactive/pam for ann from h port 5 ssh2\n"
    )
    assert [(row[3], row[4]) for row in failures(open_root())] == [("login", 1), ("sshd", 2), ("sshd", 2), ("sshd", 3)]


def test_lines_that_are_no_times() -> None:
    lines = [b"x", b"Foo  1 00:00:00 h sshd: Failed", b"2026-13-01T00:00:00Z h sshd: Failed", b"\xff" * 9000]
    assert list(parse_syslog(b"\n".join(lines), 0, None)) == []
