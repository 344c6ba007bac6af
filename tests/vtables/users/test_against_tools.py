"""Accounts, logins and keys as getent, id, who, last, ssh-keygen and visudo tell them."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import pytest
from hostql.tests.conftest import as_nobody, notes, query
from hostql.tests.host import IS_ROOT
from hostql.vtables.database import Database

# It takes long, and is the same on every Python.
pytestmark = pytest.mark.slow


def output(*command: str, stdin: bytes = b"") -> str:
    """What the program prints, in C's locale and UTC; skips where it is not installed."""
    if not shutil.which(command[0]):
        pytest.skip(f"needs {command[0]}")
    environment = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}
    done = subprocess.run(command, input=stdin, capture_output=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode("utf-8", "backslashreplace")


def fields(text: str) -> list[list[str]]:
    return [line.split(":") for line in text.splitlines()]


@pytest.mark.parametrize("where", ["", "WHERE include_remote = 1"])
def test_users_are_those_of_getent(db: Database, where: str) -> None:
    columns = "username, uid, gid, description, directory, shell"
    rows = query(db, f"SELECT {columns} FROM users {where}")
    theirs = {(n, int(u), int(g), d, h, s) for n, _, u, g, d, h, s in fields(output("getent", "passwd"))}
    ours = {tuple(row.values()) for row in rows}
    local = Path("/etc/passwd").read_text()
    assert ours == (theirs if where else {each for each in theirs if f"\n{each[0]}:" in f"\n{local}"})


@pytest.mark.parametrize(
    "condition", ["username = 'remote'", "uid = 54321", "username = 'remote' AND uid = 54321", "1"]
)
def test_a_user_of_a_directory_is_found_where_asked(tmp_path: Path, condition: str) -> None:
    """nss_wrapper stands in the C library for a directory service."""
    wrapper = next(Path("/usr/lib").rglob("libnss_wrapper.so"), None)
    if wrapper is None:
        pytest.skip("needs libnss-wrapper")
    (tmp_path / "passwd").write_text("remote:x:54321:54321:Far away:/home/remote:/bin/sh\n")
    (tmp_path / "group").write_text("remote:x:54321:\n")
    environment = {
        **os.environ,
        "LD_PRELOAD": str(wrapper),
        "NSS_WRAPPER_PASSWD": str(tmp_path / "passwd"),
        "NSS_WRAPPER_GROUP": str(tmp_path / "group"),
    }
    for extra, expected in ((" AND include_remote = 1", ["remote"]), ("", [])):
        sql = f"SELECT username FROM users WHERE {condition}{extra} AND username = 'remote'"
        command = [sys.executable, "-m", "hostql", "--json", sql]
        done = subprocess.run(command, capture_output=True, check=True, env=environment)
        assert [row["username"] for row in json.loads(done.stdout)] == expected


def test_groups_are_those_of_getent(db: Database) -> None:
    rows = query(db, "SELECT groupname, gid FROM groups")
    assert {tuple(row.values()) for row in rows} == {(n, int(g)) for n, _, g, _ in fields(output("getent", "group"))}


def test_memberships_are_those_of_id(db: Database) -> None:
    users = query(db, "SELECT username, uid FROM users")
    for user in users:
        rows = query(db, "SELECT gid FROM user_groups WHERE uid = ?", (user["uid"],))
        assert {row["gid"] for row in rows} == {int(gid) for gid in output("id", "-G", user["username"]).split()}


def test_ages_of_passwords_are_those_of_getent(db: Database) -> None:
    if not IS_ROOT:
        pytest.skip("needs root, to read /etc/shadow")
    columns = "username, last_change, min, max, warning, inactive, expire, flag"
    rows = {row["username"]: [*row.values()][1:] for row in query(db, f"SELECT {columns} FROM shadow")}
    for name, _, change, *ages, flag in fields(output("getent", "shadow")):
        numbers = [int(age) if age else -1 for age in ages]
        assert rows.pop(name) == [int(change) if change else None, *numbers, int(flag) if flag else None]
    assert not rows


def test_states_of_passwords(open_root: Callable[..., Database], tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    hashed = output("openssl", "passwd", "-6", "secret").strip()
    lines = [f"a:{hashed}:19000:0:99999:7:::", f"b:!{hashed}:19000:0:99999:7:::", "c:*:::::::", "d::1::::::", "junk"]
    (tmp_path / "etc/shadow").write_text("\n".join(lines) + "\n")
    rows = query(open_root(), "SELECT username, password_status, hash_alg, min, flag FROM shadow")
    assert [tuple(row.values()) for row in rows] == [
        ("a", "active", "6", 0, None),
        ("b", "locked", "6", 0, None),
        ("c", "locked", "", -1, None),
        ("d", "empty", "", -1, None),
    ]


# As utmpdump(1) writes records: a boot, its run level, a terminal that waits, a login with its logout, a login.
LOGINS = """\
[2] [00000] [~~  ] [reboot  ] [~           ] [6.1.0-18-amd64      ] [0.0.0.0        ] [2024-03-01T10:00:00,123456+00:00]
[1] [00053] [~~  ] [runlevel] [~           ] [6.1.0-18-amd64      ] [0.0.0.0        ] [2024-03-01T10:00:05,000000+00:00]
[6] [00700] [tty1] [LOGIN   ] [tty1        ] [                    ] [0.0.0.0        ] [2024-03-01T10:00:06,000000+00:00]
[7] [01234] [ts/0] [ann     ] [pts/0       ] [10.1.2.3            ] [10.1.2.3       ] [2024-03-01T11:00:00,000001+00:00]
[8] [01234] [ts/0] [        ] [pts/0       ] [                    ] [0.0.0.0        ] [2024-03-01T12:00:00,000001+00:00]
[7] [01300] [ts/1] [bob     ] [pts/1       ] [2001:db8::1         ] [2001:db8::1    ] [2024-03-02T08:00:00,000001+00:00]
"""


@pytest.fixture
def logins(tmp_path: Path) -> Path:
    """A root whose utmp and wtmp utmpdump made."""
    (tmp_path / "run").mkdir()
    (tmp_path / "var/log").mkdir(parents=True)
    if not shutil.which("utmpdump"):
        pytest.skip("needs utmpdump")
    raw = subprocess.run(["utmpdump", "-r"], input=LOGINS.encode(), capture_output=True, check=True).stdout
    assert len(raw) == 6 * 384
    (tmp_path / "run/utmp").write_bytes(raw)
    (tmp_path / "var/log/wtmp").write_bytes(raw)
    return tmp_path


def test_logins_are_those_of_who(open_root: Callable[..., Database], logins: Path) -> None:
    rows = query(open_root(), "SELECT user, tty, host, time, pid FROM logged_in_users WHERE type = 'user'")
    ours = [(r["user"], r["tty"], utc(r["time"], "%b %e %H:%M").replace("  ", " "), f"({r['host']})") for r in rows]
    lines = [line.split() for line in output("who", str(logins / "run/utmp")).splitlines()]
    assert ours == [(words[0], words[1], " ".join(words[2:5]), words[5]) for words in lines]
    assert [row["pid"] for row in rows] == [1234, 1300]


def test_past_logins_are_those_of_last(open_root: Callable[..., Database], logins: Path) -> None:
    rows = query(open_root(), "SELECT * FROM last")
    assert [row["type_name"] for row in rows] == ["boot-time", "run-level", "normal", "dead", "normal"]
    ours = [
        (r["username"], r["host"], utc(r["time"], "%b %e %H:%M:%S %Y")) for r in reversed(rows) if r["type"] in (2, 7)
    ]
    printed = output("last", "-F", "-w", "-f", str(logins / "var/log/wtmp"))
    theirs = []
    for line in printed.splitlines()[: len(ours)]:
        words = line.replace("system boot", "~").split()
        theirs.append((words[0], words[2], " ".join([words[4], words[5].rjust(2), *words[6:8]])))
    assert ours == theirs


def test_a_record_cut_short_is_left_out(open_root: Callable[..., Database], logins: Path) -> None:
    with (logins / "var/log/wtmp").open("ab") as file:
        file.write(b"\7" * 100)
    assert len(query(open_root(), "SELECT * FROM last")) == 5


def utc(time: int, form: str) -> str:
    return datetime.fromtimestamp(time, timezone.utc).strftime(form)


@pytest.fixture
def ssh(tmp_path: Path) -> Path:
    """A root with one user, ann, and her ~/.ssh."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("ann:x:1000:1000::/home/ann:/bin/sh\n")
    folder = tmp_path / "home/ann/.ssh"
    folder.mkdir(parents=True)
    return folder


def make_key(file: Path, *arguments: str) -> str:
    output("ssh-keygen", "-q", "-C", "a comment", "-f", str(file), *arguments)
    return file.with_name(file.name + ".pub").read_text()


def fingerprint(key: str) -> str:
    digest = hashlib.sha256(base64.b64decode(key)).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


KEYS = [
    ("ed25519", "ed25519", "", "OPENSSH", 256, "", 128),
    ("ed25519", "ed25519", "secret", "OPENSSH", 256, "", 128),
    ("rsa", "rsa -b 2048", "", "OPENSSH", 2048, "", 112),
    ("rsa", "rsa -b 3072", "secret", "OPENSSH", 3072, "", 128),
    ("rsa", "rsa -b 2048 -m PEM", "", "RSA", 2048, "", 112),
    ("rsa", "rsa -b 2048 -m PEM", "secret", "RSA", None, "", None),
    ("rsa", "rsa -b 2048 -m PKCS8", "", "", 2048, "", 112),
    ("", "rsa -b 2048 -m PKCS8", "secret", "ENCRYPTED", None, "", None),
    ("ecdsa", "ecdsa -b 256", "", "OPENSSH", 256, "prime256v1", 128),
    ("ecdsa", "ecdsa -b 384 -m PEM", "", "EC", 384, "secp384r1", 192),
    ("ecdsa", "ecdsa -b 521 -m PKCS8", "", "", 521, "secp521r1", 256),
]


@pytest.mark.parametrize("kind, arguments, passphrase, label, length, group, bits", KEYS)
def test_private_keys_are_those_of_ssh_keygen(
    ssh: Path, open_root: Callable[..., Database], kind, arguments, passphrase, label, length, group, bits
) -> None:
    make_key(ssh / "id", "-t", *arguments.split(), "-N", passphrase)
    assert f"-----BEGIN {label} PRIVATE KEY-----".replace("  ", " ") in (ssh / "id").read_text()
    columns = "path, encrypted, key_type, key_length, key_group_name, key_security_bits"
    (row,) = query(open_root(), f"SELECT {columns} FROM user_ssh_keys")
    assert [*row.values()] == ["/home/ann/.ssh/id", int(bool(passphrase)), kind, length, group, bits]
    if length:
        shown = output("ssh-keygen", "-l", "-f", str(ssh / "id")).split()
        assert (int(shown[0]), shown[-1].strip("()").lower()) == (length, kind)


def test_authorized_keys_are_those_of_ssh_keygen(ssh: Path, open_root: Callable[..., Database]) -> None:
    first = make_key(ssh / "one", "-t", "ed25519", "-N", "")
    second = make_key(ssh / "two", "-t", "rsa", "-b", "2048", "-N", "")
    third = make_key(ssh / "three", "-t", "ecdsa", "-N", "")
    # A backslash protects a quote, and nothing else; options may begin as a kind of key does.
    options = 'from="10.0.0.0/8,!10.9.0.0/16",command="echo \\"a b\\" # x",ssh-rsa,no-pty,\\ '
    (ssh / "authorized_keys").write_text(f"# all of them\n{first}{options}{second}\n  {third}not-a-key AAAA\n")
    rows = query(open_root(), "SELECT * FROM authorized_keys")
    ours = [(fingerprint(row["key"]), row["comment"], row["algorithm"]) for row in rows]
    lines = [line.split() for line in output("ssh-keygen", "-l", "-f", str(ssh / "authorized_keys")).splitlines()]
    kinds = {"(ED25519)": "ssh-ed25519", "(RSA)": "ssh-rsa", "(ECDSA)": "ecdsa-sha2-nistp256"}
    assert ours == [(words[1], " ".join(words[2:-1]), kinds[words[-1]]) for words in lines]
    assert [row["options"] for row in rows] == ["", options.strip(), ""]
    assert {row["key_file"] for row in rows} == {"/home/ann/.ssh/authorized_keys"}


def test_known_hosts_are_those_of_ssh_keygen(ssh: Path, open_root: Callable[..., Database]) -> None:
    key = " ".join(make_key(ssh / "one", "-t", "ed25519", "-N", "").split()[:2])
    other = " ".join(make_key(ssh / "two", "-t", "ecdsa", "-N", "").split()[:2])
    file = ssh / "known_hosts"
    file.write_text(f"# hosts\nplain.example,10.1.1.1 {key}\n[port.example]:2222 {other}\nhashed.example {key}\n\n")
    output("ssh-keygen", "-H", "-f", str(file))
    rows = query(open_root(), "SELECT key FROM known_hosts")
    lines = output("ssh-keygen", "-l", "-f", str(file)).splitlines()
    assert [fingerprint(row["key"].split()[-1]) for row in rows] == [line.split()[1] for line in lines]
    assert rows[0]["key"].startswith("|1|")


def test_rules_of_sudo_are_in_the_files_that_visudo_checks(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    folder = tmp_path / "etc/sudoers.d"
    folder.mkdir(parents=True)
    text = """\
# comment
Defaults        env_reset, \\
                secure_path="/usr/sbin:/usr/bin"
User_Alias ADMINS = ann, bob
root\tALL=(ALL:ALL) ALL
%wheel ALL=(ALL) NOPASSWD: /usr/bin/true
#1000 ALL=(root) ALL
@include {root}/etc/more
@includedir {root}/etc/sudoers.d
"""
    (tmp_path / "etc/more").write_text("ADMINS ALL=(ALL) ALL\n")
    (folder / "10-one").write_text("carl ALL=(ALL) ALL\n")
    (folder / "backup~").write_text("dora ALL=(ALL) ALL\n")
    (folder / "dotted.name").write_text("emma ALL=(ALL) ALL\n")
    sudoers = tmp_path / "etc/sudoers"
    # For visudo the places are as this test made them; for us they are below the root.
    for root in (str(tmp_path), ""):
        sudoers.write_text(text.format(root=root))
        if root:
            for file in (sudoers, tmp_path / "etc/more", *folder.iterdir()):
                file.chmod(0o440)
            if not shutil.which("visudo"):
                pytest.skip("needs visudo")
            checked = output("visudo", "-c", "-f", str(sudoers))
            sudoers.chmod(0o640)
    rows = query(open_root(), "SELECT source, header, rule_details FROM sudoers")
    files = [line.split(": ")[0][len(str(tmp_path)) :] for line in checked.splitlines() if "parsed OK" in line]
    assert sorted({row["source"] for row in rows}) == sorted(files)
    assert [(row["header"], " ".join(row["rule_details"].split())) for row in rows] == [
        ("Defaults", 'env_reset, secure_path="/usr/sbin:/usr/bin"'),
        ("User_Alias", "ADMINS = ann, bob"),
        ("root", "ALL=(ALL:ALL) ALL"),
        ("%wheel", "ALL=(ALL) NOPASSWD: /usr/bin/true"),
        ("#1000", "ALL=(root) ALL"),
        ("@include", "/etc/more"),
        ("ADMINS", "ALL=(ALL) ALL"),
        ("@includedir", "/etc/sudoers.d"),
        ("carl", "ALL=(ALL) ALL"),
    ]


@pytest.mark.parametrize("table", ["authorized_keys", "known_hosts", "shell_history", "user_ssh_keys", "ssh_configs"])
def test_homes_that_may_not_be_read_are_noted(ssh: Path, table: str) -> None:
    """An ordinary user gets what may be read, and a note of the rest."""
    home = ssh.parent
    home.chmod(0o700)
    for folder in [home, *home.parents]:
        if str(folder).startswith("/tmp/"):
            folder.chmod(0o755 if folder != home else 0o700)
    from hostql.vtables.sources.host import Host

    root = str(ssh.parents[2])

    def ask() -> list[str]:
        with Database(host=Host(root)) as database:
            return notes(database, f"SELECT * FROM {table}")

    (note,) = as_nobody(ask)
    assert note.startswith(f"{table}: ") and "not readable" in note
