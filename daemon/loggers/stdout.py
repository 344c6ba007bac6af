"""The stdout logger: lines on standard output."""

from __future__ import annotations

import errno
import os
import select

from .logger import Logger

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# Seconds to wait for a reader, and bytes that a pipe with any room takes without blocking (pipe(7)).
PATIENCE = 5.0
_ROOM = select.PIPE_BUF


class Stdout(Logger):
    """Every line as it is. Where nobody reads, one that was begun is gone on with."""

    name = "stdout"

    def __init__(self, file: int = 1) -> None:
        self._file = file
        self._poll = select.poll()
        self._poll.register(file, select.POLLOUT)
        # The line that is being written, and what is left of it.
        self._line: str | None = None
        self._rest = memoryview(b"")

    def write(self, kind: str, lines: Sequence[str]) -> int:
        for done, line in enumerate(lines):
            if line != self._line:
                self._line, self._rest = line, memoryview(f"{line}\n".encode("utf-8", "backslashreplace"))
            if not self._go_on():
                if done:
                    return done
                raise TimeoutError(errno.ETIMEDOUT, "nobody reads standard output")
            self._line = None
        return len(lines)

    def _go_on(self) -> bool:
        """Write what is left of the line; whether all of it could be."""
        while self._rest:
            if not self._poll.poll(PATIENCE * 1000):
                return False
            self._rest = self._rest[os.write(self._file, self._rest[:_ROOM]) :]
        return True
