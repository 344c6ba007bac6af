"""Files in home directories, in a root of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hostql.tests.conftest import PUBLIC_KEY, notes, query
from hostql.tests.host import IS_ROOT
from hostql.vtables.database import Database


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A root with one user, ann, and her home."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("ann:x:1000:1000::/home/ann:/bin/sh\nbroken line\n")
    (tmp_path / "home/ann/.ssh").mkdir(parents=True)
    return tmp_path / "home/ann"


def test_keys_histories_and_hosts(home: Path, open_root: Callable[..., Database]):
    (home / ".ssh/authorized_keys").write_text(f'from="10.0.0.1",no-pty ssh-ed25519 {PUBLIC_KEY} ann@x\njunk\n')
    (home / ".ssh/known_hosts").write_text("# c\nhost ssh-rsa AAAA\n")
    (home / ".bash_history").write_text("id\n#1700000000\nls -l\n")
    db = open_root()
    (key,) = query(db, "SELECT uid, algorithm, options, comment FROM authorized_keys")
    assert key == {
        "uid": 1000,
        "algorithm": "ssh-ed25519",
        "options": 'from="10.0.0.1",no-pty',
        "comment": "ann@x",
    }
    assert query(db, "SELECT key FROM known_hosts WHERE uid = 1000") == [{"key": "host ssh-rsa AAAA"}]
    assert query(db, "SELECT time, command FROM shell_history") == [
        {"time": 0, "command": "id"},
        {"time": 1700000000, "command": "ls -l"},
    ]
    assert query(db, "SELECT * FROM shell_history WHERE uid = 5") == []


def test_a_broken_line_of_passwd_is_noted(home: Path, open_root: Callable[..., Database]):
    result = open_root().execute("SELECT username FROM users")
    assert list(result) == [("ann",)]
    assert list(result.notes) == ["users: a line of /etc/passwd makes no sense"]


@pytest.mark.parametrize("kind, passphrase", [("ed25519", ""), ("rsa", "secret"), ("ecdsa", "secret")])
def test_private_keys_made_by_ssh_keygen(home: Path, open_root: Callable[..., Database], kind: str, passphrase: str):
    if not shutil.which("ssh-keygen"):
        pytest.skip("needs ssh-keygen")
    file = home / ".ssh/id"
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-f", str(file)], check=True)
    rows = query(open_root(), "SELECT path, encrypted, key_type FROM user_ssh_keys")
    assert rows == [{"path": "/home/ann/.ssh/id", "encrypted": int(bool(passphrase)), "key_type": kind}]


SECRET = f"ssh-ed25519 {PUBLIC_KEY} secret\n"
LINKS = {
    "shell_history": ".bash_history",
    "authorized_keys": ".ssh/authorized_keys",
    "known_hosts": ".ssh/known_hosts",
    "ssh_configs": ".ssh/config",
    "user_ssh_keys": ".ssh/id",
    "startup_items": ".config/autostart/x.desktop",
    "python_packages": ".local/lib/python3.11/site-packages/x-1.dist-info/METADATA",
    "npm_packages": ".local/lib/node_modules/x/package.json",
}


@pytest.mark.parametrize("table", LINKS)
def test_a_link_to_what_is_another_s_is_not_followed(
    home: Path, open_root: Callable[..., Database], table: str
) -> None:
    if not IS_ROOT:
        pytest.skip("needs root, to give files away")
    key = subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519"], capture_output=True, text=True).stdout
    content = {
        "user_ssh_keys": key,
        "npm_packages": '{"name": "secret"}',
        "ssh_configs": "User secret\n",
        "python_packages": "Name: secret\n",
        "startup_items": "[Desktop Entry]\nName=secret\nExec=secret\n",
    }.get(table, SECRET)
    secret, link = home.parents[1] / "etc/secret", home / LINKS[table]
    secret.write_text(content)
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to("/etc/secret")
    for folder in [link.parent, *link.parent.parents][: len(Path(LINKS[table]).parts)]:
        os.chown(folder, 1000, 1000)
    sql = f"SELECT * FROM {table}"

    def rows() -> int:
        return len([row for row in query(open_root(), sql) if row.get("name") != "" and "/home/ann" in str(row)])

    secret.chmod(0o600)
    assert not rows()
    assert f"{table}: cannot read /home/ann/{LINKS[table]}: it leads to a file of another user (uid 0)" in notes(
        open_root(), sql
    )
    # What is the user's own may be anywhere, and what root put into the home is the home's.
    os.chown(secret, 1000, 1000)
    assert rows()
    link.unlink()
    link.write_text(content)
    link.chmod(0o600)
    assert rows()
    # What everybody may read is no secret, but commands are nobody else's.
    os.chown(secret, 0, 0)
    secret.chmod(0o644)
    link.unlink()
    link.symlink_to("/etc/secret")
    assert bool(rows()) == (table != "shell_history")
    secret.parent.chmod(0o750)
    assert not rows()


def test_a_config_includes_nobody_s_secrets(home: Path, open_root: Callable[..., Database]) -> None:
    if not IS_ROOT:
        pytest.skip("needs root, to give files away")
    (home / ".ssh/config").write_text("Include /etc/secret\n")
    secret = home.parents[1] / "etc/secret"
    secret.write_text("user secret\n")
    secret.chmod(0o600)
    rows = query(open_root(), "SELECT option FROM ssh_configs")
    assert rows == [{"option": "include /etc/secret"}]
