"""Sparklines: a few numbers as one word of block characters, lowest to highest. Pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Optional

    Values = Sequence[Optional[float]]

BLOCKS = "▁▂▃▄▅▆▇█"
ASCII = ".:-=+*#@"
# Numbers that do not differ are drawn low, so that they do not look like a peak.
FLAT = 1


def sparkline(values: Values, ascii: bool = False) -> str:
    """A character for each value, a space for NULL.

    >>> sparkline([1, 2, 3, None, 8])
    '▁▂▃ █'
    >>> sparkline([5, 5, 5])
    '▂▂▂'
    """
    levels = ASCII if ascii else BLOCKS
    known = [value for value in finite(values) if value is not None]
    if not known:
        return " " * len(values)
    low, high = min(known), max(known)
    top = len(levels) - 1
    return "".join(
        " " if value is None else levels[round(share(value, low, high) * top) if high > low else FLAT]
        for value in finite(values)
    )


def finite(values: Values) -> list[float | None]:
    """The values as floats that can be drawn: an infinity stands at the edge of the others."""
    numbers = [_float(value) for value in values]
    known = [number for number in numbers if number is not None and abs(number) != float("inf")]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    return [None if number is None else min(max(number, low), high) for number in numbers]


def share(value: float, low: float, high: float) -> float:
    """Where the value lies between low and high, 0 to 1; also where their distance is beyond a float."""
    span = high / 2 - low / 2
    return min(1.0, max(0.0, (value / 2 - low / 2) / span)) if span > 0 else 0.0


def _float(value: float | None) -> float | None:
    if value is None:
        return None
    try:
        number = float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
    return None if number != number else number
