"""Socket addresses as audit writes them: the bytes of `struct sockaddr` in hexadecimal."""

from __future__ import annotations

import sys
from socket import AF_INET, AF_INET6, AF_UNIX, inet_ntop


class Address:
    """family, and for IPv4 and IPv6 address and port; for unix the path, which begins with '@' where it is abstract."""

    __slots__ = ("address", "family", "path", "port")

    def __init__(self, family: int, address: str | None = None, port: int | None = None, path: str = "") -> None:
        self.family = family
        self.address = address
        self.port = port
        self.path = path


def parse_sockaddr(raw: bytes) -> Address:
    """The address; ValueError where it is none.

    >>> found = parse_sockaddr(bytes.fromhex("020000357F000001"))
    >>> found.family, found.address, found.port
    (2, '127.0.0.1', 53)
    >>> parse_sockaddr(bytes.fromhex("01002F746D702F7300FF")).path
    '/tmp/s'
    """
    if len(raw) < 2:
        raise ValueError("no address family")
    family = int.from_bytes(raw[:2], sys.byteorder)
    if family == AF_INET and len(raw) >= 8:
        return Address(family, inet_ntop(AF_INET, raw[4:8]), int.from_bytes(raw[2:4], "big"))
    if family == AF_INET6 and len(raw) >= 24:
        return Address(family, inet_ntop(AF_INET6, raw[8:24]), int.from_bytes(raw[2:4], "big"))
    if family == AF_UNIX:
        path = raw[2:]
        if path[:1] == b"\0":
            # Its length is that of the address; what lies behind a terminating zero is the caller's stack.
            text = "@" + path[1:].rstrip(b"\0").decode("utf-8", "backslashreplace") if len(path) > 1 else ""
        else:
            text = path.partition(b"\0")[0].decode("utf-8", "backslashreplace")
        return Address(family, path=text)
    return Address(family)
