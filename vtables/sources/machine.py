"""Which machine the scanned host is: machine-id(5) and its host name, hostname(5)."""

from __future__ import annotations

from .configuration import text_of
from .hostname import configured_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..scan import Scan

_LONGEST = 4096


def machine_of(scan: Scan) -> tuple[str, str]:
    """The id, 32 hexadecimal digits, and the name; '' each where it is not known."""
    id = text_of(scan, "/etc/machine-id", expected=False, limit=_LONGEST).strip()
    if scan.host.live:
        import os

        return id, os.uname().nodename
    return id, configured_name(scan)


def is_same_host(name: str, own: str) -> bool:
    """Whether a name stands for the host of the own name, with its domain or without; any does where that is unknown.

    >>> is_same_host("web.example.org", "WEB"), is_same_host("db", "web"), is_same_host("localhost", "web")
    (True, False, True)
    """
    short = name.partition(".")[0].lower()
    return not own or short in (own.partition(".")[0].lower(), "localhost")
