"""The kernel's list of sockets by netlink sock_diag(7): TCP, UDP and unix sockets of a network namespace."""

from __future__ import annotations

import socket
import struct

from .netlink import attributes, dump
from .text import decode

# linux/sock_diag.h, linux/inet_diag.h, linux/unix_diag.h
_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_INET = struct.Struct("=BBBB2s2s16s16sI8sIIIII")
_UNIX = struct.Struct("=BBBBI8s")
_UNIX_NAME = 0
_UDIAG_SHOW_NAME = 1
_ALL_STATES = 0xFFFFFFFF

TCP, UDP, UDPLITE = 6, 17, 136
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
_DUMPS = (
    (socket.AF_INET, TCP),
    (socket.AF_INET6, TCP),
    (socket.AF_INET, UDP),
    (socket.AF_INET6, UDP),
    (socket.AF_UNIX, 0),
)


class Socket:
    """One socket as the kernel lists it.

    state is one of STATES, '' for a protocol without; uid is None for unix sockets; queues are in bytes (for a
    listening TCP socket the receive queue counts connections that wait to be accepted).
    """

    __slots__ = (
        "family",
        "inode",
        "local_address",
        "local_port",
        "path",
        "protocol",
        "receive_queue",
        "remote_address",
        "remote_port",
        "send_queue",
        "state",
        "uid",
    )

    def __init__(self, family: int, protocol: int, inode: int) -> None:
        self.family = family
        self.protocol = protocol
        self.inode = inode
        self.local_address = self.remote_address = self.path = self.state = ""
        self.local_port = self.remote_port = 0
        self.receive_queue = self.send_queue = 0
        self.uid: int | None = None


class Sockets:
    """All sockets of a network namespace; `failed` names the dumps the kernel refused or cut short."""

    def __init__(self) -> None:
        self.sockets: list[Socket] = []
        self.failed: list[str] = []


def sockets() -> Sockets:
    """The sockets of the calling thread's network namespace."""
    found = Sockets()
    for family, protocol in _DUMPS:
        try:
            for _, payload in dump(_NETLINK_SOCK_DIAG, _SOCK_DIAG_BY_FAMILY, _request(family, protocol)):
                parsed = parse_unix(payload) if family == socket.AF_UNIX else parse_inet(payload, protocol)
                if parsed is not None:
                    found.sockets.append(parsed)
        except OSError as error:
            name = {TCP: "TCP", UDP: "UDP"}.get(protocol, "unix")
            found.failed.append(f"{name} sockets of family {family}: {error.strerror}")
    return found


def parse_inet(payload: bytes, protocol: int) -> Socket | None:
    """A struct inet_diag_msg; None for a message that is too short."""
    if len(payload) < _INET.size:
        return None
    family, state, _, _, sport, dport, source, destination, _, _, _, rqueue, wqueue, uid, inode = _INET.unpack_from(
        payload
    )
    parsed = Socket(family, protocol, inode)
    size = 4 if family == socket.AF_INET else 16
    parsed.local_address = socket.inet_ntop(family, source[:size]) if family in (2, 10) else ""
    parsed.remote_address = socket.inet_ntop(family, destination[:size]) if family in (2, 10) else ""
    parsed.local_port = int.from_bytes(sport, "big")
    parsed.remote_port = int.from_bytes(dport, "big")
    parsed.receive_queue, parsed.send_queue, parsed.uid = rqueue, wqueue, uid
    if protocol == TCP:
        parsed.state = STATES[state] if state < len(STATES) else str(state)
    return parsed


def parse_unix(payload: bytes) -> Socket | None:
    """A struct unix_diag_msg with its attributes; an abstract name begins with `@`, other NULs too become `@`."""
    if len(payload) < _UNIX.size:
        return None
    _, _, state, _, inode, _ = _UNIX.unpack_from(payload)
    parsed = Socket(socket.AF_UNIX, 0, inode)
    parsed.state = "LISTEN" if state == 10 else "ESTABLISHED" if state == 1 else ""
    name = attributes(payload, _UNIX.size).get(_UNIX_NAME, b"")
    parsed.path = decode((name.rstrip(b"\0") if name[:1] != b"\0" else name).replace(b"\0", b"@"))
    return parsed


def _request(family: int, protocol: int) -> bytes:
    if family == socket.AF_UNIX:
        return struct.pack("=BBHIIIII", family, 0, 0, _ALL_STATES, 0, _UDIAG_SHOW_NAME, 0, 0)
    return struct.pack("=BBBBI48s", family, protocol, 0, 0, _ALL_STATES, b"")
