"""Asking the kernel by netlink(7): one request, all its answers; and the attributes in them."""

from __future__ import annotations

import os
import socket
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# linux/netlink.h
_NLM_F_REQUEST, _NLM_F_DUMP = 0x1, 0x300
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
# Flags in an attribute's type: nested, network byte order.
_TYPE_MASK = 0x3FFF


def dump(protocol: int, kind: int, body: bytes) -> Iterator[tuple[int, bytes]]:
    """(type, payload) of every answer to a dump request. Raises OSError as the kernel reports."""
    request = _HEADER.pack(_HEADER.size + len(body), kind, _NLM_F_REQUEST | _NLM_F_DUMP, 1, 0) + body
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol) as link:
        link.send(request)
        while True:
            data = link.recv(1 << 18)
            at = 0
            while at + _HEADER.size <= len(data):
                length, answer, _, _, _ = _HEADER.unpack_from(data, at)
                if answer == _NLMSG_DONE:
                    return
                payload = data[at + _HEADER.size : at + length]
                if answer == _NLMSG_ERROR:
                    code = -int(struct.unpack_from("=i", payload)[0])
                    raise OSError(code, os.strerror(code))
                yield answer, payload
                at += max((length + 3) & ~3, _HEADER.size)


def attributes(payload: bytes, start: int) -> dict[int, bytes]:
    """The attributes that begin at `start`, by type; what is cut off is left out.

    >>> attributes(bytes([0, 0, 5, 0, 3, 0, 65, 0, 0, 0]), 2)
    {3: b'A'}
    """
    found = {}
    at = start
    while at + _ATTRIBUTE.size <= len(payload):
        length, kind = _ATTRIBUTE.unpack_from(payload, at)
        if length < _ATTRIBUTE.size or at + length > len(payload):
            break
        found[kind & _TYPE_MASK] = payload[at + _ATTRIBUTE.size : at + length]
        at += (length + 3) & ~3
    return found
