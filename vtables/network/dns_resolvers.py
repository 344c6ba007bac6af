"""The table `dns_resolvers` (resolv.conf(5))."""

from __future__ import annotations

from ..scan import Scan
from ..sources.configuration import text_of, understood
from ..sources.text import lines
from ..table import BIGINT, INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


_FILE = "/etc/resolv.conf"
# Of `options` and how glibc's resolver is set without any: RES_INIT, RES_RECURSE, RES_DEFNAMES, RES_DNSRCH (resolv.h).
_DEFAULT_OPTIONS = 0x001 | 0x040 | 0x080 | 0x200


def parse_resolv(text: str) -> Iterator[tuple[str, str, str] | None]:
    r"""(type, address, prefix length) of servers, sort lists and search domains, in order; None for a broken line.

    >>> list(parse_resolv("nameserver 10.0.0.2\nsearch a.b c\n; x\n"))
    [('nameserver', '10.0.0.2', '32'), ('search', 'a.b', ''), ('search', 'c', '')]
    """
    for line in lines(text):
        words = line.partition("#")[0].split()
        if not words or words[0].startswith(";") or words[0] == "options":
            continue
        if len(words) > 1 and words[0] == "nameserver":
            yield "nameserver", words[1], "128" if ":" in words[1] else "32"
        elif words[0] == "sortlist":
            for word in words[1:]:
                address, _, prefix = word.partition("/")
                yield "sortlist", address, prefix
        elif words[0] in ("search", "domain"):
            for word in words[1:]:
                yield "search", word, ""
        else:
            yield None


class DnsResolvers(Table):
    """Name servers, search domains and sort lists the host's resolver uses."""

    id = Column(INTEGER, "Place among those of its type, from 0")
    type = Column(TEXT, "nameserver, search or sortlist")
    address = Column(TEXT, "Address of the server or network; the search domain")
    netmask = Column(TEXT, "Prefix length of the address; '' for a search domain")
    options = Column(BIGINT, "The resolver's option bits, as resolv.h has them by default")
    pid_with_namespace = Column(INTEGER, "Not offered; always 0", hidden=True)

    typical_rows = 4
    examples = ["SELECT address FROM dns_resolvers WHERE type = 'nameserver';"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        counts: dict[str, int] = {}
        for kind, address, prefix in understood(scan, _FILE, parse_resolv(text_of(scan, _FILE))):
            place = counts[kind] = counts.get(kind, -1) + 1
            yield (place, kind, address, prefix, _DEFAULT_OPTIONS, 0)
