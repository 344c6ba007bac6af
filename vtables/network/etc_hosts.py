"""The table `etc_hosts`: names of addresses (hosts(5))."""

from __future__ import annotations

from socket import AF_INET, AF_INET6, inet_pton

from ..scan import Scan
from ..sources.configuration import split_comment, text_of, understood
from ..sources.text import lines
from ..table import INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def parse_hosts(text: str) -> Iterator[tuple[str, str] | None]:
    r"""(address, names with a space between) of each line; None for one without an address.

    >>> list(parse_hosts("127.0.0.1\tlocalhost here # a comment\n\njunk here\n"))
    [('127.0.0.1', 'localhost here'), None]
    """
    for line in lines(text):
        words, _ = split_comment(line)
        if words:
            yield (words[0], " ".join(words[1:])) if _is_address(words[0]) else None


def _is_address(word: str) -> bool:
    try:
        inet_pton(AF_INET6 if ":" in word else AF_INET, word.partition("%")[0])
        return True
    except (OSError, ValueError):
        return False


_FILE = "/etc/hosts"


class EtcHosts(Table):
    """Lines of /etc/hosts."""

    address = Column(TEXT, "IP address")
    hostnames = Column(TEXT, "Its names, a space between them")
    pid_with_namespace = Column(INTEGER, "Not offered; always 0", hidden=True)

    typical_rows = 8
    examples = ["SELECT address, hostnames FROM etc_hosts;"]

    def rows(self, scan: Scan) -> Iterator[tuple[str, str, int]]:
        for address, names in understood(scan, _FILE, parse_hosts(text_of(scan, _FILE))):
            yield address, names, 0
