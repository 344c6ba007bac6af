"""The queue that the kernel keeps for a netlink socket: how large it is, and what found no room in it."""

from __future__ import annotations

import socket
import struct

# asm-generic/socket.h
_SO_RCVBUFFORCE, _SO_MEMINFO = 33, 55
# Of the nine numbers of SO_MEMINFO the last: datagrams that found no room (linux/sock_diag.h, SK_MEMINFO_DROPS).
_MEMINFO = struct.Struct("=9I")


class Queue:
    """The queue of a socket. Once it has overflowed, the next receive says ENOBUFS; `overflowed` tells by how much."""

    def __init__(self, link: socket.socket, size: int) -> None:
        """Make it `size` bytes long, or, for an ordinary user, as long as the host allows (net.core.rmem_max)."""
        self._link = link
        self._drops = 0
        try:
            link.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, size)
        except PermissionError:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)

    def overflowed(self) -> int:
        """Datagrams lost since the last call; at least one, since it is asked for no other reason."""
        try:
            drops: int = _MEMINFO.unpack(self._link.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size))[-1]
        except (OSError, struct.error):
            # Linux before 4.12 does not count for us.
            drops = self._drops + 1
        lost = max(drops - self._drops, 1)
        self._drops = drops
        return lost
