"""The table `routes` (rtnetlink(7))."""

from __future__ import annotations

from ..scan import Scan
from ..sources.rtnetlink import links, routes
from ..table import BIGINT, INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


# rtm_type of linux/rtnetlink.h.
_TYPES = {
    1: "gateway",
    2: "local",
    3: "broadcast",
    4: "anycast",
    5: "multicast",
    6: "blackhole",
    7: "unreachable",
    8: "prohibit",
}


class Routes(Table):
    """Routes of all the kernel's tables, local and broadcast ones too; a row for each next hop."""

    destination = Column(TEXT, "Network or address; 0.0.0.0 or :: for the default route")
    netmask = Column(INTEGER, "Length of the network's prefix, in bits")
    gateway = Column(TEXT, "Router; '' for none")
    source = Column(TEXT, "Address that packets are sent from; '' for none preferred")
    flags = Column(INTEGER, "Flags, RTM_F_* and RTNH_F_* of linux/rtnetlink.h")
    interface = Column(TEXT, "Interface the packets leave by")
    mtu = Column(INTEGER, "Largest packet, in bytes; 0 for the interface's own")
    metric = Column(INTEGER, "Preference: the lower wins")
    type = Column(TEXT, "gateway (an ordinary route), local, broadcast, multicast, blackhole and the like", key=True)
    hopcount = Column(INTEGER, "Hops a packet may take; 0 for the usual number")
    table_id = Column(BIGINT, "Number of the routing table: 254 main, 255 local, 253 default, others by policy rules")

    typical_rows = 20
    examples = ["SELECT destination, netmask, gateway, interface FROM routes WHERE type = 'gateway';"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        scan.host.only_live("the routes")
        names = {link.index: link.name for link in links()}
        for route in routes():
            ends = (route.destination, route.prefix, route.gateway, route.source)
            kind = _TYPES.get(route.type, "other")
            yield (
                *ends,
                route.flags,
                names.get(route.index, ""),
                route.mtu,
                route.metric,
                kind,
                route.hops,
                route.table,
            )
