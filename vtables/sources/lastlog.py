"""The last login of each user: lastlog2's SQLite file (lastlog2(8)), and the older /var/log/lastlog.

The older file has a record of fixed size at the place of each uid, and holes where nobody is. How its programs were
compiled decides the record: a time of 32 or of 64 bits, little or big end first; then a terminal and a host.
"""

from __future__ import annotations

import errno
import os
import struct

from .sqlite_copy import rows_of
from .text import clean, decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..scan import Scan

DATABASE, FILE = "/var/lib/lastlog/lastlog2.db", "/var/log/lastlog"
# bits/utmp.h; those with a time of 32 bits first, as x86, POWER and s390x have it.
_RECORDS = tuple(map(struct.Struct, ("<i32s256s", ">i32s256s", "<q32s256s", ">q32s256s")))
# Bytes read of the older file: 200,000 users; holes are not read.
_LARGEST = 64 << 20
# Records looked at to decide how they were made, and the seconds of 1980 and of 2200.
_SAMPLE, _EARLIEST, _LATEST = 2000, 315532800, 7258118400


class LastLogin:
    """user is '' where only the uid is known, uid None where only the name is; time in Unix seconds."""

    __slots__ = ("host", "service", "source", "time", "tty", "uid", "user")

    def __init__(self, user: str, uid: int | None, time: int, tty: str, host: str, service: str, source: str) -> None:
        self.user = user
        self.uid = uid
        self.time = time
        self.tty = tty
        self.host = host
        self.service = service
        self.source = source


def of_database(scan: Scan) -> Iterator[LastLogin]:
    """The rows of lastlog2; users who never logged in have none."""
    for name, time, *texts in rows_of(scan, DATABASE, "Lastlog2", ("Name", "Time", "TTY", "RemoteHost", "Service")):
        if not isinstance(time, int) or not isinstance(name, str):
            scan.note(f"a row of {DATABASE} makes no sense")
        elif time:
            tty, host, service = [clean(text) if isinstance(text, str) else "" for text in texts]
            yield LastLogin(clean(name), None, time, tty, host, service, DATABASE)


def of_file(scan: Scan) -> Iterator[LastLogin]:
    """The records of the older file."""
    scan.tried("files", FILE)
    try:
        extents, whole = scan.host.use_regular(FILE, lambda fd: read_extents(fd, _LARGEST))
    except FileNotFoundError:
        return
    except PermissionError:
        scan.denied("files", FILE)
        return
    except OSError as error:
        scan.note(f"cannot read {FILE}: {error.strerror}")
        return
    if not whole:
        scan.note(f"{FILE} is too large: only its first {_LARGEST >> 10} KiB were read")
    record = shape_of(extents)
    for uid, time, tty, host in parse_lastlog(extents, record):
        scan.check()
        yield LastLogin("", uid, time, tty, host, "", FILE)


def read_extents(fd: int, limit: int) -> tuple[list[tuple[int, bytes]], bool]:
    """(offset, bytes) of each part of a file between its holes, `limit` bytes at most, and whether that is all."""
    extents: list[tuple[int, bytes]] = []
    start = 0
    while limit > 0:
        try:
            start = os.lseek(fd, start, os.SEEK_DATA)
            end = os.lseek(fd, start, os.SEEK_HOLE)
        except OSError as error:
            if error.errno == errno.ENXIO:
                # From here on there is a hole, or nothing.
                return extents, True
            raise
        data = bytearray()
        while start < end and limit > 0 and (more := os.pread(fd, min(end - start, limit), start)):
            data += more
            limit -= len(more)
            start += len(more)
        extents.append((start - len(data), bytes(data)))
        start = end
    return extents, False


def parse_lastlog(extents: list[tuple[int, bytes]], record: struct.Struct) -> Iterator[tuple[int, int, str, str]]:
    """(uid, time in Unix seconds, terminal, host) of each user that ever logged in."""
    for uid, raw in _records(extents, record.size):
        time, tty, host = record.unpack(raw)
        if time:
            yield uid, time, _text(tty), _text(host)


def shape_of(extents: list[tuple[int, bytes]]) -> struct.Struct:
    """The kind of record that makes sense of most of a file's; this machine's where several do."""
    native = sorted(_RECORDS, key=lambda record: (record.format[0] == "<") != (struct.pack("=h", 1)[0] == 1))
    return max(native, key=lambda record: _sensible(extents, record))


def _sensible(extents: list[tuple[int, bytes]], record: struct.Struct) -> int:
    """How many of the first records could be ones of this kind, less those that could not."""
    score = 0
    for count, (_, raw) in enumerate(_records(extents, record.size)):
        if count >= _SAMPLE:
            break
        time, tty, host = record.unpack(raw)
        right = time == 0 or _EARLIEST < time < _LATEST
        score += 1 if right and all(text.rstrip(b"\0").isascii() and _padded(text) for text in (tty, host)) else -1
    return score


def _padded(text: bytes) -> bool:
    """Whether there are zeros alone after the first of them, and no control characters before."""
    before, _, after = text.partition(b"\0")
    return not after.strip(b"\0") and all(byte >= 32 for byte in before)


def _records(extents: list[tuple[int, bytes]], size: int) -> Iterator[tuple[int, bytes]]:
    """(uid, record) of those that are not all zeros; what of a record lies in a hole, which is larger, is zeros."""
    for start, data in extents:
        data = bytes(start % size) + data
        data += bytes(-len(data) % size)
        for at in range(0, len(data), size):
            if data[at : at + size].strip(b"\0"):
                yield (start + at) // size, data[at : at + size]


def _text(raw: bytes) -> str:
    return decode(raw.partition(b"\0")[0])
