"""The name that a host takes when it starts (hostname(5))."""

from __future__ import annotations

from .configuration import text_of
from .text import BLANKS, lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..scan import Scan

_LONGEST = 4096


def parse_hostname(text: str) -> str:
    r"""The first line that is no comment; '' for none.

    >>> parse_hostname("# of the web\n\n web.example.com\n")
    'web.example.com'
    """
    names = (line.strip(BLANKS) for line in lines(text))
    return next((name for name in names if name and name[0] != "#"), "")


def configured_name(scan: Scan, *, expected: bool = False) -> str:
    """The name in /etc/hostname; '' where there is none, with a note if it is expected."""
    return parse_hostname(text_of(scan, "/etc/hostname", expected=expected, limit=_LONGEST))
