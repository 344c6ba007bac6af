"""The table `etc_services`: names of ports (services(5))."""

from __future__ import annotations

from ..scan import Scan
from ..sources.configuration import split_comment, text_of
from ..table import INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


def parse_services(text: str) -> list[tuple[str, int, str, str, str]]:
    r"""(name, port, protocol, aliases, comment) of each line; a broken line is left out.

    >>> parse_services("domain 53/udp ns # Name Service\n")
    [('domain', 53, 'udp', 'ns', 'Name Service')]
    """
    found = []
    for line in text.split("\n"):
        words, comment = split_comment(line)
        port, slash, protocol = words[1].partition("/") if len(words) > 1 else ("", "", "")
        if slash and port.isascii() and port.isdigit() and len(port) < 6:
            found.append((words[0], int(port), protocol, " ".join(words[2:]), comment))
    return found


class EtcServices(Table):
    """Lines of /etc/services."""

    name = Column(TEXT, "Name of the service")
    port = Column(INTEGER, "Port number")
    protocol = Column(TEXT, "Transport protocol, such as tcp")
    aliases = Column(TEXT, "Other names, a space between them")
    comment = Column(TEXT, "Comment at the end of the line")

    typical_rows = 300
    examples = ["SELECT name, protocol FROM etc_services WHERE port = 53;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        yield from parse_services(text_of(scan, "/etc/services"))
