"""Sockets as /proc/net lists them (proc_pid_net(5)), for what the kernel does not tell by sock_diag."""

from __future__ import annotations

import _socket as socket  # as in netlink.py: `socket` itself costs 5 ms

from .files import read
from .sock_diag import LISTEN_STATE, STATES, TCP, Socket, unix_state
from .text import decode

# In /proc/net/unix: the socket listens (SO_ACCEPTCON); the socket is connected (SS_CONNECTED of linux/net.h).
_ACCEPTS = 0x10000
_CONNECTED = 3


def listed(proc: str, file: str, family: int, protocol: int) -> list[Socket]:
    """The sockets in a file of /proc/net, for the network namespace of the calling thread. Raises OSError."""
    # /proc/net is that of the process; a thread that entered another namespace has its own.
    folder = f"{proc}/thread-self/net" if proc == "/proc" else f"{proc}/net"
    raw = read(f"{folder}/{file}")
    if family == socket.AF_UNIX:
        return parse_unix_list(raw)
    return parse_packet_list(raw) if family == socket.AF_PACKET else parse_inet_list(raw, family, protocol)


def parse_inet_list(raw: bytes, family: int, protocol: int) -> list[Socket]:
    r"""The sockets of /proc/net/tcp and its like; a broken line is left out.

    >>> head = b"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    >>> line = b"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000  1000        0 42 1\n"
    >>> (found,) = parse_inet_list(head + line, 2, 6)
    >>> found.local_address, found.local_port, found.state, found.receive_queue, found.uid, found.inode
    ('127.0.0.1', 8080, 'LISTEN', 3, 1000, 42)
    """
    found = []
    for line in raw.split(b"\n")[1:]:
        fields = line.split()
        try:
            parsed = Socket(family, protocol, int(fields[9]))
            parsed.local_address, parsed.local_port = _end(fields[1], family)
            parsed.remote_address, parsed.remote_port = _end(fields[2], family)
            state = int(fields[3], 16)
            sent, _, received = fields[4].partition(b":")
            parsed.send_queue, parsed.receive_queue = int(sent, 16), int(received, 16)
            parsed.uid = int(fields[7]) if parsed.inode else None
        except (IndexError, ValueError):
            continue
        if protocol == TCP:
            parsed.state = STATES[state] if state < len(STATES) else str(state)
        elif protocol in (socket.IPPROTO_ICMP, socket.IPPROTO_ICMPV6):
            parsed.type = socket.SOCK_DGRAM
        found.append(parsed)
    return found


def parse_unix_list(raw: bytes) -> list[Socket]:
    r"""The sockets of /proc/net/unix; a broken line is left out.

    >>> (found,) = parse_unix_list(b"Num Path\nffff: 00000002 00000000 00010000 0001 01 77 /run/a b\n")
    >>> found.path, found.state, found.type == socket.SOCK_STREAM, found.inode
    ('/run/a b', 'LISTEN', True, 77)
    """
    found = []
    for line in raw.split(b"\n")[1:]:
        fields = line.split(None, 7)
        try:
            parsed = Socket(socket.AF_UNIX, 0, int(fields[6]))
            parsed.type = int(fields[4], 16)
            accepts = int(fields[3], 16) & _ACCEPTS
            parsed.state = unix_state(LISTEN_STATE if accepts else int(int(fields[5], 16) == _CONNECTED))
        except (IndexError, ValueError):
            continue
        parsed.path = decode(fields[7]) if len(fields) > 7 else ""
        found.append(parsed)
    return found


def parse_packet_list(raw: bytes) -> list[Socket]:
    r"""The sockets of /proc/net/packet; a broken line is left out.

    >>> (found,) = parse_packet_list(b"sk RefCnt\nffff 3 3 0003 2 1 0 1000 51\n")
    >>> found.protocol, found.interface, found.type == socket.SOCK_RAW, found.uid, found.inode
    (3, 2, True, 1000, 51)
    """
    found = []
    for line in raw.split(b"\n")[1:]:
        fields = line.split()
        try:
            parsed = Socket(socket.AF_PACKET, int(fields[3], 16), int(fields[8]))
            parsed.type, parsed.interface = int(fields[2]), int(fields[4])
            parsed.receive_queue, parsed.uid = int(fields[6]), int(fields[7])
        except (IndexError, ValueError):
            continue
        found.append(parsed)
    return found


def _end(field: bytes, family: int) -> tuple[str, int]:
    """Address and port of `0100007F:1F90`: the address in words of the host's byte order. Raises ValueError."""
    import sys

    address, _, port = field.partition(b":")
    raw = bytes.fromhex(address.decode("ascii"))
    if len(raw) != (4 if family == socket.AF_INET else 16):
        raise ValueError(field)
    if sys.byteorder == "little":
        raw = b"".join([raw[at : at + 4][::-1] for at in range(0, len(raw), 4)])
    return socket.inet_ntop(family, raw), int(port, 16)
