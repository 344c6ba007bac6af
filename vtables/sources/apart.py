"""`Apart`: a thread with file descriptors of its own, for work whose opening, closing and printing is to touch nothing
of the rest of the process.

What it closes gives up no POSIX lock, since these belong to the table of descriptors (fcntl(2)); what a C library
prints there on its standard output and error is read and handed over as lines (close_range(2), unshare(2)).
"""

from __future__ import annotations

import ctypes
import gc
import os
import queue
import threading
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType
    from typing import Any, TypeVar

    T = TypeVar("T")

# close_range(2) has this number on every architecture; linux/close_range.h, linux/sched.h.
_SYS_CLOSE_RANGE, _CLOSE_RANGE_UNSHARE, _CLONE_FILES = 436, 2, 0x400
# Lines of printing that are kept of one call.
_LINES = 20


class Apart:
    """A context manager: the thread lives as long as it. Raises OSError where the kernel gives no descriptors of its
    own (a sandbox that forbids it)."""

    def __init__(self) -> None:
        self._work: queue.SimpleQueue[Callable[[], Any] | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[Any, BaseException | None, list[str]]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="apart", daemon=True)
        self._thread.start()
        _, error, _ = self._done.get()
        if error is not None:
            self._thread.join()
            raise error

    def __enter__(self) -> Apart:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._work.put(None)
        if error is None:
            # Who was interrupted does not wait for what is done there.
            self._thread.join()

    def call(self, work: Callable[[], T], said: Callable[[str], None] | None = None) -> T:
        """What `work` returns or raises there; `said` is called with each line that was printed meanwhile."""
        with _no_collection():
            self._work.put(work)
            value, error, lines = self._done.get()
        for line in lines if said is not None else ():
            said(line)  # type: ignore[misc]
        if error is not None:
            raise error
        found: T = value
        return found

    def _run(self) -> None:
        try:
            reader = _own_descriptors()
        except OSError as error:
            self._done.put((None, error, []))
            return
        self._done.put((None, None, []))
        while True:
            work = self._work.get()
            if work is None:
                return
            value: Any = None
            failed: BaseException | None = None
            try:
                value = work()
            except BaseException as error:
                failed = error
            try:
                lines = _lines(reader)
            except OSError:
                # The work closed what is not its own; whoever waits is not kept waiting.
                lines = []
            self._done.put((value, failed, lines))


_calls_lock = threading.Lock()
# How many calls are being made, and whether garbage was collected before the first of them.
_calls, _collected = 0, False


@contextmanager
def _no_collection() -> Iterator[None]:
    """Objects that others have dropped are not finalized in a thread like this: the descriptors that they close have
    other files behind them there, or none."""
    global _calls, _collected
    with _calls_lock:
        if _calls == 0:
            _collected = gc.isenabled()
            gc.disable()
        _calls += 1
    try:
        yield
    finally:
        with _calls_lock:
            _calls -= 1
            if _calls == 0 and _collected:
                gc.enable()


def apart(work: Callable[[], T]) -> T:
    """What `work` returns or raises in a thread with descriptors of its own. OSError where there can be none."""
    with Apart() as there:
        return there.call(work)


def _own_descriptors() -> int:
    """Part this thread's table of descriptors from the process's: of its own are a pipe, as standard output and error,
    and /dev/null. Gives the pipe's end to read from."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(_SYS_CLOSE_RANGE, ctypes.c_uint(0), ctypes.c_uint(0xFFFFFFFF), _CLOSE_RANGE_UNSHARE) != 0:
        # Before Linux 5.9.
        if libc.unshare(_CLONE_FILES) != 0:
            raise OSError(ctypes.get_errno(), "this thread gets no file descriptors of its own")
        os.closerange(0, os.sysconf("SC_OPEN_MAX"))
    os.open(os.devnull, os.O_RDONLY)
    reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    # The pipe's ends are 1 and 2: its reader goes out of their way. A full pipe takes no more, and nobody waits.
    moved = os.dup(reader)
    os.dup2(writer, 1)
    os.dup2(1, 2)
    return moved


def _lines(reader: int) -> list[str]:
    """What was printed."""
    parts = []
    try:
        while part := os.read(reader, 1 << 16):
            parts.append(part)
    except BlockingIOError:
        pass
    found = b"".join(parts).decode("utf-8", "backslashreplace").splitlines()
    return [line for line in found if line.strip()][:_LINES]
