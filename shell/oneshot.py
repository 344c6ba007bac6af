"""One-shot: run the statements of the command line, rows to standard output or a file, everything else to stderr."""

from __future__ import annotations

import os
import sys

from ..vtables.errors import HostqlError
from .formats import Style, write
from .formats.safe import printable
from .messages import write_error, write_notes
from .output import Output
from .runner import Runner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, TextIO

    from ..vtables.database import Database, Params, Result
    from ..watchdog.guard import Breach
    from ..watchdog.limits import Limits

# Formats that are made to fit the terminal.
FITTED = ("auto", "table", "box", "line")
# Formats for people: a blank line parts one result from the next.
_SPACED = ("auto", "table", "box", "line", "markdown")


def answer(database: Database, sql: str, params: Params, limits: Limits, format: str, output: str, header: bool) -> int:
    """Run `sql`; returns the exit code. Rows go to the file `output`, to standard output when it is ''.

    A file is written only when the whole of `sql` went well.
    """
    with Output(output) as target:
        out = target.stream
        printer = _Printer(out, format, style(out, format, header))
        try:
            Runner(database, limits, _end_process).run(sql, params, printer.show)
            out.flush()
        except HostqlError as error:
            out.flush()
            write_notes(printer.pending(), sys.stderr)
            write_error(error, sys.stderr)
            if output:
                sys.stderr.write(f"note: {printable(output)} is not written: it would not be whole\n")
            return error.exit_code
        target.complete = True
    return 0


def style(out: TextIO, format: str, header: bool) -> Style:
    """How rows look on this stream: elided to the terminal's width there, whole elsewhere."""
    if not out.isatty():
        return Style(header=header)
    from .repl.theme import theme

    columns = os.get_terminal_size(out.fileno()).columns if format in FITTED else 0
    return Style(width=columns, colours=theme("auto", os.environ).colours, null="NULL", header=header)


class _Printer:
    """Shows each result in turn, and its notes after its rows."""

    def __init__(self, out: TextIO, format: str, style: Style) -> None:
        self._out = out
        self._format = format
        self._style = style
        self._shown = 0
        self._result: Result | None = None

    def show(self, result: Result, rows: Iterator[tuple[Any, ...]]) -> None:
        """Write one result."""
        self._result = result
        if result.columns:
            if self._shown and self._format in _SPACED:
                self._out.write("\n")
            self._shown += 1
            write(self._format, result.columns, rows, self._out, self._style)
        else:
            for _ in rows:
                pass
        self._out.flush()
        write_notes(self.pending(), sys.stderr)

    def pending(self) -> Iterator[str]:
        """The notes of the last result that have not been printed."""
        result, self._result = self._result, None
        return iter(result.notes if result is not None else ())


def _end_process(breach: Breach) -> None:
    """A query that does not stop (a read that hangs in the kernel) is left behind with the process."""
    sys.stderr.write(f"error: {breach.message}; the query does not respond, ending without it\n")
    sys.stderr.flush()
    os._exit(3)
