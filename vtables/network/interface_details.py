"""The table `interface_details`: network interfaces and what went through them (rtnetlink(7))."""

from __future__ import annotations

import os

from ..scan import Scan
from ..sources.rtnetlink import links
from ..sources.sysfs import number
from ..sources.text import from_os
from ..table import BIGINT, INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class InterfaceDetails(Table):
    """Network interfaces of hostql's network namespace."""

    interface = Column(TEXT, "Name of the interface")
    mac = Column(TEXT, "Hardware address", collate="NOCASE")
    type = Column(INTEGER, "Hardware type, ARPHRD_* of linux/if_arp.h: 1 Ethernet, 772 loopback")
    mtu = Column(INTEGER, "Largest packet, in bytes")
    metric = Column(INTEGER, "Always 0: Linux does not use it")
    flags = Column(INTEGER, "Flags, IFF_* of netdevice(7)")
    ipackets = Column(BIGINT, "Packets received")
    opackets = Column(BIGINT, "Packets sent")
    ibytes = Column(BIGINT, "Bytes received")
    obytes = Column(BIGINT, "Bytes sent")
    ierrors = Column(BIGINT, "Errors in receiving")
    oerrors = Column(BIGINT, "Errors in sending")
    idrops = Column(BIGINT, "Received packets dropped")
    odrops = Column(BIGINT, "Packets dropped instead of sent")
    collisions = Column(BIGINT, "Collisions")
    last_change = Column(BIGINT, "Always -1: Linux does not keep it")
    link_speed = Column(BIGINT, "Speed of the link, in Mb/s; 0 for unknown")
    pci_slot = Column(TEXT, "PCI slot of the device; -1 for none")

    typical_rows = 4
    examples = ["SELECT interface, mac, mtu, human_size(ibytes) AS received FROM interface_details;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        scan.host.only_live("the interfaces")
        for link in links():
            device = f"/sys/class/net/{link.name}"
            speed = number(scan.host, device + "/speed") or 0
            yield (
                link.name,
                link.mac,
                link.hardware_type,
                link.mtu,
                0,
                link.flags,
                *link.stats[:8],
                link.stats[9],
                -1,
                max(speed, 0),
                _slot(scan, device),
            )


def _slot(scan: Scan, device: str) -> str:
    try:
        name = from_os(os.path.basename(scan.host.readlink(device + "/device")))
    except OSError:
        return "-1"
    return name if name.count(":") == 2 else "-1"
