"""The table `process_open_files`: the files that processes hold open (/proc/PID/fd)."""

from __future__ import annotations

from ..scan import Scan
from ..sources.procfs import descriptors
from ..sources.text import from_os
from ..table import BIGINT, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


class ProcessOpenFiles(Table):
    """Open files of the processes: every descriptor that has a path; sockets, pipes and the like have none."""

    pid = Column(BIGINT, "Process id", key=True)
    fd = Column(BIGINT, "File descriptor")
    path = Column(TEXT, "Path of the file; a deleted one ends in ' (deleted)'")

    typical_rows = 2000
    examples = ["SELECT p.name, f.path FROM process_open_files f JOIN processes p USING (pid) LIMIT 5;"]

    def rows(self, scan: Scan) -> Iterator[tuple[int, int, str]]:
        for pid, fd, path in descriptors(scan, scan.equals("pid")):
            if path[:1] == "/":
                yield pid, int(fd), from_os(path)
