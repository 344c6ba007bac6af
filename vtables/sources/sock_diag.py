"""The kernel's list of sockets by netlink sock_diag(7): TCP, UDP and unix sockets of a network namespace."""

from __future__ import annotations

import os
import socket
import struct

from .text import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h, linux/unix_diag.h
_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_NLM_F_REQUEST, _NLM_F_DUMP = 0x1, 0x300
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_HEADER = struct.Struct("=IHHII")
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
            for payload in _dump(_request(family, protocol)):
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
    at = _UNIX.size
    while at + 4 <= len(payload):
        length, kind = struct.unpack_from("=HH", payload, at)
        if length < 4:
            break
        if kind == _UNIX_NAME:
            name = payload[at + 4 : at + length]
            parsed.path = decode((name.rstrip(b"\0") if name[:1] != b"\0" else name).replace(b"\0", b"@"))
        at += (length + 3) & ~3
    return parsed


def _request(family: int, protocol: int) -> bytes:
    if family == socket.AF_UNIX:
        body = struct.pack("=BBHIIIII", family, 0, 0, _ALL_STATES, 0, _UDIAG_SHOW_NAME, 0, 0)
    else:
        body = struct.pack("=BBBBI48s", family, protocol, 0, 0, _ALL_STATES, b"")
    flags = _NLM_F_REQUEST | _NLM_F_DUMP
    return _HEADER.pack(_HEADER.size + len(body), _SOCK_DIAG_BY_FAMILY, flags, 1, 0) + body


def _dump(request: bytes) -> Iterator[bytes]:
    """The payloads of all answers. Raises OSError as the kernel reports."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_SOCK_DIAG) as link:
        link.send(request)
        while True:
            data = link.recv(1 << 18)
            at = 0
            while at + _HEADER.size <= len(data):
                length, kind, _, _, _ = _HEADER.unpack_from(data, at)
                if kind == _NLMSG_DONE:
                    return
                payload = data[at + _HEADER.size : at + length]
                if kind == _NLMSG_ERROR:
                    code = -int(struct.unpack_from("=i", payload)[0])
                    raise OSError(code, os.strerror(code))
                yield payload
                at += max((length + 3) & ~3, _HEADER.size)
