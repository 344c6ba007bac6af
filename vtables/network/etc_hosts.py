"""The table `etc_hosts`: names of addresses (hosts(5))."""

from __future__ import annotations

from ..scan import Scan
from ..sources.files import read
from ..sources.text import decode
from ..table import INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def parse_hosts(raw: bytes) -> list[tuple[str, str]]:
    r"""(address, names with a space between) of each line.

    >>> parse_hosts(b"127.0.0.1\tlocalhost here # a comment\n\n")
    [('127.0.0.1', 'localhost here')]
    """
    lines = [line.partition("#")[0].split() for line in decode(raw).split("\n")]
    return [(words[0], " ".join(words[1:])) for words in lines if words]


class EtcHosts(Table):
    """Lines of /etc/hosts."""

    address = Column(TEXT, "IP address")
    hostnames = Column(TEXT, "Its names, a space between them")
    pid_with_namespace = Column(INTEGER, "Not offered; always 0", hidden=True)

    typical_rows = 8
    examples = ["SELECT address, hostnames FROM etc_hosts;"]

    def rows(self, scan: Scan) -> Iterator[tuple[str, str, int]]:
        try:
            raw = read(scan.host.path("/etc/hosts"))
        except OSError as error:
            scan.note(f"cannot read /etc/hosts: {error.strerror}")
            return
        for address, names in parse_hosts(raw):
            yield address, names, 0
