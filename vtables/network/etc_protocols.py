"""The table `etc_protocols`: names of IP protocols (protocols(5))."""

from __future__ import annotations

from ..scan import Scan
from ..sources.configuration import split_comment, understood
from ..sources.nss_files import text_for_libc, unsigned
from ..sources.text import lines
from ..table import INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


def parse_protocols(text: str) -> Iterator[tuple[str, int, str, str] | None]:
    r"""(name, number, alias, comment) of each line; None for a broken one.

    >>> list(parse_protocols("tcp 6 TCP # transmission control\n"))
    [('tcp', 6, 'TCP', 'transmission control')]
    """
    for line in lines(text):
        words, comment = split_comment(line)
        if words:
            number = unsigned(words[1]) if len(words) > 1 else None
            yield None if number is None else (words[0], number, " ".join(words[2:]), comment)


_FILE = "/etc/protocols"


class EtcProtocols(Table):
    """Lines of /etc/protocols."""

    name = Column(TEXT, "Name of the protocol")
    number = Column(INTEGER, "Number in the IP header")
    alias = Column(TEXT, "Other names, a space between them")
    comment = Column(TEXT, "Comment at the end of the line")

    typical_rows = 60
    examples = ["SELECT name FROM etc_protocols WHERE number = 6;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        yield from understood(scan, _FILE, parse_protocols(text_for_libc(scan, _FILE)))
