"""`Session`: what the prompt remembers between inputs, and what one input does. Knows no keyboard."""

from __future__ import annotations

import sys
import time

from ...vtables.errors import HostqlError, QueryCancelled
from ..formats import write
from ..messages import write_error, write_notes
from ..oneshot import style
from ..runner import Runner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ...vtables.database import Database, Result
    from ...watchdog.limits import Limits


class Session:
    """One database, an output mode, limits; `done` once the user has left."""

    def __init__(self, database: Database, limits: Limits, mode: str) -> None:
        self.database = database
        self.runner = Runner(database, limits)
        self.mode = mode
        self.done = False

    def handle(self, text: str) -> None:
        """Do what one input says: a command that begins with a dot, or SQL. Errors are shown, never raised."""
        from .commands import dispatch

        try:
            if text.lstrip().startswith("."):
                dispatch(self, text.strip())
            else:
                self.runner.run(text, {}, self._show)
        except KeyboardInterrupt:
            sys.stdout.flush()
            write_error(QueryCancelled("cancelled"), sys.stderr)
        except HostqlError as error:
            sys.stdout.flush()
            write_error(error, sys.stderr)

    def show_rows(self, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
        """Rows of a command, in the session's mode."""
        write(self.mode, columns, rows, sys.stdout, style(sys.stdout, self.mode, True))

    def _show(self, result: Result, rows: Iterator[tuple[Any, ...]]) -> None:
        started = time.monotonic()
        try:
            if result.columns:
                count = write(self.mode, result.columns, rows, sys.stdout, style(sys.stdout, self.mode, True))
            else:
                count = sum(1 for _ in rows)
        finally:
            sys.stdout.flush()
            write_notes(result.notes, sys.stderr)
        if result.columns:
            print(f"{count} row{'' if count == 1 else 's'} · {(time.monotonic() - started) * 1000:.0f} ms")


def complete_input(text: str) -> bool:
    """Whether Enter should run the text: a command, nothing at all, or SQL that ends in a semicolon."""
    import apsw

    from ...vtables.database import blank

    return text.lstrip().startswith(".") or blank(text) or apsw.complete(text)
