"""`Screen`: a terminal that rows are written to; what is taller than it goes to the pager, as it comes.

Until it is known which, at most one screenful is held back, and that for a second at most.
"""

from __future__ import annotations

import os
import re
import threading
from collections import deque
from time import monotonic

from ..formats.layout import text_width
from .pager import Failed, Left, Pager, Signals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TextIO

    from ...watchdog.stopwatch import Stopwatch
    from .progress import Progress

# Lines below a result: its footer, the prompt and the status bar.
RESERVED = 3
# Seconds that rows are held back in the hope of learning whether they need the pager.
HOLD = 1.0
# Characters that are written at once, and seconds that fewer of them may wait, while rows come fast.
CHUNK, WAIT = 8192, 0.02

_SGR = re.compile(r"\x1b\[[0-9;]*m")


def size(out: TextIO) -> tuple[int, int]:
    """Columns and lines of the terminal; 80 and 24 where it does not say."""
    try:
        columns, lines = os.get_terminal_size(out.fileno())
    except (OSError, ValueError):
        columns = lines = 0
    return columns or 80, lines or 24


class Screen:
    """Write whole lines to it, then `close` it.

    lock    held while anything is written
    header  lines at the top for the pager to keep in view
    chop    whether the pager cuts long lines (and scrolls sideways) instead of wrapping them
    failed  why the pager did not work, '' while it does
    """

    def __init__(self, out: TextIO, pager: Sequence[str] | None, progress: Progress, stopwatch: Stopwatch) -> None:
        self.header = 0
        self.chop = False
        self.failed = ""
        self._out = out
        self._columns, lines = size(out)
        self._room = max(1, lines - RESERVED)
        self._words = pager
        self._progress = progress
        self._stopwatch = stopwatch
        self._began = self._flushed = monotonic()
        self._pending: deque[str] = deque()
        self._waiting = 0
        self._held: list[str] | None = [] if pager is not None else None
        self._printed = 0
        self._height = 0
        self._pager: Pager | None = None
        self._opened: Pager | None = None
        self._signals = Signals(lambda: self._opened) if pager is not None else None
        self._main = threading.get_ident()
        self._reminded: Callable[[], None] | None = None
        self.lock = progress.lock
        progress.tick = self._tick

    def write(self, text: str) -> int:
        """Lines, each with its end. Raises Left when the reader has left the pager."""
        if self._held is not None:
            self._hold(text)
            return len(text)
        self._pending.append(text)
        self._waiting += len(text)
        if self._waiting >= CHUNK or monotonic() - self._flushed > WAIT:
            self.flush()
        return len(text)

    def remind(self, reminded: Callable[[], None]) -> None:
        """Call this, under the lock and from another thread, now and then while no row comes."""
        self._reminded = reminded

    def isatty(self) -> bool:
        """It is a terminal, for those who escape what is shown on one."""
        return True

    def flush(self) -> None:
        """Pass on what waits."""
        if threading.get_ident() != self._main:
            # A reminder's; the tick passes it on.
            return
        self._waiting = 0
        self._flushed = monotonic()
        pager = self._pager
        if pager is None:
            self._pass_on()
            return
        # The reader's time is not the query's; and what Ctrl-C means depends on who waits for whom.
        self._stopwatch.pause()
        pager.waiting = True
        try:
            self._pass_on()
        finally:
            pager.waiting = False
            self._stopwatch.resume()

    def close(self) -> None:
        """All is written: show what is held back, or wait until the reader leaves the pager."""
        self._progress.tick = None
        if self._held is not None:
            self._print_held()
        if self._opened is not None:
            self._opened.feeding = False
        try:
            self.flush()
            if self._pager is not None:
                self._finish(self._pager)
        except Left:
            pass
        finally:
            if self._signals is not None:
                self._signals.restore()

    def _finish(self, pager: Pager) -> None:
        self._stopwatch.pause()
        try:
            pager.finish()
        except Failed as failure:
            self._without_pager(failure)
        finally:
            self._stopwatch.resume()

    def _tick(self) -> None:
        """From the thread of the progress: nothing waits long for the next row."""
        with self.lock:
            try:
                if self._reminded is not None:
                    self._reminded()
                if self._held is None:
                    self._pass_on()
                elif monotonic() - self._began > HOLD:
                    self._print_held()
            except Left:
                # The main thread is told by a signal.
                pass

    def _hold(self, text: str) -> None:
        with self.lock:
            held = self._held
            assert held is not None
            held.append(text)
            self._height += sum([self._lines(line) for line in text.splitlines()])
            if self._height <= self._room:
                if self._printed:
                    self._print_held()
                return
            self._held = None
            self._pending.extend(held)
            self._start_pager(held)
        self.flush()

    def _start_pager(self, held: list[str]) -> None:
        assert self._words is not None
        self._progress.stop()
        self._out.flush()
        try:
            self._opened = self._pager = Pager(self._words, self.header, self.chop)
        except Failed as failure:
            self.failed = str(failure)
            for _ in range(self._printed):
                self._pending.popleft()

    def _lines(self, line: str) -> int:
        """Lines of the screen that a line takes."""
        if self.chop:
            return 1
        return max(1, -(-text_width(_SGR.sub("", line)) // self._columns))

    def _print_held(self) -> None:
        held = self._held or []
        text = "".join(held[self._printed :])
        self._printed = len(held)
        self._print(text)

    def _print(self, text: str) -> None:
        if text:
            with self._progress.hidden():
                self._out.write(text)
                self._out.flush()

    def _pass_on(self) -> None:
        with self.lock:
            pieces = []
            while self._pending:
                pieces.append(self._pending.popleft())
            if self._pager is None:
                self._print("".join(pieces))
            elif pieces:
                try:
                    self._pager.write("".join(pieces))
                except Failed as failure:
                    self._without_pager(failure)

    def _without_pager(self, failure: Failed) -> None:
        """Print what the pager was given, and go on without it."""
        self.failed = str(failure)
        self._pager = None
        self._print("".join(failure.text))
