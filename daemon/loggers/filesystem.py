"""The filesystem logger: results, snapshots and status lines in files of a directory, rotated by size."""

from __future__ import annotations

import os

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

    def write(self, kind: str, lines: Sequence[str]) -> None:
        raw = memoryview("".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace"))
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
        if self._size and before + written >= self._size:
            self._rotate(kind)

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
            os.makedirs(self._folder, mode=0o750, exist_ok=True)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            file = os.open(path, flags, self._mode)
            self._files[kind] = file
        return file

    def _rotate(self, kind: str) -> None:
        """NAME becomes NAME.1, that NAME.2, and so on; the last one goes."""
        path = os.path.join(self._folder, FILES[kind])
        os.close(self._files.pop(kind))
        for number in range(self._most - 1, 0, -1):
            if os.path.exists(f"{path}.{number}"):
                os.replace(f"{path}.{number}", f"{path}.{number + 1}")
        os.replace(path, f"{path}.1")


def _is_at(file: int, path: str) -> bool:
    """Whether an open file still has its name."""
    try:
        there = os.stat(path)
    except OSError:
        return False
    return os.path.samestat(os.fstat(file), there)
