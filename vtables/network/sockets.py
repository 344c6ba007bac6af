"""The table `sockets`: every socket of every network namespace that may be entered, whoever holds it."""

from __future__ import annotations

from ..scan import Scan
from ..sources.netns import all_sockets
from ..table import BIGINT, INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class Sockets(Table):
    """The TCP, UDP and unix sockets the kernel lists (sock_diag(7)), each once, held by a process or not."""

    socket = Column(BIGINT, "Inode of the socket; 0 for one that has been let go (TIME_WAIT)")
    family = Column(INTEGER, "Address family: 2 IPv4, 10 IPv6, 1 unix")
    protocol = Column(INTEGER, "Protocol number: 6 TCP, 17 UDP, 0 for unix sockets")
    state = Column(TEXT, "State of the connection; '' for UDP")
    local_address = Column(TEXT, "Local address; '' for unix sockets")
    local_port = Column(INTEGER, "Local port")
    remote_address = Column(TEXT, "Remote address; '' for unix sockets")
    remote_port = Column(INTEGER, "Remote port, 0 for none")
    path = Column(TEXT, "Path of a unix socket; an abstract one begins with @")
    uid = Column(BIGINT, "User that opened it; NULL for unix sockets")
    receive_queue = Column(BIGINT, "Bytes not yet read; connections not yet accepted for a listening TCP socket")
    send_queue = Column(BIGINT, "Bytes not yet acknowledged; the greatest backlog for a listening TCP socket")
    net_namespace = Column(TEXT, "Inode of the network namespace")

    typical_rows = 500
    examples = ["SELECT state, count(*) AS sockets FROM sockets WHERE protocol = 6 GROUP BY state;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        for namespace, s in all_sockets(scan):
            ends = (s.local_address, s.local_port, s.remote_address, s.remote_port)
            queues = (s.receive_queue, s.send_queue)
            yield (s.inode, s.family, s.protocol, s.state, *ends, s.path, s.uid, *queues, str(namespace))
