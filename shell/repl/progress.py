"""`Progress`: while a query is slow, one line on standard error that says how long it has taken and what was read.

    with Progress(sys.stderr, enabled=True, read=lambda: database.statement.read) as progress:
        ...the query...

Nothing is drawn for half a second, nor within half a second of other output, and nothing at all where standard error is
no terminal that can erase. Whoever writes to the terminal does so within `progress.hidden()`.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from time import monotonic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TextIO

# Seconds without output before the line appears.
DELAY = 0.5
# Seconds from one look to the next.
TICK = 0.2

_ERASE = "\r\x1b[K"


class Progress:
    """Watches one query from a thread of its own.

    rows     rows of the result so far, counted by whoever shows them
    started  the clock's reading when the statement began
    tick     called at every look, for those who hold text back and want to be reminded
    lock     held while anything is written to the terminal
    """

    def __init__(
        self,
        out: TextIO,
        *,
        enabled: bool = True,
        read: Callable[[], int] = lambda: 0,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.rows = 0
        self.started = clock()
        self.tick: Callable[[], None] | None = None
        self.lock = threading.RLock()
        self._out = out
        self._draws = enabled and out.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self._read = read
        self._clock = clock
        self._drawn = False
        self._quiet_since = monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="progress", daemon=True)

    def __enter__(self) -> Progress:
        self.restart()
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        self._thread.join()
        self._erase()

    def restart(self) -> None:
        """Another statement begins."""
        self.rows = 0
        self.started = self._clock()

    @property
    def seconds(self) -> float:
        """How long the statement has taken."""
        return self._clock() - self.started

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """The line is gone, and stays away for a while; nobody else writes meanwhile."""
        with self.lock:
            self._erase()
            try:
                yield
            finally:
                self._quiet_since = monotonic()

    def stop(self) -> None:
        """Draw nothing any more: somebody else (a pager) has the screen."""
        with self.lock:
            self._erase()
            self._draws = False

    def _watch(self) -> None:
        while not self._ended.wait(TICK):
            if self.tick is not None:
                self.tick()
            with self.lock:
                if self._draws and not self._ended.is_set() and monotonic() - self._quiet_since >= DELAY:
                    self._draw()

    def _draw(self) -> None:
        try:
            columns = os.get_terminal_size(self._out.fileno()).columns or 80
            text = line(self.seconds, self._read(), self.rows, columns - 1)
            # Never into the last column: some terminals would wrap there, and the line could not be erased.
            self._out.write(f"\r{text}\x1b[K")
            self._out.flush()
            self._drawn = True
        except OSError:
            self._draws = False

    def _erase(self) -> None:
        if self._drawn:
            self._drawn = False
            self._out.write(_ERASE)
            self._out.flush()


def line(seconds: float, read: int, rows: int, width: int = 80) -> str:
    """The progress in words, as many as there is room for.

    >>> line(3.21, 12345, 0)
    ' 3.2 s · 12,345 rows read · Ctrl-C stops'
    >>> line(3.21, 12345, 0, 39)
    ' 3.2 s · 12,345 rows read'
    """
    parts = [f" {seconds:.1f} s"]
    if read:
        parts.append(f"{read:,} rows read")
    if rows and rows != read:
        parts.append(f"{rows:,} rows")
    parts.append("Ctrl-C stops")
    while len(" · ".join(parts)) > width and len(parts) > 1:
        parts.pop()
    return " · ".join(parts)[:width]
