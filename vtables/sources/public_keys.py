"""Public keys as OpenSSH writes them: a kind and, in base64, what RFC 4253 and its successors lay down for it."""

from __future__ import annotations

_ED25519 = 32
# The length of each field after the kind, 0 for any.
_FIELDS: dict[str, tuple[int, ...]] = {
    "ssh-ed25519": (_ED25519,),
    "sk-ssh-ed25519@openssh.com": (_ED25519, 0),
    "ssh-rsa": (0, 0),
    "ssh-dss": (0, 0, 0, 0),
    "sk-ecdsa-sha2-nistp256@openssh.com": (8, 65, 0),
}
_FIELDS.update({f"ecdsa-sha2-nistp{bits}": (8, 1 + 2 * ((bits + 7) // 8)) for bits in (256, 384, 521)})
_CERTIFICATE = "-cert-v01@openssh.com"
KINDS = frozenset([*_FIELDS, *(kind.partition("@")[0] + _CERTIFICATE for kind in _FIELDS)])


def is_public_key(kind: str, text: str) -> bool:
    """Whether base64 text is a whole key of that kind.

    >>> key = "AAAAC3NzaC1lZDI1NTE5AAAAIFb4wVlW38c1Ip3fkcFqhrTCuL1Q/vrpWxuFKn42qndf"
    >>> is_public_key("ssh-ed25519", key), is_public_key("ssh-ed25519", key[:-4]), is_public_key("ssh-rsa", key)
    (True, False, False)
    """
    import binascii

    try:
        blob = binascii.a2b_base64(text.encode("ascii"))
    except (ValueError, UnicodeEncodeError):
        return False
    # A certificate has numbers among its strings.
    fields = _fields(blob, first_alone=kind.endswith(_CERTIFICATE))
    if len(blob) != _decoded_length(text) or not fields or fields[0] != kind.encode() or kind not in KINDS:
        return False
    expected = _FIELDS.get(kind)
    if expected is None:
        return True
    return len(fields) == len(expected) + 1 and all(
        length in (0, len(field)) for length, field in zip(expected, fields[1:])
    )


def _decoded_length(text: str) -> int:
    """How many bytes text of base64 alone, padded or not, stands for; -1 for what is none."""
    digits = text.rstrip("=")
    return len(digits) * 3 // 4 if len(text) % 4 == 0 and len(text) - len(digits) < 3 else -1


def _fields(blob: bytes, first_alone: bool) -> list[bytes]:
    """The strings that a key consists of (RFC 4251, section 5); none where they do not end with it."""
    found = []
    at = 0
    while at < len(blob):
        end = at + 4 + int.from_bytes(blob[at : at + 4], "big")
        if end > len(blob):
            return []
        found.append(blob[at + 4 : end])
        at = len(blob) if first_alone else end
    return found
