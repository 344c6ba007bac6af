"""Which process holds which socket: the descriptors in /proc/PID/fd that are sockets."""

from __future__ import annotations

import os

from .procfs import pids

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..scan import Scan


def socket_fds(scan: Scan, asked: Iterable[int] | None = None) -> Iterator[tuple[int, int, int]]:
    """(inode, pid, fd) of every socket held by the processes asked for, by all where none are named."""
    proc = scan.host.proc
    for pid in pids(proc) if asked is None else asked:
        scan.check()
        if not isinstance(pid, int) or pid <= 0:
            continue
        scan.tried("processes", pid)
        folder = f"{proc}/{pid}/fd/"
        try:
            names = os.listdir(folder)
        except PermissionError:
            scan.denied("processes", pid)
            continue
        except OSError:
            # The process is gone.
            continue
        for name in names:
            try:
                target = os.readlink(folder + name)
            except OSError:
                continue
            if target[:8] == "socket:[":
                yield int(target[8:-1]), pid, int(name)
