"""SQLite's type affinity and collation for values that are compared outside of SQLite.

A pushed-down constraint arrives as it was written (`pid = '12'` gives the text); to look it up, it must become what
SQLite would compare. See https://www.sqlite.org/datatype3.html section 4.2.
"""

from __future__ import annotations

from .table import TEXT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .table import Column

_SPACE = " \t\n\v\f\r"
# Past 2^53 a whole real and its integer are no longer the same number.
_EXACT = 1 << 53


class Undecided(Exception):
    """The comparison depends on an affinity that is not known here: leave it to SQLite."""


def comparable(column: Column, value: Any) -> Any:
    """The value as the column holds it; None where nothing can be equal to it.

    Raises Undecided where only SQLite can tell (a number against a text column).

    >>> from .table import Column, INTEGER
    >>> comparable(Column(INTEGER, ""), " 12 "), comparable(Column(INTEGER, ""), 12.0)
    (12, 12)
    """
    if value is None or isinstance(value, (bytes, bytearray)):
        return None
    if column.type == TEXT:
        if not isinstance(value, str):
            raise Undecided
        return lower(value) if column.collate == "NOCASE" else value
    return number(value) if isinstance(value, str) else _whole(value)


def number(text: str) -> int | float | None:
    """The number that SQLite's numeric affinity makes of a text; None where it stays text.

    >>> number("007"), number("1e2"), number("0x10"), number("12abc")
    (7, 100, None, None)
    """
    stripped = text.strip(_SPACE)
    if not stripped or not stripped.isascii() or "_" in stripped or stripped[-1].isalpha():
        return None
    try:
        return int(stripped) if stripped.lstrip("+-").isdigit() else _whole(float(stripped))
    except ValueError:
        return None


def lower(text: str) -> str:
    """The text as NOCASE compares it: the 26 letters of ASCII folded, nothing else."""
    return text.lower() if text.isascii() else text.translate(_LOWER)


def _whole(value: int | float) -> int | float:
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return int(value)
    return value


_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
