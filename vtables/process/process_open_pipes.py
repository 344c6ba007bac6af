"""The table `process_open_pipes`: pipes, and who is at the other end."""

from __future__ import annotations

import stat

from ..scan import Scan
from ..sources.procfs import descriptors, parse_fields
from ..table import BIGINT, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


_WRITE_ONLY, _READ_WRITE = 1, 2


class ProcessOpenPipes(Table):
    """Pipes and FIFOs that processes hold open: a row for each descriptor and descriptor at the other end."""

    pid = Column(BIGINT, "Process id")
    fd = Column(BIGINT, "File descriptor")
    mode = Column(TEXT, "r for the end that reads, w for the one that writes, rw for both")
    inode = Column(BIGINT, "Inode of the pipe")
    type = Column(TEXT, "anonymous, or named for a FIFO")
    partner_pid = Column(BIGINT, "Process at the other end; NULL where none is seen")
    partner_fd = Column(BIGINT, "Its file descriptor")
    partner_mode = Column(TEXT, "Its mode")

    typical_rows = 200
    examples = ["SELECT pid, fd, mode, partner_pid FROM process_open_pipes WHERE type = 'anonymous' LIMIT 5;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        ends: dict[tuple[int, int], list[tuple[int, int, str, str]]] = {}
        for pid, fd, target in descriptors(scan, None):
            path = f"/proc/{pid}/fd/{fd}"
            try:
                if target[:6] == "pipe:[":
                    key, kind = (0, int(target[6:-1])), "anonymous"
                elif target[:1] in ("/", ""):
                    # As the kernel has it at hand: a file on a dead mount would not answer.
                    device, inode, file_mode = scan.host.identity_magic(path)
                    if not stat.S_ISFIFO(file_mode):
                        continue
                    key, kind = (device, inode), "named"
                else:
                    continue
                ends.setdefault(key, []).append((pid, int(fd), _mode(scan, f"/proc/{pid}/fdinfo/{fd}"), kind))
            except (OSError, ValueError):
                # Closed since the directory was read; or no kernel wrote this link.
                continue
        for (_, inode), holders in ends.items():
            # What may read is at the other end of what writes; thousands of processes can share one end.
            opposite = {
                "r": [holder for holder in holders if "w" in holder[2]],
                "w": [holder for holder in holders if "r" in holder[2]],
                "rw": holders,
            }
            for holder in holders:
                pid, number, mode, kind = holder
                alone = True
                for partner in opposite[mode]:
                    if partner is not holder:
                        alone = False
                        yield (pid, number, mode, inode, kind, *partner[:3])
                if alone:
                    yield (pid, number, mode, inode, kind, None, None, "")


def _mode(scan: Scan, path: str) -> str:
    """r, w or rw from the flags in /proc/PID/fdinfo/FD (octal)."""
    flags = int(parse_fields(scan.host.read(path)).get(b"flags", b"0"), 8) & 3
    return "rw" if flags == _READ_WRITE else "w" if flags == _WRITE_ONLY else "r"
