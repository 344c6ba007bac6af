"""The table `user_ssh_keys`: private keys in ~/.ssh, and whether a passphrase protects them."""

from __future__ import annotations

import base64

from ..scan import Scan
from ..sources.configuration import bytes_of, names_in
from ..sources.homes import homes
from ..sources.text import from_os
from ..table import BIGINT, INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


# No key is longer; of anything bigger in ~/.ssh the beginning tells that it is something else.
_LARGEST = 65536
_MAGIC = b"openssh-key-v1\0"
_KINDS = {"RSA": "rsa", "DSA": "dsa", "EC": "ecdsa"}
_OPENSSH_KINDS = {"ssh-rsa": "rsa", "ssh-dss": "dsa", "ssh-ed25519": "ed25519"}


def parse_private_key(raw: bytes) -> tuple[str, int] | None:
    r"""(kind, 1 if encrypted) of a PEM file; '' for a kind that is not told; None for what is no private key.

    >>> parse_private_key(b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n")
    ('rsa', 1)
    >>> parse_private_key(b"ssh-rsa AAAA")
    """
    first = raw.split(b"\n", 1)[0].strip()
    if not (first.startswith(b"-----BEGIN ") and first.endswith(b"PRIVATE KEY-----")):
        return None
    label = first[11:-16].decode("ascii", "replace").strip()
    if label == "OPENSSH":
        return _openssh(raw)
    return _KINDS.get(label, ""), int(label == "ENCRYPTED" or b"Proc-Type: 4,ENCRYPTED" in raw[:256])


def _openssh(raw: bytes) -> tuple[str, int]:
    """OpenSSH's own form: magic, cipher (none without a passphrase), KDF, its options, number of keys, public key."""
    lines = [line.strip() for line in raw.split(b"\n") if line and not line.startswith(b"-----")]
    try:
        blob = base64.b64decode(b"".join(lines))
    except ValueError:
        return "", 0
    cipher, at = _field(blob, len(_MAGIC))
    _, at = _field(blob, at)
    _, at = _field(blob, at)
    public, _ = _field(blob, at + 4)
    kind = _field(public, 0)[0].decode("ascii", "replace")
    known = _OPENSSH_KINDS.get(kind, "ecdsa" if kind.startswith("ecdsa-") else kind)
    return known, int(blob.startswith(_MAGIC) and cipher != b"none")


def _field(blob: bytes, at: int) -> tuple[bytes, int]:
    """A length of four bytes and as many bytes, and where the next field begins."""
    size = int.from_bytes(blob[at : at + 4], "big")
    return blob[at + 4 : at + 4 + size], at + 4 + size


class UserSshKeys(Table):
    """Private keys in local users' ~/.ssh; a key that is not encrypted opens whatever it opens to anyone who has it."""

    uid = Column(BIGINT, "User in whose home it is", key=True)
    path = Column(TEXT, "File of the key", key=True)
    encrypted = Column(INTEGER, "1 if a passphrase protects it, else 0")
    key_type = Column(TEXT, "rsa, dsa, ecdsa or ed25519; '' where the file does not tell")
    key_group_name = Column(TEXT, "Always '': not told")
    key_length = Column(INTEGER, "Always NULL: not told")
    key_security_bits = Column(INTEGER, "Always NULL: not told")
    pid_with_namespace = Column(INTEGER, "Not offered; always 0", hidden=True)

    typical_rows = 5
    examples = ["SELECT u.username, k.path FROM user_ssh_keys k JOIN users u USING (uid) WHERE k.encrypted = 0;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        for user, home in homes(scan):
            for name in names_in(scan, f"{home}/.ssh"):
                scan.check()
                path = f"{home}/.ssh/{name}"
                found = parse_private_key(bytes_of(scan, path, expected=False, limit=_LARGEST, whole=False))
                if found is not None:
                    yield (user.uid, from_os(path), found[1], found[0], "", None, None, 0)
