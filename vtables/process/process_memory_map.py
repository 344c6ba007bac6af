"""The table `process_memory_map` (/proc/PID/maps, proc_pid_maps(5))."""

from __future__ import annotations

from ..scan import Scan
from ..sources.process_paths import DELETED, process_paths, shown
from ..sources.procfs import each
from ..sources.text import decode, from_os, to_os
from ..table import BIGINT, INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Region = tuple[str, str, str, int, str, int, str, int]


def parse_maps(raw: bytes) -> list[Region]:
    r"""(start, end, permissions, offset, device, inode, path, pseudo) of each region; a broken line is left out.

    >>> parse_maps(b"7f00-7f10 r-xp 00001000 fe:00 42                 /usr/bin/a b\n")
    [('0x7f00', '0x7f10', 'r-xp', 4096, 'fe:00', 42, '/usr/bin/a b', 0)]
    """
    found = []
    for line in raw.split(b"\n"):
        fields = line.split(None, 5)
        if len(fields) < 5:
            continue
        start, _, end = fields[0].partition(b"-")
        path = decode(fields[5]) if len(fields) > 5 else ""
        try:
            addresses = (f"{int(start, 16):#x}", f"{int(end, 16):#x}")
            offset, inode = int(fields[2], 16), int(fields[4])
        except ValueError:
            continue
        if max(offset, inode) >> 63:
            continue
        found.append((*addresses, decode(fields[1]), offset, decode(fields[3]), inode, path, int(path[:1] == "[")))
    return found


class ProcessMemoryMap(Table):
    """The regions of memory each process has mapped."""

    pid = Column(INTEGER, "Process id", key=True)
    start = Column(TEXT, "First address, hexadecimal")
    end = Column(TEXT, "Address after the last, hexadecimal")
    permissions = Column(TEXT, "r read, w write, x execute, then p private or s shared")
    offset = Column(BIGINT, "Where in the file the region begins, in bytes")
    device = Column(TEXT, "Device of the file, major:minor in hexadecimal")
    inode = Column(INTEGER, "Inode of the file; 0 for none")
    path = Column(
        TEXT,
        "Path of the file, ' (deleted)' behind that of a deleted one and one that another file has; "
        "[heap] and the like; '' for anonymous memory",
    )
    pseudo = Column(INTEGER, "1 for a region the kernel names in brackets, else 0")
    deleted = Column(
        INTEGER, "1 if the file is deleted, 0 if not, or there is none, whatever its name ends in; NULL for not known"
    )

    typical_rows = 20000
    examples = ["SELECT DISTINCT path FROM process_memory_map WHERE pid = 1 AND permissions LIKE '%x%';"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        def regions(pid: int) -> list[Region]:
            return parse_maps(scan.host.read(f"/proc/{pid}/maps"))

        looked_up = scan.wants("path", "deleted")
        for pid, found in each(scan, regions, scan.equals("pid")):
            # A file is mapped in several regions.
            files: dict[tuple[str, int, str], tuple[str, int | None]] = {}
            for region in found:
                *before, device, inode, path, pseudo = region
                deleted: int | None = 0
                if looked_up and path[:1] == "/":
                    key = (device, inode, path)
                    if key not in files:
                        files[key] = _shown(scan, pid, region)
                    path, deleted = files[key]
                yield (pid, *before, device, inode, path, pseudo, deleted)


def _shown(scan: Scan, pid: int, region: Region) -> tuple[str, int | None]:
    start, end, _, _, _, inode, path, _ = region
    target = to_os(path)[-1]
    try:
        target, deleted = shown(scan, pid, f"map_files/{start[2:]}-{end[2:]}", target)
        return from_os(target), deleted
    except PermissionError:
        # Only root may follow these links. Another user sees whether what has this name has this number.
        there = not path.endswith(DELETED) or process_paths(scan).has_inode(scan, pid, target, inode)
        return path, int(not there)
