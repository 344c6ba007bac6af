"""The table `process_open_sockets`: sockets and the processes that hold them."""

from __future__ import annotations

from ..scan import Scan
from ..sources.netns import all_sockets
from ..sources.procfs import descriptors
from ..sources.sock_diag import TCP
from ..table import BIGINT, INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class ProcessOpenSockets(Table):
    """The TCP, UDP, raw, packet and unix sockets that processes hold open; a row for each descriptor.

    A descriptor of an MPTCP connection has a row for each of its subflows.
    """

    pid = Column(INTEGER, "Process id", key=True)
    fd = Column(BIGINT, "File descriptor")
    socket = Column(BIGINT, "Inode of the socket")
    family = Column(INTEGER, "Address family: 2 IPv4, 10 IPv6, 1 unix, 17 packet")
    protocol = Column(
        INTEGER,
        "Protocol number: 6 TCP, 17 UDP, 136 UDP-Lite, 1 and 58 ping, 255 raw, 0 unix; for packets the Ethernet type",
    )
    local_address = Column(TEXT, "Local address; '' for unix sockets")
    remote_address = Column(TEXT, "Remote address; '' for unix sockets")
    local_port = Column(INTEGER, "Local port")
    remote_port = Column(INTEGER, "Remote port, 0 for none")
    path = Column(TEXT, "Path of a unix socket; an abstract one begins with @")
    state = Column(TEXT, "State of a TCP connection; '' for others (`sockets` has that of unix sockets)")
    net_namespace = Column(TEXT, "Inode of the network namespace")

    typical_rows = 500
    row_cost = 2.0
    examples = [
        "SELECT p.name, s.remote_address, s.remote_port FROM process_open_sockets s JOIN processes p USING (pid) "
        "WHERE s.state = 'ESTABLISHED' AND s.family IN (2, 10);"
    ]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        by_target = scan.shared("sockets by target", lambda: _by_target(scan))
        for pid, fd, target in descriptors(scan, scan.equals("pid")):
            # Nothing: no socket; a netlink or other one, not this table's; one opened since the list was read.
            for found in by_target.get(target, ()):
                yield (pid, int(fd), *found)


def _by_target(scan: Scan) -> dict[str, list[tuple[Any, ...]]]:
    """{what a descriptor's link says: the columns from `socket` on}; the subflows of MPTCP share an inode."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for namespace, s in all_sockets(scan):
        if s.inode:
            ends = (s.local_address, s.remote_address, s.local_port, s.remote_port)
            state = s.state if s.protocol == TCP else ""
            row = (s.inode, s.family, s.protocol, *ends, s.path, state, str(namespace))
            rows = found.setdefault(f"socket:[{s.inode}]", [])
            if row not in rows:
                # /proc/net, where sock_diag is refused, can list one twice while others close.
                rows.append(row)
    return found
