"""`Output`: where rows go. A file takes its name only when all its rows are in it, so no half file passes for a whole.

    with Output("rows.json") as output:
        output.stream.write(...)
        output.complete = True

Without `complete`, whatever had that name before is left as it was.
"""

from __future__ import annotations

import os
import stat
import sys

from ..vtables.errors import HostqlError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import TextIO


class Output:
    """Standard output for '', else a file; a device, FIFO or socket is written as it stands. Raises HostqlError."""

    def __init__(self, name: str) -> None:
        self.complete = False
        self._name = name
        self._path = os.path.realpath(name) if name else ""
        self._unfinished = ""
        self.stream: TextIO = sys.stdout
        if name:
            try:
                self.stream = os.fdopen(self._open(), "w", encoding="utf-8", errors="backslashreplace")
            except OSError as error:
                raise self._failed(error) from error

    def _open(self) -> int:
        mode = None
        try:
            found = os.stat(self._name)
        except FileNotFoundError:
            pass
        else:
            if not stat.S_ISREG(found.st_mode):
                return os.open(self._name, os.O_WRONLY | os.O_CLOEXEC)
            mode = stat.S_IMODE(found.st_mode)
        folder, name = os.path.split(self._path)
        self._unfinished = os.path.join(folder, f".{name[:200]}.{os.getpid()}.unfinished")
        fd = os.open(self._unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
        if mode is not None:
            os.fchmod(fd, mode)
        return fd

    def _failed(self, error: OSError) -> HostqlError:
        return HostqlError(f"cannot write {self._name}: {error.strerror}")

    def __enter__(self) -> Output:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._name:
            return
        try:
            self.stream.close()
            if self._unfinished and self.complete:
                os.replace(self._unfinished, self._path)
                self._unfinished = ""
        except OSError as failure:
            raise self._failed(failure) from failure
        finally:
            if self._unfinished:
                _remove(self._unfinished)


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return
