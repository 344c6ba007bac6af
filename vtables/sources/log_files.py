"""A log and what logrotate(8) made of older ones: `wtmp`, `wtmp.1`, `wtmp-20260301`, `wtmp.2.gz`."""

from __future__ import annotations

from .configuration import bytes_of, names_in
from .text import from_os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..scan import Scan

# Of one file, compressed or not: of a larger one the beginning is read, with a note.
LARGEST = 64 << 20
_COMPRESSED = (".gz", ".xz", ".bz2", ".zst", ".lz4")


class LogFile:
    """One of them: its path, when it was last written to in Unix seconds, its bytes (read when asked for)."""

    __slots__ = ("_scan", "modified", "path")

    def __init__(self, scan: Scan, path: str, modified: float) -> None:
        self._scan = scan
        self.path = path
        self.modified = modified

    @property
    def raw(self) -> bytes:
        """What is in it, without compression; b'' with a note where it cannot be read."""
        scan, shown = self._scan, from_os(self.path)
        if not self.path.endswith(_COMPRESSED):
            return bytes_of(scan, self.path, limit=LARGEST)
        if not self.path.endswith(".gz"):
            scan.note(f"{shown} is compressed and is not read")
            return b""
        import zlib

        packed = bytes_of(scan, self.path, limit=LARGEST, cut=False)
        try:
            raw = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(packed, LARGEST + 1)
        except zlib.error as error:
            scan.note(f"{shown} cannot be decompressed: {error}")
            return b""
        if len(raw) > LARGEST:
            scan.note(f"{shown} is too large: only its first {LARGEST >> 10} KiB were read")
            raw = raw[: raw.rfind(b"\n", 0, LARGEST) + 1 or LARGEST]
        return raw


def logs_of(scan: Scan, path: str) -> list[LogFile]:
    """The log and its older ones, oldest first; none where there are none."""
    folder, _, name = path.rpartition("/")
    found = [LogFile(scan, f"{folder}/{each}", 0.0) for each in names_in(scan, folder) if _is_one(each, name)]
    for log in found:
        try:
            log.modified = scan.host.stat(log.path).st_mtime
        except OSError:
            # A link to nowhere, or gone: told when it is read.
            continue
    return sorted(found, key=lambda log: log.modified)


def _is_one(name: str, log: str) -> bool:
    """Whether a name in a folder is the log's or one of logrotate's.

    >>> [_is_one(name, "wtmp") for name in ("wtmp", "wtmp.1", "wtmp-20260301", "wtmp.2.gz")]
    [True, True, True, True]
    >>> [_is_one(name, "wtmp") for name in ("wtmp.db", "wtmpx", "wtmp.")]
    [False, False, False]
    """
    for ending in _COMPRESSED:
        if name.endswith(ending):
            name = name[: -len(ending)]
            break
    rest = name[len(log) + 1 :]
    return name == log or (name[: len(log) + 1] in (f"{log}.", f"{log}-") and rest.isascii() and rest.isdigit())
