"""The table `mounts`: mounted file systems and how full they are (statvfs(3))."""

from __future__ import annotations

import itertools
import os

from ..scan import Scan
from ..sources.bounded import answers
from ..sources.host import LIVE, Host
from ..sources.mounts import AUTOFS, Mount, covered, mounts_of
from ..sources.procfs import parse_fields
from ..sources.text import from_os, to_os
from ..table import BIGINT, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


_SIZES = ("blocks_size", "blocks", "blocks_free", "blocks_available", "inodes", "inodes_free")
_NONE: tuple[int | None, ...] = (None,) * len(_SIZES)
# Components and links that are followed from a device's name to the device.
_STEPS = 100
_COVERED = "a mount that another covers cannot be asked for its size"


class Mounts(Table):
    """The mounted file systems, those that others cover among them.

    Automount points are not asked for their size, which could mount something. Network and FUSE file systems are asked
    with `--remote-mounts` alone, and waited for no longer than five seconds each.
    """

    device = Column(TEXT, "Device, or what the file system calls its source")
    device_alias = Column(TEXT, "The device with symbolic links resolved, where it is one below /dev")
    path = Column(TEXT, "Where it is mounted")
    type = Column(TEXT, "Type of the file system")
    blocks_size = Column(
        BIGINT, "Size of a block as the next columns count them (f_frsize), in bytes; NULL where it cannot be asked"
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
        mounts = mounts_of(scan)
        sizes = _sizes(scan, mounts) if scan.wants(*_SIZES) else itertools.repeat(_NONE)
        resolved = scan.wants("device_alias")
        for mount, figures in zip(mounts, sizes):
            device = _alias(scan, mounts, mount.device) if resolved else mount.device
            yield (mount.device, device, mount.path, mount.type, *figures, mount.options)


def _alias(scan: Scan, mounts: list[Mount], device: str) -> str:
    """A device without symbolic links; as it stands where the way to it does not stay below /dev.

    What a file system calls its source is chosen by whoever mounts it: to look that up must lead nowhere else, neither
    to a server nor to an automount point.
    """
    if not device.startswith("/dev/"):
        return device
    slow = {each.path for each in mounts if each.remote or each.type == AUTOFS}
    todo = os.path.normpath(device).split("/")[::-1]
    done: list[str] = []
    for _ in range(_STEPS):
        if not todo:
            return "/".join(done)
        done.append(todo.pop())
        here = "/".join(done)
        if done[1:2] not in ([], ["dev"]) or here in slow:
            return device
        if len(done) < 3:
            continue
        try:
            target = from_os(scan.host.readlink(to_os(here)[-1]))
        except (OSError, ValueError):
            # No link, or not there.
            continue
        todo += os.path.normpath(os.path.join(os.path.dirname(here), target)).split("/")[::-1]
        done = []
    return device


def _sizes(scan: Scan, mounts: list[Mount]) -> Iterator[tuple[int | None, ...]]:
    """The sizes of each mount in turn, NULL with a note where they cannot be had.

    To ask must not mount anything, and must end: see `sources/bounded.py`.
    """
    hidden = covered(mounts)
    known = bool(scan.host.live or scan.host.process or scan.host.mounted_at)
    refused = {mount.id: _why_not(scan, mount, hidden, known) for mount in mounts}
    questions = [(mount.id, to_os(mount.path)[-1]) for mount in mounts if not refused[mount.id]]
    # The mounts of a running process are looked up below its root.
    found = answers(_statvfs, questions, scan.check) if scan.host.live else _below(scan.host, questions)
    for mount in mounts:
        note = refused[mount.id]
        answer = None if note else next(found)
        if note:
            scan.note(note, mount.id)
        elif isinstance(answer, PermissionError):
            scan.denied("mounts", mount.id)
        elif isinstance(answer, OSError):
            scan.note(f"a mount cannot be asked for its size: {answer.strerror}", mount.id)
        elif answer is None:
            scan.note("a mount did not answer when asked for its size", mount.id)
        elif not answer:
            # Mounted over since the list was read.
            scan.note(_COVERED, mount.id)
        yield answer if isinstance(answer, tuple) and answer else _NONE


def _why_not(scan: Scan, mount: Mount, hidden: set[int], known: bool) -> str:
    """The note for a mount that is not asked for its size; '' for one that is."""
    if not known:
        return "the sizes of mounts are known to the running kernel alone"
    if mount.type == AUTOFS:
        return "automount points are not asked for their size"
    if mount.id in hidden:
        return _COVERED
    if mount.remote and not scan.settings.remote_mounts:
        return "remote mounts are not asked for their size (--remote-mounts asks them)"
    return ""


def _statvfs(question: tuple[int, str]) -> tuple[int, ...]:
    """The sizes of the mount with this number at this path; () where another is there."""
    number, path = question
    # Neither opens nor mounts anything.
    fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        there = parse_fields(LIVE.read(f"/proc/self/fdinfo/{fd}")).get(b"mnt_id")
        return () if there is not None and int(there) != number else _figures(os.statvfs(fd))
    finally:
        os.close(fd)


def _below(host: Host, questions: list[tuple[int, str]]) -> Iterator[tuple[int, ...] | OSError]:
    for _, path in questions:
        try:
            yield _figures(host.statvfs(path))
        except OSError as error:
            yield error


def _figures(found: os.statvfs_result) -> tuple[int, ...]:
    return (found.f_frsize, found.f_blocks, found.f_bfree, found.f_bavail, found.f_files, found.f_ffree)
