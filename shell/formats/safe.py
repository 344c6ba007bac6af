r"""Text from the host made harmless: what could drive a terminal or break a layout is shown, never sent.

Kept is what a person can read and what every terminal draws in the same number of cells. Control characters (also C1),
bidirectional and other invisible marks, spaces that are not the space, characters without a meaning (unassigned,
private use), and the parts of emoji sequences, which some terminals join and others do not, become escapes such as
`\n`, `\x1b` or `\u202e`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NAMED = {9: "\\t", 10: "\\n", 13: "\\r"}
# Printable by its Unicode category, yet invisible: the grapheme joiner, fillers of Hangul and Khmer, Mongolian and
# other variation selectors. And what joins with its neighbour to one picture: keycaps, flags' letters, skin tones.
_MISLEADING = frozenset(
    [
        *(0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0),
        *range(0x180B, 0x1810),
        *range(0xFE00, 0xFE10),
        *range(0xE0100, 0xE01F0),
        0x20E3,
        *range(0x1F1E6, 0x1F200),
        *range(0x1F3FB, 0x1F400),
    ]
)


class _Shown(dict[int, str]):
    """How each character is shown, for str.translate."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        return character if character.isprintable() and code not in _MISLEADING else _escape(code)


def _escape(code: int) -> str:
    if code in _NAMED:
        return _NAMED[code]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


_SHOWN = _Shown({code: _escape(code) for code in [*range(0x20), *range(0x7F, 0xA0)]})


def printable(text: str) -> str:
    r"""The text with everything that is not plainly visible escaped.

    >>> printable("a\x1b[31mb\u202ec\n")
    'a\\x1b[31mb\\u202ec\\n'
    """
    if text.isascii() and text.isprintable():
        return text
    return text.translate(_SHOWN)


def plain(value: Any, null: str = "") -> str:
    """A value as harmless text: NULL as given, bytes as hex, reals as SQLite writes them."""
    if value is None:
        return null
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, (bytes, bytearray)):
        return "x'" + value.hex() + "'"
    return repr(value) if isinstance(value, float) else str(value)
