r"""Text from the host made harmless: what could drive a terminal or break a layout is shown, never sent.

Control characters (also C1), DEL, bidirectional marks and invisible formatting become escapes such as `\n`, `\x1b`
or `\u202e`; everything a person can read stays as it is.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NAMED = {9: "\\t", 10: "\\n", 13: "\\r"}
# Bidirectional marks and isolates, zero-width and invisible characters, line separators, the byte order mark.
_INVISIBLE = (
    *(0x61C, 0x180E, 0xFEFF, 0xFFF9, 0xFFFA, 0xFFFB),
    *range(0x200B, 0x2010),
    *range(0x2028, 0x202F),
    *range(0x2060, 0x2070),
    *range(0xE0000, 0xE0080),
)
_TABLE = {
    **{c: _NAMED.get(c, f"\\x{c:02x}") for c in [*range(0x20), *range(0x7F, 0xA0)]},
    **{c: f"\\u{c:04x}" if c < 0x10000 else f"\\U{c:08x}" for c in _INVISIBLE},
}


def printable(text: str) -> str:
    r"""The text with everything that is not plainly visible escaped.

    >>> printable("a\x1b[31mb\u202ec\n")
    'a\\x1b[31mb\\u202ec\\n'
    """
    if text.isascii() and text.isprintable():
        return text
    shown = text.translate(_TABLE)
    return shown.encode("utf-8", "backslashreplace").decode()


def plain(value: Any, null: str = "") -> str:
    """A value as harmless text: NULL as given, bytes as hex, reals as SQLite writes them."""
    if value is None:
        return null
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, (bytes, bytearray)):
        return "x'" + value.hex() + "'"
    return repr(value) if isinstance(value, float) else str(value)
