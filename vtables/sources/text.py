r"""Text from the host, in one place: bytes that are UTF-8 stay as they are, any other byte is shown as `\xNN`.

decode(b"caf\xc3\xa9")   -> 'café'
decode(b"caf\xe9")       -> 'caf\\xe9'   (a backslash, an x and two digits: SQLite holds valid Unicode only)
encode('caf\\xe9')       -> both readings, for a look-up by name: the bytes as written, and with \xNN undone
"""

from __future__ import annotations

import os


def decode(raw: bytes) -> str:
    r"""The text of host bytes; bytes that are no UTF-8 become `\xNN`."""
    return raw.decode("utf-8", "backslashreplace")


def from_os(name: str) -> str:
    r"""Text from a str of Python's os functions, whose odd bytes are surrogates: they become `\xNN`."""
    if name.isascii():
        return name
    return decode(os.fsencode(name))


def clean(text: str) -> str:
    r"""Text that SQLite can hold: lone surrogates, whatever their origin, become `\xNN` or `\uNNNN`."""
    try:
        text.encode()
        return text
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape" if _only_escapes(text) else "backslashreplace").decode(
            "utf-8", "backslashreplace"
        )


def to_os(text: str) -> list[str]:
    r"""The names on disk that `text` can stand for: itself, and, where it has `\xNN`, the name with that byte."""
    if "\\x" not in text:
        return [text]
    return [text, os.fsdecode(_unescape(text.encode()))]


def _only_escapes(text: str) -> bool:
    return not any("\ud800" <= c <= "\udfff" and not "\udc80" <= c <= "\udcff" for c in text)


def _unescape(raw: bytes) -> bytes:
    import re

    return re.sub(rb"\\x([89a-f][0-9a-f])", lambda found: bytes([int(found[1], 16)]), raw)
