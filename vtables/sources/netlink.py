"""Asking the kernel by netlink(7): one request, all its answers; and the attributes in them."""

from __future__ import annotations

# The C module beneath `socket`, which takes enum and selectors along: 5 ms of a start of 25. Its constants are plain
# integers, too, and compare at once.
import _socket as socket
import errno
import os
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# linux/netlink.h
_NLM_F_REQUEST, _NLM_F_DUMP = 0x1, 0x300
_NLM_F_DUMP_INTR = 0x10
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
# Flags in an attribute's type: nested, network byte order.
_TYPE_MASK = 0x3FFF


def dump(protocol: int, kind: int, body: bytes) -> Iterator[tuple[int, bytes]]:
    """(type, payload) of every answer to a dump request.

    Raises OSError as the kernel reports, at the end of the list too (a kernel without the module that knows the
    sockets asked for answers with an empty list that ends in ENOENT), and InterruptedError for a list that changed
    while it was read.
    """
    request = _HEADER.pack(_HEADER.size + len(body), kind, _NLM_F_REQUEST | _NLM_F_DUMP, 1, 0) + body
    link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
    try:
        link.send(request)
        seen = 0
        head, unpack = _HEADER.size, _HEADER.unpack_from
        while True:
            data = link.recv(1 << 18)
            at, last = 0, len(data) - head
            while at <= last:
                length, answer, flags, _, _ = unpack(data, at)
                payload = data[at + head : at + length]
                seen |= flags
                if answer in (_NLMSG_DONE, _NLMSG_ERROR):
                    code = -int.from_bytes(payload[:4], sys.byteorder, signed=True)
                    if code > 0:
                        raise OSError(code, os.strerror(code))
                    if seen & _NLM_F_DUMP_INTR:
                        raise InterruptedError(errno.EINTR, "the list changed while it was read")
                    return
                yield answer, payload
                at += (length + 3) & ~3 if length > head else head
    finally:
        link.close()


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
