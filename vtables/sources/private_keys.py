"""Private keys as files hold them: OpenSSH's own form, and PEM of PKCS#1, SEC 1, PKCS#8 (RFC 7468, 8017, 5915, 5208).

Only what tells the kind and the strength of a key is read. What a passphrase protects is not; OpenSSH's form has the
public key in the clear all the same.
"""

from __future__ import annotations

import base64

_MAGIC = b"openssh-key-v1\0"
_KINDS = {"RSA": "rsa", "DSA": "dsa", "EC": "ecdsa"}
_OPENSSH_KINDS = {"ssh-rsa": "rsa", "ssh-dss": "dsa", "ssh-ed25519": "ed25519"}
# Names and lengths of the curves, by OpenSSH's name and by object identifier (its bytes).
_CURVES = {
    "nistp256": ("prime256v1", 256),
    "nistp384": ("secp384r1", 384),
    "nistp521": ("secp521r1", 521),
}
_CURVE_IDS = {
    bytes.fromhex("2a8648ce3d030107"): "nistp256",
    bytes.fromhex("2b81040022"): "nistp384",
    bytes.fromhex("2b81040023"): "nistp521",
}
_ALGORITHM_IDS = {
    bytes.fromhex("2a864886f70d010101"): "rsa",
    bytes.fromhex("2a8648ce380401"): "dsa",
    bytes.fromhex("2a8648ce3d0201"): "ecdsa",
    bytes.fromhex("2b6570"): "ed25519",
}
# Strength of RSA and DSA by the length of the modulus, as NIST SP 800-57 and OpenSSL have it.
_STRENGTHS = {1024: 80, 2048: 112, 3072: 128, 4096: 152, 7680: 192, 8192: 200, 15360: 256}


class PrivateKey:
    """What a file tells of its key.

    kind    rsa, dsa, ecdsa, ed25519; '' where that is encrypted
    length  bits of the modulus or the curve; None where that is encrypted
    group   name of the curve; '' for none
    """

    __slots__ = ("encrypted", "group", "kind", "length")

    def __init__(self, kind: str, encrypted: bool, length: int | None = None, group: str = "") -> None:
        self.kind = kind
        self.encrypted = encrypted
        self.length = length
        self.group = group

    @property
    def strength(self) -> int | None:
        """Bits of security; None where it is not known."""
        if self.kind in ("ecdsa", "ed25519") and self.length:
            return min(self.length // 2, 256)
        return _STRENGTHS.get(self.length or 0)


def parse_private_key(raw: bytes) -> PrivateKey | None:
    r"""The key of a file; None for what is no private key.

    >>> key = parse_private_key(b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n")
    >>> key.kind, key.encrypted, key.length
    ('rsa', True, None)
    >>> parse_private_key(b"ssh-rsa AAAA")
    """
    first = raw.split(b"\n", 1)[0].strip()
    if not (first.startswith(b"-----BEGIN ") and first.endswith(b"PRIVATE KEY-----")):
        return None
    label = first[11:-16].decode("ascii", "replace").strip()
    lines = [line.strip() for line in raw.split(b"\n") if line and not line.startswith(b"-----")]
    if label == "ENCRYPTED" or b"Proc-Type: 4,ENCRYPTED" in raw[:256]:
        return PrivateKey(_KINDS.get(label, ""), True)
    try:
        blob = base64.b64decode(b"".join(lines))
    except ValueError:
        return PrivateKey(_KINDS.get(label, ""), False)
    if label == "OPENSSH":
        return _openssh(blob)
    try:
        return _pkcs8(blob) if label == "" else _traditional(_KINDS.get(label, ""), blob)
    except IndexError:
        # Cut short.
        return PrivateKey(_KINDS.get(label, ""), False)


def _openssh(blob: bytes) -> PrivateKey:
    """Magic, cipher (none without a passphrase), KDF, its options, number of keys, public key (PROTOCOL.key)."""
    cipher, at = _field(blob, len(_MAGIC))
    _, at = _field(blob, at)
    _, at = _field(blob, at)
    public, _ = _field(blob, at + 4)
    encrypted = blob.startswith(_MAGIC) and cipher != b"none"
    raw, at = _field(public, 0)
    name = raw.decode("ascii", "replace")
    kind = _OPENSSH_KINDS.get(name, "ecdsa" if name.startswith("ecdsa-") else name)
    first, at = _field(public, at)
    if kind == "rsa":
        # The exponent, then the modulus.
        return PrivateKey(kind, encrypted, _bits(_field(public, at)[0]))
    if kind == "dsa":
        return PrivateKey(kind, encrypted, _bits(first))
    if kind == "ecdsa":
        group, length = _CURVES.get(first.decode("ascii", "replace"), ("", None))
        return PrivateKey(kind, encrypted, length, group)
    return PrivateKey(kind, encrypted, 256 if kind == "ed25519" else None)


def _field(blob: bytes, at: int) -> tuple[bytes, int]:
    """A length of four bytes and as many bytes, and where the next field begins."""
    size = int.from_bytes(blob[at : at + 4], "big")
    return blob[at + 4 : at + 4 + size], at + 4 + size


def _traditional(kind: str, blob: bytes) -> PrivateKey:
    """PKCS#1 RSA: version, modulus, ...; DSA: version, p, ...; SEC 1: version, key, [0] curve, ..."""
    parts = _parts(_parts(blob)[0][1])
    if kind in ("rsa", "dsa"):
        return PrivateKey(kind, False, _bits(parts[1][1]) or None)
    curve = next((_parts(value)[0][1] for tag, value in parts if tag == 0xA0), b"")
    return _on_curve(curve)


def _pkcs8(blob: bytes) -> PrivateKey:
    """Version, (algorithm, parameters), the key itself in its own form."""
    _, (_, algorithm), (_, key), *_ = _parts(_parts(blob)[0][1]) + [(0, b"")] * 3
    kind, parameters = _parts(algorithm)[0][1], _parts(algorithm)[1:]
    name = _ALGORITHM_IDS.get(kind, "")
    if name == "rsa":
        return _traditional(name, key)
    if name == "ecdsa":
        return _on_curve(parameters[0][1])
    return PrivateKey(name, False, 256 if name == "ed25519" else None)


def _on_curve(id: bytes) -> PrivateKey:
    group, length = _CURVES.get(_CURVE_IDS.get(id, ""), ("", None))
    return PrivateKey("ecdsa", False, length, group)


def _parts(blob: bytes) -> list[tuple[int, bytes]]:
    """The (tag, value) pairs of DER, one after another."""
    found = []
    at = 0
    while at + 2 <= len(blob):
        tag, size = blob[at], blob[at + 1]
        at += 2
        if size & 0x80:
            count = size & 0x7F
            size = int.from_bytes(blob[at : at + count], "big")
            at += count
        found.append((tag, blob[at : at + size]))
        at += size
    return found


def _bits(number: bytes) -> int:
    return int.from_bytes(number[:4096], "big").bit_length()
