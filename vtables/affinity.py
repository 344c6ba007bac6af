"""SQLite's type affinity and collation for values that are compared outside of SQLite, and what SQLite can hold.

A pushed-down constraint arrives as it was written (`pid = '12'` gives the text); to look it up, it must become what
SQLite would compare. See https://www.sqlite.org/datatype3.html section 4.2.
"""

from __future__ import annotations

from .sources.text import clean
from .table import BLOB, TEXT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .table import Column

# SQLite's integers have 64 bits.
MIN_INTEGER = -(1 << 63)
MAX_INTEGER = (1 << 63) - 1
_SPACE = " \t\n\v\f\r"
# A decimal of so many digits is one double, whoever reads it.
_DIGITS = 15


class AffinityUnknown(Exception):
    """The comparison depends on an affinity that is not known here: leave it to SQLite."""


def comparable(column: Column, value: Any) -> Any:
    """The value of a constraint as the column holds it; None where no value of the column's type is equal to it.

    Raises AffinityUnknown where only SQLite can tell (a number against a text column).

    >>> from .table import Column, INTEGER
    >>> comparable(Column(INTEGER, ""), " 12 "), comparable(Column(INTEGER, ""), 12.0)
    (12, 12)
    """
    if value is None:
        return None
    if isinstance(value, str) and column.type not in (TEXT, BLOB):
        return number(value)
    return held(column, value)


def held(column: Column, value: Any) -> Any:
    """The value of a row as it compares; AffinityUnknown where it is not of the column's type.

    >>> from .table import Column
    >>> held(Column(TEXT, "", collate="NOCASE"), "Ab")
    'ab'
    """
    if value is None:
        return None
    if isinstance(value, str) and column.type in (TEXT, BLOB):
        if not value.isascii():
            value = clean(value)
        return lower(value) if column.collate == "NOCASE" else value
    if isinstance(value, (int, float)) and column.type not in (TEXT, BLOB):
        return _whole(value)
    if isinstance(value, (bytes, bytearray)) and column.type == BLOB:
        return bytes(value)
    raise AffinityUnknown


def number(text: str) -> int | float | None:
    """The number that SQLite's numeric affinity makes of a text; None where it stays text.

    Raises AffinityUnknown for one that is rounded, since not everybody rounds alike.

    >>> number("007"), number("1e2"), number("0x10"), number("12abc")
    (7, 100, None, None)
    """
    stripped = text.strip(_SPACE)
    if not stripped or not stripped.isascii() or "_" in stripped or stripped[-1].isalpha():
        return None
    try:
        value = float(stripped)
    except ValueError:
        return None
    if len(stripped) <= _DIGITS and (value.is_integer() or "e" not in stripped.lower()):
        return _whole(value)
    if abs(value) < MAX_INTEGER and stripped.lstrip("+-").isdigit():
        return int(stripped)
    raise AffinityUnknown


def lower(text: str) -> str:
    """The text as NOCASE compares it: the 26 letters of ASCII folded, nothing else."""
    return text.lower() if text.isascii() else text.translate(_LOWER)


def storable(value: Any) -> Any:
    """The value as SQLite can hold it, of the types int, float, str, bytes. Raises OverflowError, TypeError.

    >>> storable(True)
    1
    """
    if value is None or isinstance(value, (float, bytes, bytearray, memoryview)):
        return value
    if isinstance(value, str):
        return clean(str(value))
    if isinstance(value, int):
        if MIN_INTEGER <= value <= MAX_INTEGER:
            return int(value)
        raise OverflowError("an integer of more than 64 bits")
    raise TypeError(f"{type(value).__name__} is no type of SQL")


def _whole(value: int | float) -> int | float:
    """A whole real as an integer: the two are equal, and a table may look for the digits."""
    if isinstance(value, float) and value.is_integer() and MIN_INTEGER <= value <= MAX_INTEGER:
        return int(value)
    return value


_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
