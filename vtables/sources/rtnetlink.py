"""Interfaces, addresses, routes and neighbours of the network namespace, by rtnetlink(7)."""

from __future__ import annotations

import socket
import struct

from .netlink import attributes, dump
from .text import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# linux/rtnetlink.h
_NETLINK_ROUTE = 0
_RTM_GETLINK, _RTM_GETADDR, _RTM_GETROUTE, _RTM_GETNEIGH = 18, 22, 26, 30
_LINK = struct.Struct("=BxHiII")
_ADDRESS = struct.Struct("=BBBBI")
_ROUTE = struct.Struct("=BBBBBBBBI")
_NEIGHBOUR = struct.Struct("=BxxxiHBB")
_STATS64 = struct.Struct("=10Q")
_RTA_OIF, _RTA_GATEWAY, _RTA_MULTIPATH, _RTA_TABLE, _RTA_VIA = 4, 5, 9, 15, 18
_NEXT_HOP = struct.Struct("=HBBi")
_RTAX_MTU, _RTAX_HOPLIMIT = 2, 10
_ATTEMPTS = 5


class Link:
    """An interface. stats: packets, bytes, errors, drops, each received then sent; then (multicast,) collisions."""

    __slots__ = ("flags", "hardware_type", "index", "mac", "mtu", "name", "stats")

    def __init__(self, payload: bytes) -> None:
        _, self.hardware_type, self.index, self.flags, _ = _LINK.unpack_from(payload)
        found = attributes(payload, _LINK.size)
        self.name = decode(found.get(3, b"").rstrip(b"\0"))
        self.mac = ":".join([f"{byte:02x}" for byte in found.get(1, b"")])
        self.mtu = _u32(found.get(4))
        raw = found.get(23, b"")
        self.stats = _STATS64.unpack_from(raw) if len(raw) >= _STATS64.size else (0,) * 10


class Address:
    """An address of an interface; broadcast and peer are '' where it has none."""

    __slots__ = ("address", "broadcast", "family", "index", "peer", "prefix")

    def __init__(self, payload: bytes) -> None:
        self.family, self.prefix, _, _, self.index = _ADDRESS.unpack_from(payload)
        found = attributes(payload, _ADDRESS.size)
        self.address = ip_text(found.get(2) or found.get(1))
        self.peer = ip_text(found.get(1))
        self.broadcast = ip_text(found.get(4))


class Route:
    """A route of any table of the kernel; one with several next hops is as many of these."""

    __slots__ = (
        "destination",
        "family",
        "flags",
        "gateway",
        "hops",
        "index",
        "metric",
        "mtu",
        "prefix",
        "source",
        "table",
        "type",
    )

    def __init__(self, payload: bytes, hop: tuple[int, int, dict[int, bytes]] | None = None) -> None:
        """From a struct rtmsg; a next hop (its flags, interface and attributes) stands in for the route's own."""
        self.family, self.prefix, _, _, table, _, _, self.type, self.flags = _ROUTE.unpack_from(payload)
        found = attributes(payload, _ROUTE.size)
        everything = "::" if self.family == socket.AF_INET6 else "0.0.0.0"
        self.destination = ip_text(found.get(1)) or everything
        self.source = ip_text(found.get(7))
        self.index = _u32(found.get(_RTA_OIF))
        self.table = _u32(found.get(_RTA_TABLE)) or table
        towards = found
        if hop is not None:
            flags, self.index, towards = hop
            self.flags |= flags
        # RTA_VIA: a gateway of the other family, after two bytes that say which.
        self.gateway = ip_text(towards.get(_RTA_GATEWAY) or towards.get(_RTA_VIA, b"")[2:])
        self.metric = _u32(found.get(6))
        metrics = attributes(found.get(8, b""), 0)
        self.mtu = _u32(metrics.get(_RTAX_MTU))
        self.hops = _u32(metrics.get(_RTAX_HOPLIMIT))


class Neighbour:
    """An entry of the ARP or neighbour cache; state as NUD_* of linux/neighbour.h."""

    __slots__ = ("address", "family", "index", "mac", "state")

    def __init__(self, payload: bytes) -> None:
        self.family, self.index, self.state, _, _ = _NEIGHBOUR.unpack_from(payload)
        found = attributes(payload, _NEIGHBOUR.size)
        self.address = ip_text(found.get(1))
        self.mac = ":".join([f"{byte:02x}" for byte in found.get(2, b"")])


def links() -> Iterator[Link]:
    """The interfaces. Raises OSError."""
    for _, payload in _list(_RTM_GETLINK, _LINK.pack(0, 0, 0, 0, 0)):
        yield Link(payload)


def addresses() -> Iterator[Address]:
    """The addresses, IPv4 and IPv6. Raises OSError."""
    for _, payload in _list(_RTM_GETADDR, _ADDRESS.pack(0, 0, 0, 0, 0)):
        yield Address(payload)


def routes() -> Iterator[Route]:
    """The routes, IPv4 and IPv6. Raises OSError."""
    for family in (socket.AF_INET, socket.AF_INET6):
        for _, payload in _list(_RTM_GETROUTE, _ROUTE.pack(family, 0, 0, 0, 0, 0, 0, 0, 0)):
            yield from routes_of(payload)


def routes_of(payload: bytes) -> list[Route]:
    """The route of a message, as one for each of its next hops."""
    several = attributes(payload, _ROUTE.size).get(_RTA_MULTIPATH)
    if several is None:
        return [Route(payload)]
    found = []
    at = 0
    while at + _NEXT_HOP.size <= len(several):
        length, flags, _, index = _NEXT_HOP.unpack_from(several, at)
        if length < _NEXT_HOP.size:
            break
        hop = attributes(several[: at + length], at + _NEXT_HOP.size)
        found.append(Route(payload, (flags, index, hop)))
        at += (length + 3) & ~3
    return found


def neighbours() -> Iterator[Neighbour]:
    """The neighbours of both families. Raises OSError."""
    for _, payload in _list(_RTM_GETNEIGH, _NEIGHBOUR.pack(0, 0, 0, 0, 0)):
        yield Neighbour(payload)


def _list(kind: int, body: bytes) -> list[tuple[int, bytes]]:
    """The kernel's answers, asked for again when the list changed meanwhile. Raises OSError."""
    for attempt in range(_ATTEMPTS):
        try:
            # An answer begins with the same structure as the request.
            return [answer for answer in dump(_NETLINK_ROUTE, kind, body) if len(answer[1]) >= len(body)]
        except InterruptedError:
            if attempt == _ATTEMPTS - 1:
                raise
    return []


def ip_text(raw: bytes | None) -> str:
    """An address in text; '' where there is none.

    >>> ip_text(bytes([127, 0, 0, 1])), ip_text(None)
    ('127.0.0.1', '')
    """
    if raw is None or len(raw) not in (4, 16):
        return ""
    return socket.inet_ntop(socket.AF_INET if len(raw) == 4 else socket.AF_INET6, raw)


def _u32(raw: bytes | None) -> int:
    return int(struct.unpack_from("=I", raw)[0]) if raw is not None and len(raw) >= 4 else 0
