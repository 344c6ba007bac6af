"""The table `hash`: digests of files' contents, remembered while a file does not change."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import time

from ..scan import Scan
from ..settings import READ_MAX
from ..sources.files import counters
from ..sources.host import LIVE, Host, NotReached
from ..sources.text import from_os
from ..table import INTEGER, TEXT, Column, Table
from ._paths import asked_paths, note_beyond

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Protocol

    class Stoppable(Protocol):
        """A scan, or who else wants to end the reading of a large file by an exception."""

        def check(self) -> None: ...


_CHUNK = 1 << 20
# Digests remembered, by (device, inode, size, mtime, ctime) of the file; the oldest go first.
_REMEMBERED = 50_000
# A change so soon after another may leave the times as they are: the kernel's clock for them ticks every 1 to 10 ms.
_UNSURE_NS = 100_000_000
_cache: dict[tuple[int, ...], dict[str, str]] = {}


class _Hashed:
    """One file; all digests wanted are computed in one reading, when the first is asked for."""

    __slots__ = ("_digests", "_name", "_scan", "_stat", "directory", "path")

    pid_with_namespace = 0
    mount_namespace_id = ""
    md5 = property(lambda self: self._digest("md5"))
    sha1 = property(lambda self: self._digest("sha1"))
    sha256 = property(lambda self: self._digest("sha256"))

    def __init__(self, scan: Scan, name: str, path: str, directory: str) -> None:
        """Raises OSError where there is no such file."""
        self._scan = scan
        self._name = name
        self.path = path
        self.directory = directory
        self._stat = scan.host.stat_magic(name)
        self._digests: dict[str, str] = {}

    @property
    def regular(self) -> bool:
        return stat.S_ISREG(self._stat.st_mode)

    def _digest(self, kind: str) -> str | None:
        known = self._digests or _cache.get(_key(self._stat))
        if known is None or kind not in known:
            wanted = [name for name in ("md5", "sha1", "sha256") if name == kind or self._scan.wants(name)]
            most = self._scan.settings.read_max
            try:
                found, key = digests(self._scan, self._name, wanted, self._scan.host, most)
            except TooLarge:
                from ..functions.human import human_size

                self._scan.note(f"files of more than {human_size(most)} (read_max) have no digest", self.path)
                return None
            known = {**(known or {}), **found} if key == _key(self._stat) else found
            if key is not None:
                while len(_cache) >= _REMEMBERED:
                    del _cache[next(iter(_cache))]
                _cache[key] = known
        # A file that changed just now is not remembered, but its row is one reading of it.
        self._digests = known
        return known[kind]


class TooLarge(OSError):
    """A file is larger than it may be."""


def digests(
    scan: Stoppable, path: str, kinds: list[str], host: Host = LIVE, most: int = READ_MAX
) -> tuple[dict[str, str], tuple[int, ...] | None]:
    """The digests of a file's content, read once, and the key to remember them by. Raises OSError: TooLarge for a file
    of more than `most` bytes, holes included, or that has no end.

    No key where the file could change without its key: it changed just now or while it was read, or it is none that
    is stored (a file of /proc says that its size is 0).
    """
    return host.use_magic(path, lambda fd: _digests(scan, fd, kinds, most))


def _digests(scan: Stoppable, fd: int, kinds: list[str], most: int) -> tuple[dict[str, str], tuple[int, ...] | None]:
    hashes = [(kind, hashlib.new(kind)) for kind in kinds]
    before = os.fstat(fd)
    if before.st_size > most:
        raise TooLarge(errno.EFBIG, os.strerror(errno.EFBIG))
    buffer = bytearray(_CHUNK)
    view = memoryview(buffer)
    settled = time.time_ns() - before.st_ctime_ns > _UNSURE_NS
    total = 0
    while True:
        scan.check()
        size = os.readv(fd, [buffer])
        if not size:
            break
        total += size
        if total > most:
            raise TooLarge(errno.EFBIG, os.strerror(errno.EFBIG))
        counters.bytes += size
        for _, digest in hashes:
            digest.update(view[:size])
    same = total == before.st_size and _key(os.fstat(fd)) == _key(before)
    counters.files += 1
    return {kind: digest.hexdigest() for kind, digest in hashes}, _key(before) if settled and same else None


def _key(found: os.stat_result) -> tuple[int, ...]:
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


class Hash(Table):
    """Digests of regular files; a symbolic link is followed. Files larger than the limit `read_max` have none, and a
    note says so."""

    path = Column(TEXT, "Path", required=True, like=True)
    directory = Column(TEXT, "Directory it is in", required=True, like=True)
    md5 = Column(
        TEXT, "MD5 digest in hexadecimal; NULL where the file may not be read or is too large", collate="NOCASE"
    )
    sha1 = Column(
        TEXT, "SHA-1 digest in hexadecimal; NULL where the file may not be read or is too large", collate="NOCASE"
    )
    sha256 = Column(
        TEXT, "SHA-256 digest in hexadecimal; NULL where the file may not be read or is too large", collate="NOCASE"
    )
    pid_with_namespace = Column(INTEGER, "Not offered; always 0", hidden=True)
    mount_namespace_id = Column(TEXT, "Not offered; always ''", hidden=True)

    identity = ("path",)
    typical_rows = 50
    row_cost = 100.0
    examples = ["SELECT path, sha256 FROM hash WHERE path = '/etc/passwd';"]

    def rows(self, scan: Scan) -> Iterator[_Hashed | tuple[Any, ...]]:
        for path, directory in asked_paths(scan):
            try:
                found = _Hashed(scan, path, from_os(path), from_os(directory))
            except PermissionError:
                scan.denied("files", path)
                continue
            except NotReached:
                continue
            except (FileNotFoundError, NotADirectoryError, ValueError):
                continue
            except OSError as error:
                if not note_beyond(scan, path, error):
                    scan.note(f"a file cannot be looked up: {error.strerror}", path)
                    if not scan.settings.osquery_patterns:
                        yield (from_os(path), from_os(directory), None, None, None, 0, "")
                continue
            if found.regular:
                yield found
