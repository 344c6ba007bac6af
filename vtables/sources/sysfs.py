"""Attributes in /sys: one value a file (sysfs(5))."""

from __future__ import annotations

from .text import decode, integer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .host import Host

# The longest attributes are lists of processes.
_LARGEST = 1 << 20


def attribute(host: Host, path: str) -> str:
    """The text of an attribute; '' where the device has none or it may not be read."""
    try:
        return decode(host.read(path, _LARGEST).rstrip(b"\0\n ")).strip()
    except OSError:
        return ""


def number(host: Host, path: str) -> int | None:
    """An attribute that is a whole number; None where there is none."""
    return integer(attribute(host, path))
