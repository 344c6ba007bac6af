"""`authorized_keys` in roots of its own, and against ssh-keygen: what it takes for a key, and where sshd looks."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hostql.tests.conftest import PUBLIC_KEY, notes, query
from hostql.vtables.database import Database

PASSWD = "ann:x:1000:1000::/home/ann:/bin/sh\n"
KEY = PUBLIC_KEY
HOME = "home/ann/.ssh/authorized_keys"


def lay(root: Path, files: dict[str, str]) -> None:
    for path, text in {"etc/passwd": PASSWD, **files}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
        (root / path).chmod(0o644)


def comments(database: Database) -> list[str]:
    return [row["comment"] for row in query(database, "SELECT comment FROM authorized_keys")]


@pytest.mark.parametrize(
    "line",
    [
        *(
            f"ssh-ed25519 {KEY}",
            f"ssh-ed25519\t{KEY} c",
            f"no-pty ssh-ed25519 {KEY}",
            f"no-pty\u00a0x ssh-ed25519 {KEY}",
        ),
        *(
            f"ssh-ed25519 {KEY[:-3]}",
            f"ssh-ed25519 {KEY[:-4]}",
            f"ssh-rsa {KEY}",
            f"ssh-foo {KEY}",
            f"ssh-ed25519 {KEY}=",
        ),
        *(
            f"ssh-ed25519 {KEY}x c",
            "ssh-ed25519 AAAA",
            f"ssh-ed25519\u00a0{KEY}",
            f"ssh-dss {KEY}",
            f"ssh-ed25519 {KEY}AAAA",
        ),
    ],
)
def test_keys_are_those_that_ssh_keygen_takes(tmp_path: Path, open_root: Callable[..., Database], line: str) -> None:
    if not shutil.which("ssh-keygen"):
        pytest.skip("needs ssh-keygen")
    lay(tmp_path, {HOME: f"{line}\n"})
    done = subprocess.run(["ssh-keygen", "-l", "-f", str(tmp_path / HOME)], capture_output=True, check=False)
    shown = query(open_root(), "SELECT 1 FROM authorized_keys")
    assert bool(shown) == (done.returncode == 0)
    assert bool(notes(open_root(), "SELECT * FROM authorized_keys")) == (done.returncode != 0)


@pytest.mark.parametrize("kind, bits", [("rsa", 2048), ("ecdsa", 256), ("ecdsa", 384), ("ecdsa", 521), ("ed25519", 0)])
def test_keys_made_by_ssh_keygen(tmp_path: Path, open_root: Callable[..., Database], kind: str, bits: int) -> None:
    if not shutil.which("ssh-keygen"):
        pytest.skip("needs ssh-keygen")
    size = ["-b", str(bits)] if bits else []
    key, authority = tmp_path / "key", tmp_path / "authority"
    for file in (key, authority):
        subprocess.run(["ssh-keygen", "-q", "-t", kind, *size, "-N", "", "-C", "c", "-f", str(file)], check=True)
    subprocess.run(["ssh-keygen", "-q", "-s", str(authority), "-I", "x", f"{key}.pub"], check=True)
    lay(tmp_path, {HOME: Path(f"{key}.pub").read_text() + Path(f"{key}-cert.pub").read_text()})
    assert comments(open_root()) == ["c", "c"]
    assert not notes(open_root(), "SELECT * FROM authorized_keys")


PLACES = {
    HOME: f"ssh-ed25519 {KEY} home\n",
    "home/ann/own": f"ssh-ed25519 {KEY} own\n",
    "etc/keys/ann": f"ssh-ed25519 {KEY} name\n",
    "etc/keys/1000%": f"ssh-ed25519 {KEY} number\n",
}


@pytest.mark.parametrize(
    "text, found, note",
    [
        ("", ["home"], ""),
        ("AuthorizedKeysFile /etc/keys/%u\n", ["name"], ""),
        ("authorizedkeysfile=/etc/keys/%U%% own\n", ["number", "own"], ""),
        ("AuthorizedKeysFile %h/own\nAuthorizedKeysFile /etc/keys/%u\n", ["own"], ""),
        ("AuthorizedKeysFile none\n", [], ""),
        ("Include sshd_config.d/*.conf\nAuthorizedKeysFile own\n", ["name"], ""),
        ("Match User bob\nAuthorizedKeysFile own\n", ["home"], "authorizedkeysfile under Match User bob"),
        ("Match all\nAuthorizedKeysFile own\n", ["own"], ""),
        ("AuthorizedKeysCommand /usr/bin/lookup %u\n", ["home"], "keys that /usr/bin/lookup %u prints"),
        ("AuthorizedKeysCommand /usr/bin/userdbctl ssh-authorized-keys %u\n", ["home"], ""),
    ],
)
def test_files_are_those_that_sshd_is_set_to(
    tmp_path: Path, open_root: Callable[..., Database], text: str, found: list[str], note: str
) -> None:
    lay(tmp_path, {**PLACES, "etc/ssh/sshd_config": text})
    lay(tmp_path, {"etc/ssh/sshd_config.d/a.conf": "AuthorizedKeysFile /etc/keys/%u\n"})
    assert comments(open_root()) == found
    assert [note in each for each in notes(open_root(), "SELECT * FROM authorized_keys")] == [True] * bool(note)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give files to others")
@pytest.mark.parametrize(
    "path, mode, uid, strict, note",
    [
        (HOME, 0o644, 1000, "yes", ""),
        (HOME, 0o666, 1000, "yes", "it can be written by everybody"),
        (HOME, 0o666, 1000, "no", ""),
        (HOME, 0o644, 50, "yes", "it is owned by uid 50"),
        ("home/ann", 0o777, 1000, "yes", "/home/ann can be written by everybody"),
        ("home", 0o777, 0, "yes", ""),
    ],
)
def test_a_file_that_sshd_refuses_is_noted(
    tmp_path: Path, open_root: Callable[..., Database], path: str, mode: int, uid: int, strict: str, note: str
) -> None:
    lay(tmp_path, {HOME: PLACES[HOME], "etc/ssh/sshd_config": f"StrictModes {strict}\n"})
    (tmp_path / path).chmod(mode)
    os.chown(tmp_path / path, uid, uid)
    expected = f"authorized_keys: sshd refuses /{HOME}: {note}"
    assert notes(open_root(), "SELECT * FROM authorized_keys") == ([expected] if note else [])
