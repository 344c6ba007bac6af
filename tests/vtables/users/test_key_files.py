"""Files of private keys in all the forms that ssh-keygen, openssl and puttygen write and read."""

from __future__ import annotations

import base64
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hostql.tests.conftest import query
from hostql.vtables.database import Database


def run(*command: object, stdin: bytes = b"") -> bytes:
    words = [str(word) for word in command]
    if not shutil.which(words[0]):
        pytest.skip(f"needs {words[0]}")
    done = subprocess.run(words, input=stdin, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def ssh(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("ann:x:1000:1000::/home/ann:/bin/sh\n")
    (tmp_path / "home/ann/.ssh").mkdir(parents=True)
    return tmp_path / "home/ann/.ssh"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a PEM key `rsa`, an OpenSSH key `ed`, and a certificate of the first."""
    folder = tmp_path_factory.mktemp("keys")
    run("ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "", "-f", folder / "rsa")
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "c", "-f", folder / "ed")
    subject = ["-x509", "-new", "-subj", "/CN=x", "-days", "1", "-out", folder / "certificate"]
    run("openssl", "req", *subject, "-key", folder / "rsa")
    return folder


def row(open_root: Callable[..., Database], file: Path, content: bytes) -> list[object]:
    """(encrypted, kind, length, curve) of the file; [] where it is no private key."""
    file.write_bytes(content)
    file.chmod(0o600)
    rows = query(open_root(), "SELECT encrypted, key_type, key_length, key_group_name FROM user_ssh_keys")
    assert len(rows) < 2
    return [*rows[0].values()] if rows else []


@pytest.mark.parametrize(
    "form",
    [
        lambda pem, certificate: b"\n" + pem,
        lambda pem, certificate: b"Bag Attributes\n    friendlyName: x\nKey Attributes: <No Attributes>\n" + pem,
        lambda pem, certificate: certificate + pem,
        lambda pem, certificate: pem + certificate,
        lambda pem, certificate: pem.replace(b"\n", b"\r\n"),
        lambda pem, certificate: pem.replace(b"\n", b" \n"),
        lambda pem, certificate: b"\xef\xbb\xbf" + pem,
        lambda pem, certificate: pem[:-1],
    ],
)
def test_what_may_be_around_a_key(keys: Path, ssh: Path, open_root: Callable[..., Database], form) -> None:
    content = form((keys / "rsa").read_bytes(), (keys / "certificate").read_bytes())
    assert row(open_root, ssh / "key", content) == [0, "rsa", 2048, ""]
    assert run("ssh-keygen", "-y", "-P", "", "-f", ssh / "key").split()[1] == (keys / "rsa.pub").read_bytes().split()[1]


@pytest.mark.parametrize(
    "form",
    [
        lambda pem: b" " + pem,
        lambda pem: pem.replace(b"BEGIN RSA PRIVATE", b"BEGIN RSA PUBLIC"),
        lambda pem: pem.partition(b"\n")[2],
        lambda pem: b"",
    ],
)
def test_what_is_no_private_key(keys: Path, ssh: Path, open_root: Callable[..., Database], form) -> None:
    assert row(open_root, ssh / "key", form((keys / "rsa").read_bytes())) == []
    assert subprocess.run(["ssh-keygen", "-y", "-P", "", "-f", ssh / "key"], capture_output=True).returncode


def test_damaged_keys_are_neither_open_nor_encrypted(keys: Path, ssh: Path, open_root: Callable[..., Database]) -> None:
    for name, kind in (("rsa", "rsa"), ("ed", "")):
        content = (keys / name).read_bytes()
        for cut in (content[: len(content) // 2], content.partition(b"\n")[0], content.replace(content[40:60], b"")):
            assert row(open_root, ssh / "key", cut) == [None, kind, None, ""]
            assert subprocess.run(["ssh-keygen", "-y", "-P", "", "-f", ssh / "key"], capture_output=True).returncode


def test_a_key_of_openssh_after_text_is_a_key(keys: Path, ssh: Path, open_root: Callable[..., Database]) -> None:
    """ssh-keygen does not load it; whoever has the file does, once the text is gone."""
    assert row(open_root, ssh / "key", b"# mine\n" + (keys / "ed").read_bytes()) == [0, "ed25519", 256, ""]


@pytest.mark.parametrize(
    "arguments, expected",
    [
        ("ecparam -name prime256v1 -genkey", [0, "ecdsa", 256, "prime256v1"]),
        ("ecparam -name secp521r1 -genkey -noout", [0, "ecdsa", 521, "secp521r1"]),
        ("ecparam -name prime256v1 -param_enc explicit -genkey", [0, "ecdsa", 256, "prime256v1"]),
        ("ecparam -name secp384r1 -param_enc explicit -genkey", [0, "ecdsa", 384, "secp384r1"]),
        (
            "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -pkeyopt ec_param_enc:explicit",
            [0, "ecdsa", 521, "secp521r1"],
        ),
        ("ecparam -name brainpoolP256r1 -param_enc explicit -genkey", [0, "ecdsa", None, ""]),
        ("genpkey -algorithm ed25519", [0, "ed25519", 256, ""]),
        ("genpkey -algorithm ed448", [0, "ed448", 456, ""]),
        ("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384", [0, "ecdsa", 384, "secp384r1"]),
        ("genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048", [0, "rsa", 2048, ""]),
        ("genpkey -algorithm ed25519 -aes-128-cbc -pass pass:x", [1, "", None, ""]),
        ("genpkey -algorithm x25519", [0, "", None, ""]),
    ],
)
def test_keys_that_openssl_writes(ssh: Path, open_root: Callable[..., Database], arguments: str, expected) -> None:
    assert row(open_root, ssh / "key", run("openssl", *arguments.split())) == expected


def test_bags_of_pkcs12(keys: Path, ssh: Path, open_root: Callable[..., Database]) -> None:
    bundle = keys / "bundle"
    bundle.write_bytes((keys / "rsa").read_bytes() + (keys / "certificate").read_bytes())
    run("openssl", "pkcs12", "-export", "-in", bundle, "-passout", "pass:", "-out", keys / "p12")
    text = run("openssl", "pkcs12", "-in", keys / "p12", "-passin", "pass:", "-nodes")
    assert text.startswith(b"Bag Attributes")
    assert row(open_root, ssh / "key", text) == [0, "rsa", 2048, ""]


@pytest.mark.parametrize("passphrase, version", [("", "2"), ("secret", "3")])
def test_keys_of_putty(
    keys: Path, ssh: Path, open_root: Callable[..., Database], passphrase: str, version: str
) -> None:
    (keys / "passphrase").write_text(passphrase)
    options = ["-O", "private", "-o", keys / "ppk", "--new-passphrase", keys / "passphrase"]
    run("puttygen", keys / "ed", *options, "--ppk-param", f"version={version}")
    content = (keys / "ppk").read_bytes()
    assert content.startswith(b"PuTTY-User-Key-File-" + version.encode())
    assert row(open_root, ssh / "key", content) == [int(bool(passphrase)), "ed25519", 256, ""]
    assert row(open_root, ssh / "key", content[:100]) == [int(bool(passphrase)), "", None, ""]


def field(*values: bytes) -> bytes:
    return b"".join(struct.pack(">I", len(value)) + value for value in values)


@pytest.mark.parametrize(
    "name, public, expected",
    [
        (b"sk-ssh-ed25519@openssh.com", field(b"\1" * 32), [0, "ed25519-sk", 256, ""]),
        (b"sk-ecdsa-sha2-nistp256@openssh.com", b"", [0, "ecdsa-sk", 256, "prime256v1"]),
    ],
)
def test_handles_of_fido_keys(
    ssh: Path, open_root: Callable[..., Database], name: bytes, public: bytes, expected
) -> None:
    """As ssh-keygen writes them beside a device (PROTOCOL.u2f); it reads them without one."""
    if not public:
        point = run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-outform", "DER")[-65:]
        public = field(b"nistp256", point)
    known = field(name) + public + field(b"ssh:")
    private = struct.pack(">II", 5, 5) + known + b"\1" + field(b"handle", b"", b"comment")
    private += bytes(range(1, 9))[: -len(private) % 8]
    blob = b"openssh-key-v1\0" + field(b"none", b"none", b"") + struct.pack(">I", 1) + field(known, private)
    text = b"\n".join(base64.b64encode(blob)[at : at + 70] for at in range(0, len(base64.b64encode(blob)), 70))
    content = b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + text + b"\n-----END OPENSSH PRIVATE KEY-----\n"
    assert row(open_root, ssh / "key", content) == expected
    shown = run("ssh-keygen", "-l", "-f", ssh / "key").split()
    assert (int(shown[0]), shown[-1].strip(b"()").decode().lower()) == (expected[2], expected[1])


@pytest.mark.parametrize("ending", [b"\r", b"\r\n", b"\n"])
def test_whatever_ends_the_lines(tmp_path: Path, ssh: Path, open_root: Callable[..., Database], ending: bytes) -> None:
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", tmp_path / "key")
    content = (tmp_path / "key").read_bytes().replace(b"\n", ending)
    assert row(open_root, ssh / "key", content) == [1, "ed25519", 256, ""]


def test_blanks_within_base64(keys: Path, ssh: Path, open_root: Callable[..., Database]) -> None:
    content = (keys / "ed").read_bytes().replace(b"b3Bl", b" b3 Bl\t", 1)
    assert row(open_root, ssh / "key", content) == [0, "ed25519", 256, ""]
    run("ssh-keygen", "-y", "-P", "", "-f", ssh / "key")


@pytest.mark.parametrize("label", [b"TSS2 PRIVATE KEY", b"ANY PRIVATE KEY", b"X25519 PRIVATE KEY"])
def test_of_other_forms_nothing_is_claimed(ssh: Path, open_root: Callable[..., Database], label: bytes) -> None:
    content = b"-----BEGIN %b-----\nMIHyBgZngQUKAQM=\n-----END %b-----\n" % (label, label)
    assert row(open_root, ssh / "key", content) == [None, "", None, ""]


@pytest.mark.parametrize("passphrase", ["", "secret"])
@pytest.mark.parametrize("kind, bits", [("rsa", 2048), ("dsa", 1024)])
def test_keys_of_ssh_com(
    tmp_path: Path, ssh: Path, open_root: Callable[..., Database], passphrase: str, kind: str, bits: int
) -> None:
    (tmp_path / "passphrase").write_text(passphrase)
    options = ["-O", "private-sshcom", "-o", tmp_path / "key", "--new-passphrase", tmp_path / "passphrase"]
    run("puttygen", "-t", kind, "-b", bits, "-C", "a long comment " * 9, *options)
    content = (tmp_path / "key").read_bytes()
    assert content.startswith(b"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----")
    length = None if passphrase else bits
    assert row(open_root, ssh / "key", content) == [int(bool(passphrase)), kind, length, ""]
    assert row(open_root, ssh / "key", content[:150]) == [None, "", None, ""]


@pytest.mark.parametrize("cipher", [0, 3])
def test_keys_of_the_first_version(ssh: Path, open_root: Callable[..., Database], cipher: int) -> None:
    """As sshd(8) of long ago has them; no tool of today writes or reads one."""
    content = b"SSH PRIVATE KEY FILE FORMAT 1.1\n\0" + struct.pack(">BII", cipher, 0, 1024) + bytes(40)
    assert row(open_root, ssh / "key", content) == [int(bool(cipher)), "rsa1", 1024, ""]
