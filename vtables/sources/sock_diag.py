"""The kernel's list of sockets by netlink sock_diag(7): TCP, UDP, raw and unix sockets of a network namespace."""

from __future__ import annotations

import _socket as socket  # as in netlink.py: `socket` itself costs 5 ms
import struct

from .netlink import attributes, dump
from .text import decode

# linux/sock_diag.h, linux/inet_diag.h, linux/unix_diag.h
_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_INET = struct.Struct("=BBBBHH16s16sI8sIIIII")
_ntohs = socket.ntohs
_UNIX = struct.Struct("=BBBBI8s")
_UNIX_NAME = 0
_UDIAG_SHOW_NAME = 0x1
# What else is asked for where details are wanted: struct tcp_info, congestion control and the memory of the socket
# (bits of INET_DIAG_*); peer, queue, memory and owner of unix sockets (UDIAG_SHOW_*).
_INET_DETAILS = 1 << 1 | 1 << 3 | 1 << 6
_UNIX_DETAILS = 0x4 | 0x10 | 0x20 | 0x40
_ALL_STATES = 0xFFFFFFFF

TCP, UDP, UDPLITE, RAW = 6, 17, 136, 255
LISTEN_STATE = 10
# net/tcp_states.h, in its order from 1.
STATES = (
    "",
    "ESTABLISHED",
    "SYN_SENT",
    "SYN_RECV",
    "FIN_WAIT1",
    "FIN_WAIT2",
    "TIME_WAIT",
    "CLOSED",
    "CLOSE_WAIT",
    "LAST_ACK",
    "LISTEN",
    "CLOSING",
    "NEW_SYN_RECV",
)
_addresses: dict[tuple[int, bytes], str] = {}
_MOST_ADDRESSES = 10_000
# (family, protocol, the file of /proc/net that lists the same)
DUMPS = (
    (socket.AF_INET, TCP, "tcp"),
    (socket.AF_INET6, TCP, "tcp6"),
    (socket.AF_INET, UDP, "udp"),
    (socket.AF_INET6, UDP, "udp6"),
    (socket.AF_INET, UDPLITE, "udplite"),
    (socket.AF_INET6, UDPLITE, "udplite6"),
    (socket.AF_INET, RAW, "raw"),
    (socket.AF_INET6, RAW, "raw6"),
    (socket.AF_UNIX, 0, "unix"),
)

# Those of ping(8), and of programs that see whole packets: what sock_diag tells of them is no more than /proc/net does.
LISTED = (
    (socket.AF_INET, socket.IPPROTO_ICMP, "icmp"),
    (socket.AF_INET6, socket.IPPROTO_ICMPV6, "icmp6"),
    (socket.AF_PACKET, 0, "packet"),
)


class Socket:
    """One socket as the kernel lists it.

    interface is the index of the one it is bound to, 0 for none; type is SOCK_*; state is one of STATES, '' for a
    protocol without; uid is None where the list does not hold it, and for a socket without inode, which no process
    holds: one that was let go (TIME_WAIT, an orphan) or is not accepted yet; queues are in bytes (for a listening TCP
    socket the receive queue counts connections that wait to be accepted). details are the attributes that were asked
    for beside, as they came: `sources.socket_details` reads them.
    """

    __slots__ = (
        "details",
        "family",
        "inode",
        "interface",
        "local_address",
        "local_port",
        "path",
        "protocol",
        "receive_queue",
        "remote_address",
        "remote_port",
        "send_queue",
        "state",
        "type",
        "uid",
    )

    def __init__(self, family: int, protocol: int, inode: int) -> None:
        self.family = family
        self.protocol = protocol
        self.inode = inode
        self.local_address = self.remote_address = self.path = self.state = ""
        self.local_port = self.remote_port = 0
        self.receive_queue = self.send_queue = self.interface = 0
        self.type = socket.SOCK_STREAM if protocol == TCP else socket.SOCK_RAW if protocol == RAW else socket.SOCK_DGRAM
        self.uid: int | None = None
        self.details = b""


class Sockets:
    """All sockets of a network namespace; `notes` says what is missing, for want of the kernel's own list."""

    def __init__(self) -> None:
        self.sockets: list[Socket] = []
        self.notes: list[str] = []


def sockets(proc: str = "/proc", *, detailed: bool = False) -> Sockets:
    """The sockets of the calling thread's network namespace; with details, each has its attributes.

    What sock_diag refuses (not permitted, a kernel without the module) is read from /proc/net.
    """
    from .procnet import listed

    found = Sockets()
    for family, protocol, file in DUMPS:
        before = len(found.sockets)
        try:
            for _, payload in dump(_NETLINK_SOCK_DIAG, _SOCK_DIAG_BY_FAMILY, _request(family, protocol, detailed)):
                parsed = parse_unix(payload) if family == socket.AF_UNIX else parse_inet(payload, protocol)
                if parsed is not None:
                    found.sockets.append(parsed)
        except OSError as error:
            del found.sockets[before:]
            try:
                found.sockets += listed(proc, file, family, protocol)
            except FileNotFoundError:
                # A kernel without this protocol.
                continue
            except OSError:
                found.notes.append(f"the kernel does not list {file} sockets: {error.strerror}")
            else:
                if detailed and len(found.sockets) > before:
                    found.notes.append(f"{file} sockets are without details: {error.strerror}")
    for family, protocol, file in LISTED:
        try:
            found.sockets += listed(proc, file, family, protocol)
        except OSError:
            continue
    return found


def parse_inet(payload: bytes, protocol: int) -> Socket | None:
    """A struct inet_diag_msg; None for a message that is too short."""
    if len(payload) < _INET.size:
        return None
    family, state, _, _, sport, dport, source, destination, interface, _, _, rqueue, wqueue, uid, inode = (
        _INET.unpack_from(payload)
    )
    parsed = Socket(family, protocol, inode)
    parsed.local_address, parsed.remote_address = _address(family, source), _address(family, destination)
    parsed.local_port, parsed.remote_port = _ntohs(sport), _ntohs(dport)
    parsed.receive_queue, parsed.send_queue, parsed.interface = rqueue, wqueue, interface
    if inode:
        # Without one the kernel has no owner to name, and writes 0, which is root's.
        parsed.uid = uid
    if protocol == TCP:
        parsed.state = STATES[state] if state < len(STATES) else str(state)
    if len(payload) > _INET.size:
        parsed.details = payload[_INET.size :]
    return parsed


def _address(family: int, raw: bytes) -> str:
    """The address as text; remembered, since the sockets of a host share few of them."""
    found = _addresses.get((family, raw))
    if found is None:
        if len(_addresses) >= _MOST_ADDRESSES:
            _addresses.clear()
        size = {socket.AF_INET: 4, socket.AF_INET6: 16}.get(family, 0)
        found = socket.inet_ntop(family, raw[:size]) if size else ""
        _addresses[family, raw] = found
    return found


def parse_unix(payload: bytes) -> Socket | None:
    """A struct unix_diag_msg with its attributes; an abstract name begins with `@`, other NULs too become `@`."""
    if len(payload) < _UNIX.size:
        return None
    _, kind, state, _, inode, _ = _UNIX.unpack_from(payload)
    parsed = Socket(socket.AF_UNIX, 0, inode)
    parsed.type = kind
    parsed.state = unix_state(state)
    name = attributes(payload, _UNIX.size).get(_UNIX_NAME, b"")
    parsed.path = decode((name.rstrip(b"\0") if name[:1] != b"\0" else name).replace(b"\0", b"@"))
    parsed.details = payload[_UNIX.size :]
    return parsed


def unix_state(state: int) -> str:
    """A unix socket's state, from the number of the TCP state the kernel borrows for it."""
    return "LISTEN" if state == LISTEN_STATE else "ESTABLISHED" if state == 1 else ""


def _request(family: int, protocol: int, detailed: bool) -> bytes:
    if family == socket.AF_UNIX:
        show = _UDIAG_SHOW_NAME | (_UNIX_DETAILS if detailed else 0)
        return struct.pack("=BBHIIIII", family, 0, 0, _ALL_STATES, 0, show, 0, 0)
    return struct.pack("=BBBBI48s", family, protocol, _INET_DETAILS if detailed else 0, 0, _ALL_STATES, b"")
