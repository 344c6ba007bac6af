"""`Changes`: changes of files on their way to rows of `file_events`: what the file is now, and a hash of its content.

A changed file is hashed by a thread, once nothing has happened to it for QUIET seconds; its row waits for that. Where
it changes again before, the row goes without a hash, and the later one has it: the rows of one file keep their order.
"""

from __future__ import annotations

import os
import stat
import threading
import time
from collections import deque
from queue import SimpleQueue

from ..vtables.filesystem.hash import digests
from ..vtables.sources.text import from_os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .publisher import Stream

    Row = tuple[Any, ...]

COLUMNS = (
    *("target_path", "category", "action", "transaction_id", "inode", "uid", "gid", "mode", "size"),
    *("atime", "mtime", "ctime", "md5", "sha1", "sha256", "hashed", "time"),
)
COLUMNS_WITH_PID = (*COLUMNS, "pid")
# Seconds without change before a file is hashed: short beside the 200 ms in which an event is to be seen.
QUIET = 0.03
# Larger files are not hashed, and no more than so many wait for it.
HASHED_BYTES = 50 << 20
WAITING = 10_000
KINDS = ["md5", "sha1", "sha256"]
# After these the path names nothing; after these its content may be another.
_GONE = frozenset(("DELETED", "MOVED_FROM"))
_CONTENT = frozenset(("UPDATED", "MOVED_TO", "RESCANNED"))
_NOTHING = (None,) * 8
_NO_NEED = (None, None, None, 0)
_FAILED = (None, None, None, -1)


class Changes:
    """Changes of one publisher. Its `fd` is readable when a hash is done."""

    def __init__(self, with_pid: bool = False) -> None:
        self._with_pid = with_pid
        self._rows: list[Row] = []
        self._pending: dict[str, _Job] = {}
        self._done: deque[_Job] = deque()
        self._hasher: _Hasher | None = None
        self._stream: Stream | None = None
        self.fd, self._wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def add(
        self,
        path: str,
        category: str,
        action: str,
        now: int,
        transaction: int | None = None,
        pid: int | None = None,
        *,
        content: bool = False,
    ) -> None:
        """A change at Unix second `now`. `content`: hash the file though the action alone gives no reason to."""
        if self._pending:
            waiting = self._pending.pop(path, None)
            if waiting is not None:
                self._settle(waiting)
                content = True
        head: Row = (path if path.isascii() else from_os(path), category, action, transaction)
        tail = (now, pid) if self._with_pid else (now,)
        if action in _GONE:
            self._rows.append((*head, *_NOTHING, *_NO_NEED, *tail))
            return
        to_hash = content or action in _CONTENT
        try:
            found = os.lstat(path)
        except (OSError, ValueError):
            # Gone since: what happened is told all the same.
            self._rows.append((*head, *_NOTHING, *(_FAILED if to_hash else _NO_NEED), *tail))
            return
        head += (
            *(found.st_ino, found.st_uid, found.st_gid, f"{stat.S_IMODE(found.st_mode):04o}", found.st_size),
            *(found[stat.ST_ATIME], found[stat.ST_MTIME], found[stat.ST_CTIME]),
        )
        if not to_hash or not stat.S_ISREG(found.st_mode):
            self._rows.append((*head, *_NO_NEED, *tail))
        elif found.st_size > HASHED_BYTES or len(self._pending) >= WAITING:
            self._rows.append((*head, *_FAILED, *tail))
        else:
            self._hash(_Job(path, head, tail))

    def flush(self, stream: Stream) -> None:
        """Hand over the rows that are complete."""
        self._stream = stream
        while True:
            try:
                if not os.read(self.fd, 65536):
                    break
            except BlockingIOError:
                break
        while self._done:
            job = self._done.popleft()
            if self._pending.get(job.path) is job:
                del self._pending[job.path]
                self._settle(job)
        rows, self._rows = self._rows, []
        stream.add("file_events", COLUMNS_WITH_PID if self._with_pid else COLUMNS, rows)

    def wake(self) -> None:
        """Make `fd` readable: there is something to do though no event may come."""
        _signal(self._wake)

    def close(self) -> None:
        """Stop hashing; rows that still wait for that go without, to the stream that the last ones went to."""
        if self._hasher is not None:
            self._hasher.stop()
        if self._stream is not None:
            for job in self._pending.values():
                self._settle(job)
            self._pending.clear()
            self.flush(self._stream)
        os.close(self.fd)
        os.close(self._wake)

    def _settle(self, job: _Job) -> None:
        self._rows.append((*job.head, *(job.hashes or _FAILED), *job.tail))

    def _hash(self, job: _Job) -> None:
        self._pending[job.path] = job
        if self._hasher is None:
            self._hasher = _Hasher(self._pending, self._done, self._wake)
        self._hasher.jobs.put(job)


class _Job:
    """A row without its hash."""

    __slots__ = ("due", "hashes", "head", "path", "tail")

    def __init__(self, path: str, head: Row, tail: Row) -> None:
        self.path = path
        self.head = head
        self.tail = tail
        self.due = time.monotonic() + QUIET
        self.hashes: tuple[str | int, ...] | None = None


class _Hasher:
    """The thread that hashes; it takes jobs in the order of their arrival, and those that were given up not at all."""

    def __init__(self, pending: dict[str, _Job], done: deque[_Job], wake: int) -> None:
        self.jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._pending = pending
        self._done = done
        self._wake = wake
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="file hashes", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, in the middle of a large file too."""
        self._stopped.set()
        self.jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        while True:
            job = self.jobs.get()
            if job is None or self._stopped.wait(max(0.0, job.due - time.monotonic())):
                return
            if self._pending.get(job.path) is not job:
                continue
            try:
                found, _ = digests(_Until(self._stopped), job.path, KINDS, most=HASHED_BYTES)
                job.hashes = (*(found[kind] for kind in KINDS), 1)
            except (OSError, ValueError):
                pass
            self._done.append(job)
            _signal(self._wake)


class _Until:
    """Ends the reading of a file when all is to end."""

    def __init__(self, stopped: threading.Event) -> None:
        self._stopped = stopped

    def check(self) -> None:
        """Called before each piece is read."""
        if self._stopped.is_set():
            raise InterruptedError


def _signal(wake: int) -> None:
    try:
        os.write(wake, b"\0")
    except BlockingIOError:
        # It is full of signals already.
        pass
