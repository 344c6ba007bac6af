"""The table `sockets`: every socket of every network namespace that may be entered, whoever holds it."""

from __future__ import annotations

from operator import attrgetter

from ..scan import Scan
from ..sources.netns import all_sockets
from ..table import BIGINT, INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..sources.sock_diag import Socket
    from ..sources.socket_details import Details

_TYPES = {1: "stream", 2: "datagram", 3: "raw", 5: "seqpacket"}


class _Row:
    """A socket as a row: what it has beside its ends is taken apart when a column first needs it."""

    __slots__ = ("_details", "net_namespace", "socket")

    def __init__(self, namespace: int, found: Socket) -> None:
        self.net_namespace = str(namespace)
        self.socket = found
        self._details: Details | None = None

    @property
    def details(self) -> Details:
        if self._details is None:
            from ..sources.socket_details import Details

            self._details = Details(self.socket)
        return self._details

    type = property(lambda self: _TYPES.get(self.socket.type, str(self.socket.type)))


def _tcp(name: str) -> Callable[[_Row], int | None]:
    return lambda row: row.details.tcp.get(name)


class Sockets(Table):
    """The TCP, UDP, raw, packet and unix sockets the kernel lists (sock_diag(7)), each once, held by a process or not.

    Figures of a connection (struct tcp_info of linux/tcp.h) are NULL for sockets that have none: other protocols,
    listening sockets, TIME_WAIT; and for those that the running kernel does not keep yet.
    """

    socket = Column(
        BIGINT,
        "Inode of the socket; 0 for one that no process holds: let go (TIME_WAIT), not accepted yet",
        value=attrgetter("socket.inode"),
    )
    family = Column(INTEGER, "Address family: 2 IPv4, 10 IPv6, 1 unix, 17 packet", value=attrgetter("socket.family"))
    protocol = Column(
        INTEGER,
        "Protocol number: 6 TCP, 17 UDP, 136 UDP-Lite, 1 and 58 ping, 0 unix, "
        "255 raw (the local port is then the IP protocol); of packet sockets the Ethernet type, 3 for all",
        value=attrgetter("socket.protocol"),
    )
    state = Column(TEXT, "State of the connection; '' for protocols without", value=attrgetter("socket.state"))
    local_address = Column(TEXT, "Local address; '' for unix sockets", value=attrgetter("socket.local_address"))
    local_port = Column(INTEGER, "Local port", value=attrgetter("socket.local_port"))
    remote_address = Column(TEXT, "Remote address; '' for unix sockets", value=attrgetter("socket.remote_address"))
    remote_port = Column(INTEGER, "Remote port, 0 for none", value=attrgetter("socket.remote_port"))
    path = Column(TEXT, "Path of a unix socket; an abstract one begins with @", value=attrgetter("socket.path"))
    uid = Column(
        BIGINT,
        "User that opened it; NULL for one without inode, whose user the kernel does not keep, and on an old kernel",
        value=attrgetter("details.uid"),
    )
    receive_queue = Column(
        BIGINT,
        "Bytes not yet read; connections not yet accepted for a listening socket",
        value=lambda row: row.details.waiting[0],
    )
    send_queue = Column(
        BIGINT,
        "Bytes not yet acknowledged; the greatest backlog for a listening socket",
        value=lambda row: row.details.waiting[1],
    )
    net_namespace = Column(TEXT, "Inode of the network namespace")
    type = Column(TEXT, "stream, datagram, seqpacket or raw")
    interface = Column(
        INTEGER, "Index of the interface it is bound to; 0 for none", value=attrgetter("socket.interface")
    )
    peer = Column(
        BIGINT, "Inode of the socket at the other end of a unix socket; NULL for none", value=attrgetter("details.peer")
    )
    mark = Column(BIGINT, "Firewall mark (SO_MARK); NULL where only root may know", value=attrgetter("details.mark"))
    receive_buffer = Column(
        BIGINT, "Greatest receive buffer, in bytes (SO_RCVBUF)", value=attrgetter("details.receive_buffer")
    )
    send_buffer = Column(BIGINT, "Greatest send buffer, in bytes (SO_SNDBUF)", value=attrgetter("details.send_buffer"))
    drops = Column(BIGINT, "Packets dropped, for want of room or as broken", value=attrgetter("details.drops"))
    congestion_control = Column(
        TEXT, "Congestion control of a TCP socket, such as cubic", value=attrgetter("details.congestion_control")
    )
    rtt = Column(BIGINT, "Smoothed round-trip time, in microseconds; NULL before the first", value=_tcp("rtt"))
    rtt_variance = Column(BIGINT, "Mean deviation of the round-trip time, in microseconds", value=_tcp("rtt_variance"))
    min_rtt = Column(
        BIGINT, "Least round-trip time seen of late, in microseconds; NULL before the first", value=_tcp("min_rtt")
    )
    retransmit_timeout = Column(
        BIGINT, "Time until an unacknowledged segment is sent again, in microseconds", value=_tcp("retransmit_timeout")
    )
    retransmits = Column(BIGINT, "Segments sent again, since the connection began", value=_tcp("retransmits"))
    retransmitting = Column(
        INTEGER, "Times the oldest segment was sent again without an answer yet", value=_tcp("retransmitting")
    )
    lost = Column(BIGINT, "Segments on the way that are thought lost", value=_tcp("lost"))
    unacknowledged = Column(BIGINT, "Segments sent and not yet acknowledged", value=_tcp("unacknowledged"))
    bytes_sent = Column(
        BIGINT, "Bytes sent, those sent again too, since the connection began", value=_tcp("bytes_sent")
    )
    bytes_acked = Column(BIGINT, "Bytes sent that the peer has acknowledged", value=_tcp("bytes_acked"))
    bytes_received = Column(BIGINT, "Bytes received", value=_tcp("bytes_received"))
    bytes_retransmitted = Column(BIGINT, "Bytes sent again", value=_tcp("bytes_retransmitted"))
    not_sent = Column(BIGINT, "Bytes the program has written that are not sent yet", value=_tcp("not_sent"))
    segments_sent = Column(BIGINT, "Segments sent", value=_tcp("segments_sent"))
    segments_received = Column(BIGINT, "Segments received", value=_tcp("segments_received"))
    congestion_window = Column(BIGINT, "Congestion window, in segments", value=_tcp("congestion_window"))
    slow_start_threshold = Column(
        BIGINT, "Window at which slow start ends, in segments; NULL for none yet", value=_tcp("slow_start_threshold")
    )
    send_mss = Column(BIGINT, "Largest segment sent, in bytes", value=_tcp("send_mss"))
    path_mtu = Column(BIGINT, "Largest packet of the path, in bytes", value=_tcp("path_mtu"))
    pacing_rate = Column(
        BIGINT, "Rate at which packets are let out, in bytes/s; NULL for unlimited", value=_tcp("pacing_rate")
    )
    delivery_rate = Column(
        BIGINT, "Rate at which data arrived of late, in bytes/s; NULL before it is known", value=_tcp("delivery_rate")
    )
    last_sent = Column(BIGINT, "Time since data was sent last, in milliseconds", value=_tcp("last_sent"))
    last_received = Column(BIGINT, "Time since data was received last, in milliseconds", value=_tcp("last_received"))

    identity = (
        "net_namespace",
        "socket",
        "family",
        "protocol",
        "local_address",
        "local_port",
        "remote_address",
        "remote_port",
    )
    typical_rows = 500
    examples = [
        "SELECT state, count(*) AS sockets FROM sockets WHERE protocol = 6 GROUP BY state;",
        "SELECT remote_address, rtt, retransmits, bytes_sent FROM sockets WHERE rtt IS NOT NULL;",
    ]

    def rows(self, scan: Scan) -> Iterator[_Row]:
        for namespace, found in all_sockets(scan):
            yield _Row(namespace, found)
