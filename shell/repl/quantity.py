"""Numbers for people: which unit a column holds, and its values and changes in that unit. Pure."""

from __future__ import annotations

import re

from ...vtables.functions.human import human_size, human_time

BYTES, MILLISECONDS, SECONDS = "bytes", "ms", "s"

_WORDS = {
    **dict.fromkeys(["size", "bytes", "memory", "mem", "rss", "vsize"], BYTES),
    **dict.fromkeys(["ms", "millis", "milliseconds"], MILLISECONDS),
    **dict.fromkeys(["seconds", "secs", "uptime"], SECONDS),
}
# What a column's documentation says of its unit.
_DOCUMENTED = (
    (re.compile(r"\bin bytes\b|^bytes\b", re.IGNORECASE), BYTES),
    (re.compile(r"\bin milliseconds\b", re.IGNORECASE), MILLISECONDS),
    (re.compile(r"\bin seconds\b", re.IGNORECASE), SECONDS),
)
# Counting changes the unit and arithmetic may: `count(size)`, `resident_size / 1024`.
_UNITLESS = re.compile(r"^\s*count\s*\(|[/*%]", re.IGNORECASE)


def unit_of(name: str, doc: str = "") -> str:
    """The unit of a result column by its documentation, else by its name; '' for a bare number.

    >>> unit_of("total_size"), unit_of("sum(resident_size)"), unit_of("resident_size / 1024")
    ('bytes', 'bytes', '')
    >>> unit_of("user_time", "CPU time spent in user space, in milliseconds")
    'ms'
    """
    for pattern, unit in _DOCUMENTED:
        if pattern.search(doc):
            return unit
    if doc or _UNITLESS.search(name):
        return ""
    return next((_WORDS[word] for word in re.split(r"[\W_]+", name.lower()) if word in _WORDS), "")


def quantity(value: float, unit: str) -> str:
    """A number in a unit: '812.0 MiB', '3.2 s', '1,204'.

    >>> quantity(851443712, "bytes"), quantity(3200, "ms"), quantity(12.5, ""), quantity(1204, "")
    ('812.0 MiB', '3.2 s', '12.5', '1,204')
    """
    if unit == BYTES:
        return human_size(value) or str(value)
    if unit == MILLISECONDS:
        return f"{value:.0f} ms" if abs(value) < 1000 else _seconds(value / 1000)
    if unit == SECONDS:
        return _seconds(value)
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e15 else f"{value:.4g}"


def change(difference: float, unit: str) -> str:
    """A difference with its sign: '+31.0 MiB', '-2'.

    >>> change(32505856, "bytes"), change(-2, ""), change(0.25, "")
    ('+31.0 MiB', '-2', '+0.25')
    """
    text = quantity(difference, unit)
    return text if text.startswith("-") else "+" + text


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if abs(value) < 60 else human_time(value) or f"{value:g} s"
