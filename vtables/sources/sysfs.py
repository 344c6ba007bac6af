"""Attributes in /sys: one value a file (sysfs(5))."""

from __future__ import annotations

from .files import read
from .text import decode, integer

# The longest attributes are lists of processes.
_LARGEST = 1 << 20


def attribute(path: str) -> str:
    """The text of an attribute; '' where the device has none or it may not be read."""
    try:
        return decode(read(path, _LARGEST).rstrip(b"\0\n ")).strip()
    except OSError:
        return ""


def number(path: str) -> int | None:
    """An attribute that is a whole number; None where there is none."""
    return integer(attribute(path))
