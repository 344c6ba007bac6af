"""The table `etc_services`: names of ports (services(5))."""

from __future__ import annotations

from ..scan import Scan
from ..sources.configuration import split_comment, understood
from ..sources.nss_files import c_number, text_for_libc
from ..sources.text import lines
from ..table import INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


def parse_services(text: str) -> Iterator[tuple[str, int, str, str, str] | None]:
    r"""(name, port, protocol, aliases, comment) of each line; None for a broken one.

    >>> list(parse_services("domain 53/udp ns # Name Service\n"))
    [('domain', 53, 'udp', 'ns', 'Name Service')]
    """
    for line in lines(text):
        words, comment = split_comment(line)
        if words:
            number, slash, protocol = words[1].partition("/") if len(words) > 1 else ("", "", "")
            port = c_number(number) if slash else None
            yield (
                None
                if port is None or not 0 <= port < 65536
                else (words[0], port, protocol.lstrip("/"), " ".join(words[2:]), comment)
            )


_FILE = "/etc/services"


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
        yield from understood(scan, _FILE, parse_services(text_for_libc(scan, _FILE)))
