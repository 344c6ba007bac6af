"""The table `arp_cache`: hardware addresses of neighbours (rtnetlink(7), arp(7))."""

from __future__ import annotations

from ..scan import Scan
from ..sources.rtnetlink import links, neighbours
from ..table import TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


_IPV4 = 2
# linux/neighbour.h
_NUD_NOARP, _NUD_PERMANENT = 0x40, 0x80


class ArpCache(Table):
    """IPv4 addresses of the local networks and the hardware addresses they were found at."""

    address = Column(TEXT, "IPv4 address")
    mac = Column(TEXT, "Hardware address; zeros where none was found", collate="NOCASE")
    interface = Column(TEXT, "Interface it was found on")
    permanent = Column(TEXT, "1 for an entry set by hand, else 0")

    typical_rows = 10
    examples = ["SELECT address, mac, interface FROM arp_cache;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        scan.host.only_live("the neighbours")
        names = {link.index: link.name for link in links()}
        for found in neighbours():
            if found.family == _IPV4 and not found.state & _NUD_NOARP:
                permanent = str(int(bool(found.state & _NUD_PERMANENT)))
                yield (found.address, found.mac or "00:00:00:00:00:00", names.get(found.index, ""), permanent)
