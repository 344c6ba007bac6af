"""`Display`: a result on its way to the screen or a file, by the settings: format, width, colours, pager.

On a terminal, `mode auto` is a table where its rows can be read in one (see formats/auto.py), else records. A result
taller than the screen goes to the pager as its rows come. A file gets the same rows whole and plain.
"""

from __future__ import annotations

import os
import sys

from ...watchdog.stopwatch import Stopwatch
from ..formats import Style, auto, write
from . import pager
from .progress import Progress
from .screen import Screen, size
from .theme import theme

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any, TextIO

    from .settings import Settings

# Lines at the top of a format that a pager keeps in view, and formats whose lines it cuts instead of wrapping.
_HEADER = {"table": 2, "box": 3, "markdown": 2, "tsv": 1, "csv": 1}
_CHOPPED = ("table", "box", "markdown", "tsv", "csv")
# Formats for people; in the others, what stands for NULL here would be a text, unless the user has chosen it.
_NULL = ("auto", "table", "box", "line")
# Seconds after which it is worth saying when the first row came.
SLOW = 0.5


class Shown:
    """What became of a result.

    rows     rows shown
    stopped  whether the reader left the pager before the last row had come
    first    the stopwatch's reading at the first row, None where there was none
    """

    __slots__ = ("first", "rows", "stopped")

    def __init__(self, rows: int, stopped: bool, first: float | None) -> None:
        self.rows = rows
        self.stopped = stopped
        self.first = first


class Display:
    """Shows results one after another.

    stopwatch  stands still while somebody reads in the pager; time queries by it
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.stopwatch = Stopwatch()
        self._noted = ""

    def show(
        self,
        columns: Sequence[str],
        types: Sequence[str],
        rows: Iterable[Sequence[Any]],
        out: TextIO | None = None,
        *,
        mode: str = "",
        progress: Progress | None = None,
    ) -> Shown:
        """Show rows as they come, on the terminal or in `out`; `mode` instead of the setting's.

        Holds the rows that decide the widths and at most one screenful. KeyboardInterrupt and HostqlError pass through
        after what came before them has been shown (and the pager left).
        """
        mode = mode or self.settings.mode
        progress = progress or Progress(sys.stderr, enabled=False)
        taken = _Counted(rows, progress, self.stopwatch)
        if out is not None or not sys.stdout.isatty():
            write(mode, columns, iter(taken), out or sys.stdout, self.style(mode, None))
            return Shown(taken.count, False, taken.first)
        screen = Screen(sys.stdout, self._pager(), progress, self.stopwatch)
        style = self.style(mode, sys.stdout)
        stream: Any = screen
        style.reminder = screen
        stopped = False
        try:
            if mode == "auto":
                auto.write(columns, iter(taken), stream, style, lambda form: self._prepare(screen, form))
            else:
                self._prepare(screen, mode)
                write(mode, columns, iter(taken), stream, style)
        except pager.Left:
            stopped = True
        finally:
            screen.close()
            self._note(screen.failed)
        return Shown(taken.count, stopped, taken.first)

    def progress(self, read: Callable[[], int]) -> Progress:
        """The progress of statements; `read` gives the rows read from tables so far."""
        return Progress(sys.stderr, enabled=self.settings.progress, read=read, clock=self.stopwatch)

    def page(self, text: str) -> None:
        """Show (harmless) lines, in the pager where they are more than the screen holds."""
        if not sys.stdout.isatty():
            sys.stdout.write(text)
            return
        screen = Screen(sys.stdout, self._pager(), Progress(sys.stderr, enabled=False), self.stopwatch)
        try:
            screen.write(text)
        except pager.Left:
            pass
        finally:
            screen.close()
            self._note(screen.failed)

    def width(self) -> int:
        """Columns that what is shown on the terminal may take."""
        return self.settings.width or size(sys.stdout)[0]

    def style(self, mode: str, terminal: TextIO | None) -> Style:
        """How rows look on the terminal; None for a file or a pipe."""
        settings = self.settings
        null = settings.null if mode in _NULL or settings.null != "NULL" else ""
        if terminal is None:
            return Style(null=null, header=settings.header, ascii=settings.ascii)
        return Style(
            width=settings.width or size(terminal)[0],
            colours=theme(settings.theme, os.environ).colours,
            null=null,
            header=settings.header,
            ascii=settings.ascii,
        )

    def _prepare(self, screen: Screen, mode: str) -> None:
        screen.header = _HEADER.get(mode, 0) if self.settings.header else 0
        screen.chop = mode in _CHOPPED

    def _pager(self) -> list[str] | None:
        if not sys.stdin.isatty() or os.environ.get("TERM", "dumb") == "dumb":
            return None
        return pager.command(self.settings.pager, os.environ)

    def _note(self, failed: str) -> None:
        """Say once what is wrong with the pager."""
        if failed and failed != self._noted:
            self._noted = failed
            sys.stderr.write(f"note: {failed}; .config pager sets another, or off\n")


class _Counted:
    """The rows, counted, and when the first came."""

    def __init__(self, rows: Iterable[Sequence[Any]], progress: Progress, stopwatch: Stopwatch) -> None:
        self.count = 0
        self.first: float | None = None
        self._rows = rows
        self._progress = progress
        self._stopwatch = stopwatch

    def __iter__(self) -> Iterator[Sequence[Any]]:
        progress = self._progress
        for row in self._rows:
            if not self.count:
                self.first = self._stopwatch()
            self.count += 1
            progress.rows += 1
            yield row


def footer(rows: int, seconds: float, *, read: int = 0, first: float | None = None, stopped: bool = False) -> str:
    """What stands below a result: rows and time, rows read from tables where these were others, the first row's time.

    >>> footer(2, 0.011), footer(1, 0.2, read=3081)
    ('2 rows · 11 ms', '1 row · 200 ms · 3,081 rows read')
    >>> footer(1204, 3.21, first=0.003, stopped=True)
    '1,204 rows shown, stopped by the pager · 3.2 s · first row after 3 ms'
    """
    parts = [f"{counted(rows)} shown, stopped by the pager" if stopped else counted(rows), duration(seconds)]
    if read and read != rows:
        parts.append(f"{read:,} rows read")
    if first is not None and rows > 1 and seconds >= SLOW:
        parts.append(f"first row after {duration(first)}")
    return " · ".join(parts)


def counted(rows: int) -> str:
    """A number of rows in words.

    >>> counted(1), counted(1204)
    ('1 row', '1,204 rows')
    """
    return f"{rows:,} row{'' if rows == 1 else 's'}"


def duration(seconds: float) -> str:
    """A time for a person.

    >>> duration(0.0034), duration(3.21), duration(133)
    ('3 ms', '3.2 s', '2 min 13 s')
    """
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
