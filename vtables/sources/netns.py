"""Network namespaces: which there are, by the processes in them, and calling a function inside one."""

from __future__ import annotations

import os

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


def others(proc: str) -> tuple[dict[int, int], int]:
    """{inode: a process in it} of the other network namespaces, and of how many processes it may not be known."""
    mine = own()
    found: dict[int, int] = {}
    hidden = 0
    for pid in pids(proc):
        try:
            inode = int(os.readlink(f"{proc}/{pid}/ns/net")[5:-1])
        except PermissionError:
            hidden += 1
            continue
        except (OSError, ValueError):
            # The process is gone.
            continue
        if inode != mine:
            found.setdefault(inode, pid)
    return found, hidden


def inside(pid: int, proc: str, call: Callable[[], T]) -> T:
    """What `call` returns in the network namespace of a process, run in a thread that ends there. Raises OSError."""
    import ctypes
    import threading

    outcome: list[T] = []
    failed: list[OSError] = []

    def enter() -> None:
        try:
            fd = os.open(f"{proc}/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
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
    read, notes = scan.shared("sockets", lambda: _read_all(scan.host.proc))
    for note in notes:
        scan.note(note)
    return read


def _read_all(proc: str) -> tuple[list[tuple[int, Socket]], list[str]]:
    from .sock_diag import sockets

    here = own()
    mine = sockets()
    read = [(here, found) for found in mine.sockets]
    notes = [f"the kernel did not list {failed}" for failed in mine.failed]
    elsewhere, hidden = others(proc)
    if hidden:
        notes.append(f"the network namespace of {hidden} processes is not readable; sockets of others may be missing")
    for inode, pid in elsewhere.items():
        try:
            there = inside(pid, proc, sockets)
        except OSError as error:
            notes.append(f"network namespace {inode} cannot be entered: {error.strerror}")
            continue
        read += [(inode, found) for found in there.sockets]
        notes += [f"the kernel did not list {failed}" for failed in there.failed]
    return read, notes
