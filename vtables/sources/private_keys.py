"""Private keys in files: of OpenSSH, PuTTY, ssh.com; PEM of PKCS#1, SEC 1, PKCS#8 (RFC 7468, 8017, 5915, 5208).

Only what tells the kind and the strength of a key is read. What a passphrase protects is not; OpenSSH's form and
PuTTY's have the public key in the clear all the same.
"""

from __future__ import annotations

import base64

_MAGIC = b"openssh-key-v1\0"
_BEGIN, _END = b"-----BEGIN ", b"PRIVATE KEY-----"
_SSHCOM = b"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----"
_SSHCOM_MAGIC = bytes.fromhex("3f6ff9eb")
_SSH1 = b"SSH PRIVATE KEY FILE FORMAT 1.1\n\0"
_KINDS = {"RSA": "rsa", "DSA": "dsa", "EC": "ecdsa"}
# By the name of the public key's algorithm (RFC 4253, 8709; PROTOCOL.u2f of OpenSSH).
_OPENSSH_KINDS = {
    "ssh-rsa": "rsa",
    "ssh-dss": "dsa",
    "ssh-ed25519": "ed25519",
    "ssh-ed448": "ed448",
    "sk-ssh-ed25519@openssh.com": "ed25519-sk",
    "sk-ecdsa-sha2-nistp256@openssh.com": "ecdsa-sk",
}
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
# The same curves by their order, where a key has all parameters of its curve (SEC 2).
_CURVE_ORDERS = {
    0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551: "nistp256",
    (1 << 384) - 0x389CB27E0BC8D220A7E5F24DB74F58851313E695333AD68D: "nistp384",
    (1 << 521) - 0x5AE79787C40D069948033FEB708F65A2FC44A36477663B851449048E16EC79BF7: "nistp521",
}
_ALGORITHM_IDS = {
    bytes.fromhex("2a864886f70d010101"): "rsa",
    bytes.fromhex("2a864886f70d01010a"): "rsa",
    bytes.fromhex("2a8648ce380401"): "dsa",
    bytes.fromhex("2a8648ce3d0201"): "ecdsa",
    bytes.fromhex("2b6570"): "ed25519",
    bytes.fromhex("2b6571"): "ed448",
}
# Bits of keys that have one size.
_LENGTHS = {"ed25519": 256, "ed25519-sk": 256, "ed448": 456}
# Strength of RSA and DSA by the length of the modulus, as NIST SP 800-57 and OpenSSL have it.
_STRENGTHS = {1024: 80, 2048: 112, 3072: 128, 4096: 152, 7680: 192, 8192: 200, 15360: 256}


class PrivateKey:
    """What a file tells of its key.

    kind       rsa, dsa, ecdsa, ed25519, ed448; ecdsa-sk, ed25519-sk: the handle of a key that a FIDO device keeps;
               '' where that is encrypted or not known
    encrypted  whether a passphrase protects it; None for a damaged file
    length     bits of the modulus or the curve; None where that is encrypted
    group      name of the curve; '' for none
    """

    __slots__ = ("encrypted", "group", "kind", "length")

    def __init__(self, kind: str, encrypted: bool | None, length: int | None = None, group: str = "") -> None:
        self.kind = kind
        self.encrypted = encrypted
        self.length = length
        self.group = group

    @property
    def strength(self) -> int | None:
        """Bits of security; None where it is not known."""
        if self.kind == "ed448":
            return 224
        if self.kind in ("ecdsa", "ecdsa-sk", "ed25519", "ed25519-sk") and self.length:
            return min(self.length // 2, 256)
        return _STRENGTHS.get(self.length or 0)


def parse_private_key(raw: bytes) -> PrivateKey | None:
    r"""The first private key of a file, whatever text, certificates or parameters precede it; None without one.

    >>> key = parse_private_key(b"Bag Attributes\n-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n")
    >>> key.kind, key.encrypted, key.length
    ('rsa', True, None)
    >>> parse_private_key(b"ssh-rsa AAAA")
    """
    if raw.startswith(_SSH1):
        return _ssh1(raw[len(_SSH1) :])
    # Whatever ends them: CR, LF or both.
    lines = [line.rstrip() for line in raw.removeprefix(b"\xef\xbb\xbf").splitlines()] or [b""]
    if lines[0].startswith(b"PuTTY-User-Key-File-"):
        return _putty(lines)
    for start, line in enumerate(lines):
        if line == _SSHCOM:
            return _sshcom(lines[start + 1 :])
        if line.startswith(_BEGIN) and line.endswith(_END):
            label = line[len(_BEGIN) : -len(_END)].decode("ascii", "replace").strip()
            body = lines[start + 1 :]
            end = next((number for number, line in enumerate(body) if line.startswith(b"-----")), len(body))
            return _pem(label, body[:end])
    return None


def _pem(label: str, body: list[bytes]) -> PrivateKey:
    """The key between two lines of dashes: fields and an empty line (RFC 1421), if any, then base64."""
    kind = _KINDS.get(label, "")
    headers = [line for line in body if b":" in line]
    if label == "ENCRYPTED" or any(line.startswith(b"Proc-Type:") and b"ENCRYPTED" in line for line in headers):
        return PrivateKey(kind, True)
    try:
        blob = _base64(body[body.index(b"") :] if headers and b"" in body else body)
        if label == "OPENSSH":
            return _openssh(blob)
        if label in ("", *_KINDS):
            return _pkcs8(blob) if label == "" else _traditional(kind, blob)
    except (IndexError, ValueError):
        # Cut short, or no base64.
        return PrivateKey(kind, None)
    # Some other form, or (TSS2) the handle of a key that a TPM keeps.
    return PrivateKey(kind, None)


def _base64(lines: list[bytes]) -> bytes:
    """What lines of base64 stand for, blanks between its letters or not. ValueError for what is none."""
    return base64.b64decode(b"".join(b"".join(lines).split()), validate=True)


def _putty(lines: list[bytes]) -> PrivateKey:
    """Fields, and the public key in as many lines of base64 as `Public-Lines` says (PuTTY's manual, appendix C)."""
    fields = dict(line.partition(b": ")[::2] for line in lines)
    encryption = fields.get(b"Encryption")
    encrypted = None if encryption is None else encryption != b"none"
    try:
        start = next(number for number, line in enumerate(lines) if line.startswith(b"Public-Lines: ")) + 1
        return _public(_base64(lines[start : start + int(fields[b"Public-Lines"])]), encrypted)
    except (StopIteration, IndexError, ValueError):
        return PrivateKey("", encrypted)


def _sshcom(lines: list[bytes]) -> PrivateKey:
    """Fields, where a backslash goes on with the next line, and base64: magic, size, kind, cipher, the key itself.

    That is a size and numbers, each after its length in bits: e, d, n for RSA; one that is 0, then p for DSA.
    """
    kind = ""
    try:
        while b":" in lines[0]:
            while lines[0].endswith(b"\\"):
                del lines[0]
            del lines[0]
        blob = _base64(lines[: next(number for number, line in enumerate(lines) if line.startswith(b"----"))])
        if not blob.startswith(_SSHCOM_MAGIC):
            return PrivateKey("", None)
        name, at = _field(blob, 8)
        kind = "rsa" if name.startswith(b"if-modn{") else "dsa" if name.startswith(b"dl-modp{") else ""
        cipher, at = _field(blob, at)
        key, at = _field(blob, at)
        if cipher != b"none" or not kind:
            return PrivateKey(kind, cipher != b"none")
        at = 4
        for _ in range(2 if kind == "rsa" else 1):
            at += 4 + (int.from_bytes(key[at : at + 4], "big") + 7) // 8
        return PrivateKey(kind, False, int.from_bytes(key[at : at + 4], "big") or None)
    except (StopIteration, IndexError, ValueError):
        return PrivateKey(kind, None)


def _ssh1(rest: bytes) -> PrivateKey:
    """A key of SSH's first version: the cipher's number (0 without a passphrase), four bytes, bits of the modulus."""
    whole = len(rest) > 8
    return PrivateKey("rsa1", bool(rest[0]) if whole else None, int.from_bytes(rest[5:9], "big") if whole else None)


def _openssh(blob: bytes) -> PrivateKey:
    """Magic, cipher (none without a passphrase), KDF, its options, number of keys, public key (PROTOCOL.key)."""
    if not blob.startswith(_MAGIC):
        return PrivateKey("", None)
    cipher, at = _field(blob, len(_MAGIC))
    _, at = _field(blob, at)
    _, at = _field(blob, at)
    public, at = _field(blob, at + 4)
    _field(blob, at)
    return _public(public, cipher != b"none")


def _public(public: bytes, encrypted: bool | None) -> PrivateKey:
    """The key whose public half this is, in the form of RFC 4253, 6.6."""
    raw, at = _field(public, 0)
    name = raw.decode("ascii", "replace")
    kind = _OPENSSH_KINDS.get(name, "ecdsa" if name.startswith("ecdsa-") else name)
    first, at = _field(public, at)
    if kind == "rsa":
        # The exponent, then the modulus.
        return PrivateKey(kind, encrypted, _bits(_field(public, at)[0]))
    if kind == "dsa":
        return PrivateKey(kind, encrypted, _bits(first))
    if kind in ("ecdsa", "ecdsa-sk"):
        group, length = _CURVES.get(first.decode("ascii", "replace"), ("", None))
        return PrivateKey(kind, encrypted, length, group)
    return PrivateKey(kind, encrypted, _LENGTHS.get(kind))


def _field(blob: bytes, at: int) -> tuple[bytes, int]:
    """A length of four bytes and as many bytes, and where the next field begins. IndexError where they are cut."""
    size = int.from_bytes(blob[at : at + 4], "big")
    if at + 4 + size > len(blob):
        raise IndexError
    return blob[at + 4 : at + 4 + size], at + 4 + size


def _traditional(kind: str, blob: bytes) -> PrivateKey:
    """PKCS#1 RSA: version, modulus, ...; DSA: version, p, ...; SEC 1: version, key, [0] curve, ..."""
    parts = _parts(_parts(blob)[0][1])
    if kind in ("rsa", "dsa"):
        return PrivateKey(kind, False, _bits(parts[1][1]) or None)
    return _on_curve(*next((_parts(value)[0] for tag, value in parts if tag == 0xA0), (0, b"")))


def _pkcs8(blob: bytes) -> PrivateKey:
    """Version, (algorithm, parameters), the key itself in its own form."""
    _, (_, algorithm), (_, key), *_ = _parts(_parts(blob)[0][1]) + [(0, b"")] * 3
    kind, parameters = _parts(algorithm)[0][1], _parts(algorithm)[1:]
    name = _ALGORITHM_IDS.get(kind, "")
    if name == "rsa":
        return _traditional(name, key)
    if name == "ecdsa":
        return _on_curve(*parameters[0])
    return PrivateKey(name, False, _LENGTHS.get(name))


def _on_curve(tag: int, curve: bytes) -> PrivateKey:
    """A curve by its object identifier, or by its parameters: version, field, curve, base, order (SEC 1, C.2)."""
    name = _CURVE_IDS.get(curve, "")
    if tag == 0x30:
        parameters = _parts(curve)
        name = _CURVE_ORDERS.get(int.from_bytes(parameters[4][1][:4096], "big"), "")
    group, length = _CURVES.get(name, ("", None))
    return PrivateKey("ecdsa", False, length, group)


def _parts(blob: bytes) -> list[tuple[int, bytes]]:
    """The (tag, value) pairs of DER, one after another. IndexError where the last is cut."""
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
    if at > len(blob):
        raise IndexError
    return found


def _bits(number: bytes) -> int:
    return int.from_bytes(number[:4096], "big").bit_length()
