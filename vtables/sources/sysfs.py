"""Attributes in /sys: one value a file (sysfs(5))."""

from __future__ import annotations

from .files import read
from .text import decode


def attribute(path: str) -> str:
    """The text of an attribute; '' where the device has none or it may not be read."""
    try:
        return decode(read(path).rstrip(b"\0\n ")).strip()
    except OSError:
        return ""


def number(path: str) -> int | None:
    """An attribute that is a whole number; None where there is none."""
    text = attribute(path)
    return int(text) if text.lstrip("-").isascii() and text.lstrip("-").isdigit() and len(text) < 19 else None
