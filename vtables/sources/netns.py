"""Network namespaces: which there are, by processes and mounts, and calling a function inside one."""

from __future__ import annotations

import os

from .hidepid import note_hidden
from .host import LIVE
from .procfs import pids

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from ..scan import Scan
    from .sock_diag import Socket

    T = TypeVar("T")

_CLONE_NEWNET = 0x40000000


def own() -> int:
    """The inode of this process's network namespace."""
    return os.stat("/proc/self/ns/net").st_ino


def others() -> tuple[dict[int, str], int]:
    """{inode: a path to it} of the other network namespaces, and of how many processes it may not be known.

    Namespaces of processes, and those that only a mount keeps (ip-netns(8)).
    """
    mine = own()
    found: dict[int, str] = {}
    hidden = 0
    for pid in pids(os.listdir("/proc")):
        path = f"/proc/{pid}/ns/net"
        try:
            inode = int(os.readlink(path)[5:-1])
        except PermissionError:
            hidden += 1
            continue
        except (OSError, ValueError):
            # The process is gone.
            continue
        if inode != mine:
            found.setdefault(inode, path)
    for inode, path in _mounted():
        if inode != mine and not found.get(inode):
            found[inode] = path
    return found, hidden


def _mounted() -> list[tuple[int, str]]:
    """(inode, mount point) of the network namespaces that are mounted somewhere; '' where another mount covers one."""
    from .mounts import covered, parse_mountinfo

    try:
        raw = LIVE.read("/proc/self/mountinfo")
    except OSError:
        return []
    if b" - nsfs " not in raw:
        return []
    mounts = parse_mountinfo(raw)
    hidden = covered(mounts)
    # What is mounted is `net:[INODE]`.
    named = [(mount.root[5:-1], mount) for mount in mounts if mount.type == "nsfs" and mount.root[:5] == "net:["]
    return [(int(number), "" if mount.id in hidden else mount.path) for number, mount in named if number.isdigit()]


def inside(path: str, call: Callable[[], T]) -> T:
    """What `call` returns in the network namespace at a path, run in a thread that ends there. Raises OSError."""
    import ctypes
    import threading

    outcome: list[T] = []
    failed: list[OSError] = []

    def enter() -> None:
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                if ctypes.CDLL(None, use_errno=True).setns(fd, _CLONE_NEWNET) != 0:
                    code = ctypes.get_errno()
                    raise OSError(code, os.strerror(code))
            finally:
                os.close(fd)
            outcome.append(call())
        except OSError as error:
            failed.append(error)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return outcome[0]


def all_sockets(scan: Scan) -> list[tuple[int, Socket]]:
    """(namespace, socket) of every network namespace that may be entered, each socket once."""
    scan.host.only_live("sockets")
    # One list for all tables of a statement; the kernel's longer answers are asked for where `sockets` is one of them.
    detailed = "sockets" in scan.statement.wanted
    found, notes = scan.shared("sockets", lambda: _read_all(detailed))
    for note in notes:
        scan.note(note)
    note_hidden(scan)
    return found


def _read_all(detailed: bool) -> tuple[list[tuple[int, Socket]], list[str]]:
    from .sock_diag import sockets

    here = own()
    mine = sockets(detailed=detailed)
    everything = [(here, found) for found in mine.sockets]
    notes = mine.notes
    elsewhere, hidden = others()
    if hidden:
        whose = f"{hidden} process{'es'[: 2 * (hidden != 1)]}"
        notes.append(f"the network namespace of {whose} is not readable; sockets of others may be missing")
    for inode, path in elsewhere.items():
        if not path:
            notes.append(f"network namespace {inode} cannot be entered: another mount covers it")
            continue
        try:
            there = inside(path, lambda: sockets(detailed=detailed))
        except OSError as error:
            notes.append(f"network namespace {inode} cannot be entered: {error.strerror}")
            continue
        everything += [(inode, found) for found in there.sockets]
        notes += there.notes
    return everything, notes
