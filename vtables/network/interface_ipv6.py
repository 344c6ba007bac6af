"""The table `interface_ipv6` (/proc/sys/net/ipv6/conf)."""

from __future__ import annotations

from ..scan import Scan
from ..sources.sysfs import number
from ..sources.text import from_os
from ..table import INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


_FILES = ("hop_limit", "forwarding", "accept_redirects", "accept_ra")


class InterfaceIpv6(Table):
    """IPv6 settings of the network interfaces."""

    interface = Column(TEXT, "Name of the interface")
    hop_limit = Column(INTEGER, "Hops a packet sent from it may take")
    forwarding_enabled = Column(INTEGER, "1 if packets are forwarded, else 0")
    redirect_accept = Column(INTEGER, "1 if ICMP redirects are accepted, else 0")
    rtadv_accept = Column(INTEGER, "Whether router advertisements are accepted: 0 no, 1 unless forwarding, 2 always")

    typical_rows = 4
    examples = ["SELECT interface, forwarding_enabled FROM interface_ipv6;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        scan.host.only_with("/proc")
        scan.host.only_own("the interfaces")
        root = "/proc/sys/net/ipv6/conf"
        try:
            names = sorted(scan.host.listdir(root))
        except OSError:
            # A kernel without IPv6.
            return
        for name in names:
            if name not in ("all", "default"):
                yield (from_os(name), *(number(scan.host, f"{root}/{name}/{file}") for file in _FILES))
