"""Files in home directories, in a root of its own."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hostql.tests.conftest import query
from hostql.vtables.database import Database


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A root with one user, ann, and her home."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("ann:x:1000:1000::/home/ann:/bin/sh\nbroken line\n")
    (tmp_path / "home/ann/.ssh").mkdir(parents=True)
    return tmp_path / "home/ann"


def test_keys_histories_and_hosts(home: Path, open_root: Callable[..., Database]):
    (home / ".ssh/authorized_keys").write_text('from="10.0.0.1",no-pty ssh-ed25519 AAAA ann@x\njunk\n')
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
