"""Digests and base64. Text is taken as its UTF-8 bytes, a number as SQLite writes it, NULL stays NULL."""

from __future__ import annotations

from base64 import b64decode, b64encode
from hashlib import new

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def md5(value: Any) -> str | None:
    """The MD5 digest (RFC 1321) in hexadecimal."""
    return _digest("md5", value)


def sha1(value: Any) -> str | None:
    """The SHA-1 digest (RFC 3174) in hexadecimal."""
    return _digest("sha1", value)


def sha256(value: Any) -> str | None:
    """The SHA-256 digest (FIPS 180-4) in hexadecimal."""
    return _digest("sha256", value)


def to_base64(value: Any) -> str | None:
    """The bytes in base64 (RFC 4648)."""
    return None if value is None else b64encode(_bytes(value)).decode()


def from_base64(value: Any) -> str | None:
    r"""The text that base64 stands for, padding optional; '' where it is none; bytes that are no UTF-8 as \xNN."""
    if value is None:
        return None
    raw = _bytes(value).replace(b"\n", b"").rstrip(b"=")
    try:
        return b64decode(raw + b"=" * (-len(raw) % 4), validate=True).decode("utf-8", "backslashreplace")
    except ValueError:
        return ""


def conditional_to_base64(value: Any) -> str | None:
    """The text itself where it is printable ASCII, else its bytes in base64."""
    if value is None:
        return None
    raw = _bytes(value)
    return raw.decode() if all(0x20 <= byte < 0x7F for byte in raw) else b64encode(raw).decode()


def _digest(name: str, value: Any) -> str | None:
    return None if value is None else new(name, _bytes(value)).hexdigest()


def _bytes(value: Any) -> bytes:
    return bytes(value) if isinstance(value, (bytes, bytearray)) else str(value).encode("utf-8", "surrogatepass")
