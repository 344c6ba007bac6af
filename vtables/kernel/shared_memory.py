"""The table `shared_memory`: System V shared memory (/proc/sysvipc/shm, sysvipc(7))."""

from __future__ import annotations

from ..scan import Scan
from ..table import BIGINT, INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


# Bits of the mode beside the permissions (linux/shm.h).
_SHM_DEST, _SHM_LOCKED = 0o1000, 0o2000


def parse_shm(raw: bytes) -> list[dict[str, str]]:
    r"""The segments, each as {heading: field}; a broken line is left out.

    >>> parse_shm(b" key shmid perms\n 0 5 600\n")
    [{'key': '0', 'shmid': '5', 'perms': '600'}]
    """
    lines = [line.split() for line in raw.decode("ascii", "replace").split("\n")]
    return [dict(zip(lines[0], fields)) for fields in lines[1:] if fields and len(fields) == len(lines[0])]


class SharedMemory(Table):
    """Segments of System V shared memory."""

    shmid = Column(INTEGER, "Id of the segment")
    owner_uid = Column(BIGINT, "User that owns it")
    creator_uid = Column(BIGINT, "User that made it")
    pid = Column(BIGINT, "Process that attached or detached it last")
    creator_pid = Column(BIGINT, "Process that made it")
    atime = Column(BIGINT, "Attached last, in Unix seconds; 0 for never")
    dtime = Column(BIGINT, "Detached last, in Unix seconds; 0 for never")
    ctime = Column(BIGINT, "Made or changed last, in Unix seconds")
    permissions = Column(TEXT, "Permission bits, in octal")
    size = Column(BIGINT, "Size, in bytes")
    attached = Column(INTEGER, "Number of processes that have it attached")
    status = Column(TEXT, "dest if it goes away with the last detachment, else ''")
    locked = Column(INTEGER, "1 if it is kept from being swapped out, else 0")

    typical_rows = 5
    examples = ["SELECT shmid, pid, size FROM shared_memory;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        scan.host.only_own("System V shared memory")
        try:
            segments = parse_shm(scan.host.read("/proc/sysvipc/shm"))
        except OSError as error:
            scan.note(f"cannot read System V shared memory: {error.strerror}")
            return
        for segment in segments:
            try:
                mode = int(segment["perms"], 8)
                keys = ("shmid", "uid", "cuid", "lpid", "cpid", "atime", "dtime", "ctime")
                numbers = [int(segment[key]) for key in keys]
                size, attached = int(segment["size"]), int(segment["nattch"])
            except (KeyError, ValueError):
                scan.note("a line of /proc/sysvipc/shm could not be read")
                continue
            status = "dest" if mode & _SHM_DEST else ""
            yield (*numbers, f"{mode & 0o777:04o}", size, attached, status, int(bool(mode & _SHM_LOCKED)))
