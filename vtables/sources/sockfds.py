"""Which process holds which socket: the descriptors in /proc/PID/fd that are sockets."""

from __future__ import annotations

from .procfs import descriptors
from .text import integer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..scan import Scan


def socket_fds(scan: Scan, asked: Iterable[int] | None = None) -> Iterator[tuple[int, int, int]]:
    """(inode, pid, fd) of every socket held by the processes asked for, by all where none are named."""
    for pid, fd, target in descriptors(scan, asked):
        if target[:8] == "socket:[":
            inode = integer(target[8:-1])
            if inode is not None:
                yield inode, pid, int(fd)
