"""The publisher `syslog`: a FIFO that rsyslog writes its messages to, a line each.

What rsyslog needs to be told is in the documentation of the table `syslog_events`.
"""

from __future__ import annotations

import fcntl
import os
import stat
import time

from ...vtables.files.private import private_folder
from ..publisher import Counters, Publisher, Unavailable
from .syslog_lines import parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..options import Options
    from ..publisher import Stream

COLUMNS = ("time", "datetime", "host", "severity", "facility", "tag", "message")
# linux/fcntl.h; and how many bytes may wait in the FIFO.
_F_SETPIPE_SZ, _SIZE = 1031, 1 << 20
_PIECE = 1 << 16
# Bytes taken in one go, and of a line.
_MOST, _LONGEST = 1 << 20, 1 << 16
# rsyslog's group, where it has one: it may write, and nobody but the owner reads.
_GROUP, _MODE = "syslog", 0o460


class Syslog(Publisher):
    """Messages of syslog."""

    name = "syslog"
    tier = 1
    settings = ("syslog_pipe",)
    tables = ("syslog_events",)

    def __init__(self) -> None:
        self._counters = Counters()

    def open(self, tables: frozenset[str], options: Options) -> None:
        """Make the FIFO where there is none, and open it."""
        self._counters = Counters()
        self._rest = b""
        # In the middle of a line that is too long, up to its end.
        self._skipping = False
        path = options.syslog_pipe
        try:
            self._fifo = _opened(path)
        except OSError as error:
            raise Unavailable(
                f"{path} cannot be used: {error.strerror}", "give another as events.syslog_pipe"
            ) from None

    def fileno(self) -> int:
        """The FIFO."""
        return self._fifo

    def drain(self, stream: Stream) -> None:
        """Hand over the lines that wait. The FIFO is open for writing here, too, so that it never ends."""
        rows, taken, now = [], 0, int(time.time())
        while taken < _MOST:
            try:
                piece = os.read(self._fifo, _PIECE)
            except BlockingIOError:
                break
            taken += len(piece)
            for line in self._lines(piece):
                if not line.strip():
                    continue
                self._counters.seen += 1
                told = parse(line)
                if told is None:
                    self._counters.lost += 1
                else:
                    rows.append((now, *told))
        stream.add("syslog_events", COLUMNS, rows)

    def counters(self) -> Counters:
        """Lines; lost are those of no sense, or longer than 64 KiB."""
        return self._counters

    def close(self) -> None:
        """Stop reading. The FIFO stays, for rsyslog has it open."""
        os.close(self._fifo)

    def _lines(self, piece: bytes) -> list[bytes]:
        *lines, self._rest = (self._rest + piece).split(b"\n")
        if self._skipping and lines:
            del lines[0]
            self._skipping = False
        if len(self._rest) > _LONGEST:
            if not self._skipping:
                self._counters.seen += 1
                self._counters.lost += 1
            self._rest, self._skipping = b"", True
        return lines


def _opened(path: str) -> int:
    private_folder(os.path.dirname(path))
    made = False
    try:
        os.mkfifo(path, 0o600)
        made = True
    except FileExistsError:
        pass
    fifo = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NOCTTY)
    try:
        found = os.fstat(fifo)
        if not stat.S_ISFIFO(found.st_mode):
            raise OSError(0, "it is no FIFO")
        if found.st_uid not in (0, os.geteuid()):
            raise OSError(0, f"it belongs to another user (uid {found.st_uid})")
        try:
            fcntl.flock(fifo, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OSError(0, "somebody else reads it") from None
        if made and os.geteuid() == 0:
            _let_in(fifo)
        try:
            fcntl.fcntl(fifo, _F_SETPIPE_SZ, _SIZE)
        except OSError:
            # An ordinary user has a limit; the usual 64 KiB do.
            pass
    except BaseException:
        os.close(fifo)
        raise
    return fifo


def _let_in(fifo: int) -> None:
    import grp

    try:
        group = grp.getgrnam(_GROUP).gr_gid
    except KeyError:
        # rsyslog runs as root.
        return
    os.fchown(fifo, 0, group)
    os.fchmod(fifo, _MODE)
