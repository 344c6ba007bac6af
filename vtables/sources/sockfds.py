"""Which process holds which socket: the descriptors in /proc/PID/fd that are sockets."""

from __future__ import annotations

from .procfs import descriptors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..scan import Scan


def socket_fds(scan: Scan, asked: Iterable[int] | None = None) -> Iterator[tuple[int, int, int]]:
    """(inode, pid, fd) of every socket held by the processes asked for, by all where none are named."""
    for pid, fd, target in descriptors(scan, asked):
        if target[:8] == "socket:[":
            yield int(target[8:-1]), pid, int(fd)
