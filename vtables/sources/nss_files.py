"""The databases in /etc (passwd, group, shadow, services, ...) as glibc reads them: logical lines and numbers."""

from __future__ import annotations

from .configuration import bytes_of
from .text import decode, from_os, lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..scan import Scan

# What isspace(3) takes for white space in the C locale.
SPACE = " \t\n\v\f\r"
_BITS_OF_LONG = 64


def text_for_libc(scan: Scan, path: str, *, expected: bool = True) -> str:
    """The text of a file as C's string functions see it: a NUL ends its line, which a note says."""
    raw = bytes_of(scan, path, expected=expected)
    if b"\0" in raw:
        scan.note(f"a line of {from_os(path)} ends at a NUL, as it does for the C library")
        raw = before_nul(raw)
    return decode(raw)


def before_nul(raw: bytes) -> bytes:
    r"""Each line up to its first NUL.

    >>> before_nul(b"a\0b\nc\n")
    b'a\nc\n'
    """
    import re

    return re.sub(rb"\0[^\n]*", b"", raw)


def entries(text: str) -> Iterator[str]:
    r"""The lines that are neither empty nor a comment, without white space before them.

    >>> list(entries("  a:b \n # c\n\n\t\nd"))
    ['a:b ', 'd']
    """
    for line in lines(text):
        line = line.lstrip(SPACE)
        if line and line[0] != "#":
            yield line


def unsigned(text: str) -> int | None:
    """The number that strtoul(3) makes of a whole field, where it fits 32 bits: white space and a sign may precede it.

    >>> unsigned("\t+12"), unsigned("12 "), unsigned("-1"), unsigned("-18446744073709551611"), unsigned("")
    (12, None, None, 5, None)
    """
    if text.isdigit() and text.isascii() and len(text) < 10:
        return int(text)
    text = text.lstrip(SPACE)
    negative = text[:1] == "-"
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not (digits.isascii() and digits.isdigit()):
        return None
    digits = digits.lstrip("0")[: _BITS_OF_LONG + 1]
    number = int(digits or "0")
    if number >= 1 << _BITS_OF_LONG:
        return None
    number = -number % (1 << _BITS_OF_LONG) if negative else number
    return number if number < 1 << 32 else None


def c_number(text: str) -> int | None:
    """A whole number as strtoul(3) takes it in base 0: hexadecimal after `0x`, octal after `0`; None for what is none.

    >>> c_number("22"), c_number("0x16"), c_number("026"), c_number("08"), c_number("1_0"), c_number("+12")
    (22, 22, 22, None, None, 12)
    """
    sign, digits = (text[0], text[1:].lower()) if text[:1] in ("+", "-") else ("", text.lower())
    if not digits.isalnum() or not digits.isascii():
        return None
    base, digits = (16, digits[2:]) if digits[:2] == "0x" else (8, digits[1:]) if digits[:1] == "0" else (10, digits)
    try:
        number = int(digits or "0", base) if len(digits) < 20 else None
    except ValueError:
        return None
    return -number if number and sign == "-" else number


def is_nis(line: str) -> bool:
    """Whether an entry takes accounts of NIS in or leaves some out (`+`, `-name`), instead of being one itself."""
    return line[0] in "+-"


def note_nis(scan: Scan, path: str, text: str) -> str:
    """The text; a note says if lines of it refer to NIS."""
    if any(map(is_nis, entries(text))):
        scan.note(f"lines of {path} that begin with + or - refer to NIS, which is not asked")
    return text
