"""The table `process_open_files`: the files that processes hold open (/proc/PID/fd)."""

from __future__ import annotations

from ..scan import Scan
from ..sources.process_paths import shown
from ..sources.procfs import descriptors
from ..sources.text import from_os
from ..table import BIGINT, INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


class ProcessOpenFiles(Table):
    """Open files of the processes: every descriptor that has a path; sockets, pipes and the like have none."""

    pid = Column(BIGINT, "Process id", key=True)
    fd = Column(BIGINT, "File descriptor")
    path = Column(
        TEXT,
        "Path of the file; ' (deleted)' follows that of a deleted one and one that another file has; NULL for one "
        "longer than 4,095 bytes, which the "
        "kernel does not show",
    )
    deleted = Column(INTEGER, "1 if the file is deleted, 0 if not, whatever its name ends in; NULL for not known")

    typical_rows = 2000
    examples = ["SELECT p.name, f.path FROM process_open_files f JOIN processes p USING (pid) LIMIT 5;"]

    def rows(self, scan: Scan) -> Iterator[tuple[int, int, str | None, int | None]]:
        looked_up = scan.wants("path", "deleted")
        for pid, fd, path in descriptors(scan, scan.equals("pid")):
            if path[:1] == "/":
                deleted: int | None = 0
                if looked_up:
                    try:
                        path, deleted = shown(scan, pid, f"fd/{fd}", path)
                    except PermissionError:
                        deleted = None
                        scan.denied("files", (pid, fd))
                yield pid, int(fd), from_os(path), deleted
            elif not path:
                scan.note("a path is longer than 4,095 bytes, which the kernel does not show", (pid, fd))
                yield pid, int(fd), None, None
