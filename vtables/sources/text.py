r"""Text from the host, in one place: bytes that are UTF-8 stay as they are, any other byte is shown as `\xNN`.

decode(b"caf\xc3\xa9")   -> 'café'
decode(b"caf\xe9")       -> 'caf\\xe9'   (a backslash, an x and two digits: SQLite holds valid Unicode only)
encode('caf\\xe9')       -> both readings, for a look-up by name: the bytes as written, and with \xNN undone
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


# The white space of ASCII (isspace(3) in the C locale).
BLANKS = " \t\n\v\f\r"
# Characters of a text cut into lines at a time.
_PIECE = 1 << 16
# The digits of the greatest number that surely fits 64 bits.
_DIGITS = 18


def decode(raw: bytes) -> str:
    r"""The text of host bytes; bytes that are no UTF-8 become `\xNN`, and so does NUL, where SQL would end a text."""
    text = raw.decode("utf-8", "backslashreplace")
    return text.replace("\0", "\\x00") if "\0" in text else text


def lines(text: str, end: str = "\n") -> Iterator[str]:
    r"""The lines of a text (or its paragraphs, with an `end` of two newlines), without a list of them all.

    >>> list(lines("a\n\nb\n"))
    ['a', '', 'b', '']
    """
    start = 0
    while start < len(text):
        cut = text.find(end, start + _PIECE)
        cut = len(text) if cut < 0 else cut
        yield from text[start:cut].split(end)
        start = cut + len(end)


def words(text: str, most: int = -1) -> list[str]:
    r"""The words between blanks: those of ASCII alone, as C programs have it; the rest after `most` cuts is the last.

    >>> words("a\tb \u00a0\u2003c  d ", 2)
    ['a', 'b', '\xa0\u2003c  d ']
    """
    return [word.decode() for word in text.encode().split(None, most)]


def integer(text: str) -> int | None:
    """The whole number that a text is, where SQLite can hold it; None for every other text.

    >>> integer("-12"), integer("\u00b2"), integer("9" * 30), integer("")
    (-12, None, None, None)
    """
    digits = text[1:] if text[:1] == "-" else text
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS else None


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
