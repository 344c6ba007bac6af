"""What /proc tells of a process that has just begun, as the columns of `process_events`.

Read through the process's folder, opened once: another process that gets the same pid meanwhile is never mixed in.
"""

from __future__ import annotations

import os

from ...vtables.sources.files import FLAGS, ONE_READ
from ...vtables.sources.procfs import parse_cgroup, parse_cmdline, parse_stat
from ...vtables.sources.text import decode, from_os
from ..context import program

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Bytes of arguments that are kept; the rest is cut.
LONGEST = 16_384
# The columns that `Facts.columns` gives.
COLUMNS = (
    *("path", "mode", "cmdline", "cmdline_size", "cwd", "auid", "uid", "euid", "suid", "fsuid"),
    *("gid", "egid", "sgid", "fsgid", "owner_uid", "owner_gid", "atime", "mtime", "ctime"),
    *("overflows", "parent", "exe", "ppid", "cgroup_path"),
)
_IDS = (b"\nUid:\t", b"\nGid:\t")
_NO_IDS = (None, None, None, None)
_NO_FILE = (None, None, None, None, None)
_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC


class Facts:
    """A process as /proc showed it.

    columns  the values of COLUMNS
    ticks    its start since boot, in clock ticks, as in /proc/PID/stat; b'' of one that is gone
    program  what tells this program from the one before and after it in the same process; None where not known
    """

    __slots__ = ("columns", "program", "ticks")

    def __init__(self, columns: tuple[Any, ...], ticks: bytes, program: tuple[Any, ...] | None) -> None:
        self.columns = columns
        self.ticks = ticks
        self.program = program


def gone(comm: str = "", parent: int | None = None) -> Facts:
    """What is left to say of a process that /proc no longer knows."""
    cmdline = f"[{comm}]" if comm else ""
    nothing = ("", "", cmdline, None, "", None, *_NO_IDS, *_NO_IDS, *_NO_FILE)
    return Facts((*nothing, "gone", parent, "", parent, ""), b"", None)


def facts(proc: str, pid: int) -> Facts:
    """All that can be read of a process; of one that ends meanwhile what `gone` says."""
    try:
        folder = os.open(f"{proc}/{pid}", _FOLDER)
    except OSError:
        return gone()
    try:
        return _read(folder)
    except (OSError, ValueError, IndexError):
        return gone()
    finally:
        os.close(folder)


def _read(folder: int) -> Facts:
    # In the order in which what is asked is soonest gone.
    exe, cwd = _link("exe", folder), _link("cwd", folder)
    raw, size = _arguments(folder)
    file = _file(folder)
    status = _once("status", folder)
    cgroup = parse_cgroup(_once("cgroup", folder))
    auid = _login(folder)
    # Last: a program that takes this one's place while it is read leaves its own mark.
    comm, fields = parse_stat(_once("stat", folder))
    parent = int(fields[1])
    if not exe and not raw:
        return gone(decode(comm), parent)
    uids, gids = (_ids(status, key) for key in _IDS)
    mode = f"{file.st_mode & 0o7777:04o}" if file else ""
    owner = (file.st_uid, file.st_gid, int(file.st_atime), int(file.st_mtime), int(file.st_ctime)) if file else _NO_FILE
    overflows = "cmdline" if size > LONGEST else ""
    columns = (
        *(exe, mode, parse_cmdline(raw), size, cwd, auid, *uids, *gids, *owner),
        *(overflows, parent, exe, parent, cgroup),
    )
    return Facts(columns, fields[19], (exe, raw, fields[25]))


def _once(name: str, folder: int) -> bytes:
    fd = os.open(name, FLAGS, dir_fd=folder)
    try:
        return os.read(fd, ONE_READ)
    finally:
        os.close(fd)


def _link(name: str, folder: int) -> str:
    try:
        return program(name, folder) if name == "exe" else from_os(os.readlink(name, dir_fd=folder))
    except OSError:
        return ""


def _arguments(folder: int) -> tuple[bytes, int]:
    """The arguments, cut, and how many bytes they were."""
    fd = os.open("cmdline", FLAGS, dir_fd=folder)
    try:
        raw = os.read(fd, LONGEST + 1)
        size = len(raw)
        # Two MiB at most: no exec takes more (execve(2)), only a process that redraws its own map.
        while len(raw) > LONGEST and size < 2 << 20:
            more = len(os.read(fd, ONE_READ))
            if not more:
                break
            size += more
    finally:
        os.close(fd)
    return raw[:LONGEST], size


def _file(folder: int) -> os.stat_result | None:
    try:
        return os.stat("exe", dir_fd=folder)
    except OSError:
        return None


def _login(folder: int) -> int | None:
    try:
        return int(_once("loginuid", folder))
    except (OSError, ValueError):
        # Kernels without audit have no login ids.
        return None


def _ids(status: bytes, key: bytes) -> tuple[int | None, ...]:
    """(real, effective, saved, for files) from /proc/PID/status."""
    at = status.find(key)
    if at < 0:
        return _NO_IDS
    real, effective, saved, files = status[at + len(key) : status.index(b"\n", at + 1)].split(b"\t")
    return int(real), int(effective), int(saved), int(files)
