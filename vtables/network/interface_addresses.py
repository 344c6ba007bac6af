"""The table `interface_addresses` (rtnetlink(7))."""

from __future__ import annotations

from ..scan import Scan
from ..sources.rtnetlink import addresses, ip_text, links
from ..table import TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


_IPV4 = 2


class InterfaceAddresses(Table):
    """Addresses of the network interfaces."""

    interface = Column(TEXT, "Name of the interface")
    address = Column(TEXT, "IPv4 or IPv6 address")
    mask = Column(TEXT, "Network mask, written as an address")
    broadcast = Column(TEXT, "Broadcast address; '' for none")
    point_to_point = Column(TEXT, "Address of the other end where there is no broadcast address (IPv4)")
    type = Column(TEXT, "Always unknown: the kernel does not keep who gave the address")

    typical_rows = 6
    examples = ["SELECT interface, address, mask FROM interface_addresses;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        scan.host.only_live("the addresses")
        names = {link.index: link.name for link in links()}
        for found in addresses():
            bits = 32 if found.family == _IPV4 else 128
            mask = ip_text(
                (((1 << bits) - 1) >> (bits - found.prefix) << (bits - found.prefix)).to_bytes(bits // 8, "big")
            )
            peer = found.peer if bits == 32 and not found.broadcast else ""
            yield (names.get(found.index, str(found.index)), found.address, mask, found.broadcast, peer, "unknown")
