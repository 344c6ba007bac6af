"""The table `listening_ports`: sockets that wait for connections or datagrams."""

from __future__ import annotations

from ..scan import Scan
from ..sources.netns import all_sockets
from ..sources.sock_diag import UDP, UDPLITE, Socket
from ..sources.sockfds import socket_fds
from ..table import BIGINT, INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_UNIX, _PACKET, _DATAGRAM = 1, 17, 2


class ListeningPorts(Table):
    """Sockets that wait for connections or datagrams, with the process that holds each."""

    pid = Column(INTEGER, "Process that holds it; NULL where it may not be seen")
    port = Column(INTEGER, "Local port; 0 for unix sockets")
    protocol = Column(INTEGER, "Protocol number: 6 TCP, 17 UDP, 136 UDP-Lite, 0 for unix sockets")
    family = Column(INTEGER, "Address family: 2 IPv4, 10 IPv6, 1 unix")
    address = Column(TEXT, "Local address; '' for unix sockets")
    fd = Column(BIGINT, "File descriptor in the process")
    socket = Column(BIGINT, "Inode of the socket")
    path = Column(TEXT, "Path of a unix socket; an abstract one begins with @")
    net_namespace = Column(TEXT, "Inode of the network namespace")

    typical_rows = 50
    row_cost = 10.0
    examples = [
        "SELECT p.name, l.port, l.address FROM listening_ports l JOIN processes p USING (pid) WHERE l.port > 0;"
    ]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        waiting = [(namespace, s) for namespace, s in all_sockets(scan) if _waits(s)]
        inodes = {s.inode for _, s in waiting}
        holders: dict[int, list[tuple[int | None, int | None]]] = {}
        for inode, pid, fd in socket_fds(scan):
            if inode in inodes:
                holders.setdefault(inode, []).append((pid, fd))
        for namespace, s in waiting:
            for holder, number in holders.get(s.inode) or [(None, None)]:
                where = (s.local_port, s.protocol, s.family, s.local_address)
                yield (holder, *where, number, s.inode, s.path, str(namespace))


def _waits(s: Socket) -> bool:
    if s.protocol in (UDP, UDPLITE) and s.family != _PACKET:
        return s.remote_port == 0
    if s.family == _UNIX and s.type == _DATAGRAM:
        # Bound to a name to send to, as /dev/log is. Its state says nothing: a client's connect(2) changes it.
        return bool(s.path)
    return s.state == "LISTEN"
