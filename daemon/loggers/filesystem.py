"""The filesystem logger: results, snapshots and status lines in files of a directory, rotated by size."""

from __future__ import annotations

import os
import stat

from ...vtables.files.private import private_folder
from ...vtables.files.write import append
from .logger import RESULT, SNAPSHOT, STATUS, Logger

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..config.options import Options

FILES = {RESULT: "hostqld.results.log", SNAPSHOT: "hostqld.snapshots.log", STATUS: "hostqld.status.log"}


class Filesystem(Logger):
    """Appends to the files; each line whole or not at all."""

    name = "filesystem"

    def __init__(self, options: Options) -> None:
        self._folder = options.logger_path
        self._mode = int(options.logger_mode, 8)
        self._size = options.logger_rotate_size if options.logger_rotate else 0
        self._most = max(options.logger_rotate_max_files, 1)
        self._files: dict[str, int] = {}

    def write(self, kind: str, lines: Sequence[str]) -> int:
        raw = memoryview(b"".join(map(_encoded, lines)))
        file = self._file(kind)
        before = os.fstat(file).st_size
        if self._size and before >= self._size:
            # Before, not after: where that fails nothing was written, and nothing comes twice.
            self._rotate(kind)
            file = self._file(kind)
            before = os.fstat(file).st_size
        written = 0
        try:
            while written < len(raw):
                written += os.write(file, raw[written:])
        except OSError:
            # What was cut is taken back: all of these lines come again.
            os.ftruncate(file, before)
            raise
        return len(lines)

    def place(self, kind: str) -> str:
        """The file's number and size: 'INODE SIZE'."""
        found = os.fstat(self._file(kind))
        return f"{found.st_ino} {found.st_size}"

    def written(self, kind: str, place: str, lines: Sequence[str]) -> int:
        inode, size = map(int, place.split())
        path = os.path.join(self._folder, FILES[kind])
        count = 0
        # Lines may have gone to the file as it was before it was rotated, and from there on to a new one.
        for name, part in ((_places(path)[0], False), (path, True)):
            try:
                file = os.open(name, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            except FileNotFoundError:
                continue
            try:
                same = os.fstat(file).st_ino == inode
                if same or part:
                    count += _found(file, size if same else 0, lines[count:])
            finally:
                os.close(file)
        return count

    def reopen(self) -> None:
        for file in self._files.values():
            os.close(file)
        self._files.clear()

    close = reopen

    def _file(self, kind: str) -> int:
        path = os.path.join(self._folder, FILES[kind])
        file = self._files.get(kind)
        if file is not None and not _is_at(file, path):
            # Moved or removed by somebody else.
            os.close(self._files.pop(kind))
            file = None
        if file is None:
            private_folder(self._folder, 0o750)
            file = self._files[kind] = append(path, self._mode, plain=True)
        return file

    def _rotate(self, kind: str) -> None:
        """NAME becomes NAME.1, that NAME.2, and so on; those go that are more than are kept. Where that fails, lines go
        on to the file as it is, and `problem` says why."""
        path = os.path.join(self._folder, FILES[kind])
        os.close(self._files.pop(kind))
        places = _places(path)
        try:
            for number in range(len(places) - 1, 0, -1):
                if number < self._most:
                    os.replace(places[number - 1], places[number])
                else:
                    os.unlink(places[number - 1])
            os.replace(path, places[0])
        except OSError as error:
            self.problem = f"{path} cannot be rotated, and grows: {error.strerror}"
        else:
            self.problem = ""


def _places(path: str) -> list[str]:
    """The names of rotated files, from the newest on, and the first that is free: PATH.1, PATH.2, ... without gaps.

    A name that something else than a file has (a directory) is passed over, and other names are not ours: what
    logrotate made of it, PATH.007.
    """
    found: list[str] = []
    number = 0
    while True:
        number += 1
        name = f"{path}.{number}"
        try:
            regular = stat.S_ISREG(os.lstat(name).st_mode)
        except FileNotFoundError:
            return [*found, name]
        if regular:
            found.append(name)


def _encoded(line: str) -> bytes:
    return f"{line}\n".encode("utf-8", "backslashreplace")


def _found(file: int, start: int, lines: Sequence[str]) -> int:
    """How many of the lines stand in a file from `start` on. A part of the next one is taken away."""
    at = start
    for count, line in enumerate(lines):
        raw = _encoded(line)
        there = os.pread(file, len(raw), at)
        if there != raw:
            if there and raw.startswith(there):
                os.ftruncate(file, at)
            return count
        at += len(raw)
    return len(lines)


def _is_at(file: int, path: str) -> bool:
    """Whether an open file still has its name."""
    try:
        there = os.stat(path)
    except OSError:
        return False
    return os.path.samestat(os.fstat(file), there)
