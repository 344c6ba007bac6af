"""The table `mounts`: mounted file systems and how full they are (statvfs(3))."""

from __future__ import annotations

from ..scan import Scan
from ..sources.mounts import Mount, mounts_of, remote_paths
from ..sources.text import from_os, to_os
from ..table import BIGINT, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class Mounts(Table):
    """The mounted file systems."""

    device = Column(TEXT, "Device, or what the file system calls its source")
    device_alias = Column(TEXT, "The device with symbolic links resolved")
    path = Column(TEXT, "Where it is mounted")
    type = Column(TEXT, "Type of the file system")
    blocks_size = Column(
        BIGINT, "Size of a block as the next columns count them (f_frsize), in bytes; NULL where it could not be asked"
    )
    blocks = Column(BIGINT, "Size of the file system, in blocks")
    blocks_free = Column(BIGINT, "Blocks not used")
    blocks_available = Column(BIGINT, "Blocks that ordinary users can still use")
    inodes = Column(BIGINT, "Number of inodes")
    inodes_free = Column(BIGINT, "Inodes not used")
    flags = Column(TEXT, "Mount options, separated by commas")

    typical_rows = 30
    examples = ["SELECT path, human_size(blocks_available * blocks_size) AS available FROM mounts WHERE blocks > 0;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        remote = remote_paths(scan)
        for mount in mounts_of(scan):
            alias = from_os(scan.host.realpath(mount.device)) if mount.device[:1] == "/" else mount.device
            if mount.path in remote:
                scan.note("remote mounts are not asked for their size (--remote-mounts asks them)", mount.path)
                sizes: tuple[int | None, ...] = (None,) * 6
            elif scan.host.live or scan.host.process:
                sizes = _sizes(scan, mount)
            else:
                scan.note("the sizes of mounts are known to the running kernel alone")
                sizes = (None,) * 6
            yield (mount.device, alias, mount.path, mount.type, *sizes, mount.options)


def _sizes(scan: Scan, mount: Mount) -> tuple[int | None, ...]:
    try:
        found = scan.host.statvfs(to_os(mount.path)[-1])
    except PermissionError:
        scan.denied("mounts", mount.path)
        return (None,) * 6
    except OSError as error:
        scan.note(f"a mount cannot be asked for its size: {error.strerror}", mount.path)
        return (None,) * 6
    return (found.f_frsize, found.f_blocks, found.f_bfree, found.f_bavail, found.f_files, found.f_ffree)
