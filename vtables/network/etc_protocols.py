"""The table `etc_protocols`: names of IP protocols (protocols(5))."""

from __future__ import annotations

from ..scan import Scan
from ..sources.configuration import split_comment, text_of
from ..table import INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


def parse_protocols(text: str) -> list[tuple[str, int, str, str]]:
    r"""(name, number, alias, comment) of each line; a broken line is left out.

    >>> parse_protocols("tcp 6 TCP # transmission control\n")
    [('tcp', 6, 'TCP', 'transmission control')]
    """
    found = []
    for line in text.split("\n"):
        words, comment = split_comment(line)
        if len(words) > 1 and words[1].isascii() and words[1].isdigit() and len(words[1]) < 10:
            found.append((words[0], int(words[1]), " ".join(words[2:]), comment))
    return found


class EtcProtocols(Table):
    """Lines of /etc/protocols."""

    name = Column(TEXT, "Name of the protocol")
    number = Column(INTEGER, "Number in the IP header")
    alias = Column(TEXT, "Other names, a space between them")
    comment = Column(TEXT, "Comment at the end of the line")

    typical_rows = 60
    examples = ["SELECT name FROM etc_protocols WHERE number = 6;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        yield from parse_protocols(text_of(scan, "/etc/protocols"))
