"""`Session`: what the prompt remembers between inputs, and what one input does. Knows no keyboard."""

from __future__ import annotations

import sys

from ...vtables.errors import HostqlError, QueryCancelled, QueryError
from ..formats.safe import printable
from ..messages import write_error, write_notes
from ..runner import Runner
from .destination import Destination
from .display import Display, counted, footer
from .friendly import meant
from .record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

    from ...vtables.database import Database, Result
    from .display import Shown
    from .progress import Progress
    from .settings import Settings

# Rows of the last result that `.last` and `.export` can give again without asking the host.
KEPT_ROWS = 1000


class Last:
    """The last result: its statement, columns, the rows that were kept, how many there were, seconds and notes."""

    __slots__ = ("columns", "count", "notes", "rows", "seconds", "sql", "types")

    def __init__(self, sql: str, columns: tuple[str, ...], types: tuple[str, ...]) -> None:
        self.sql = sql
        self.columns = columns
        self.types = types
        self.rows: list[tuple[Any, ...]] = []
        self.count = 0
        self.seconds = 0.0
        self.notes: list[str] = []

    @property
    def complete(self) -> bool:
        """Whether all its rows were kept."""
        return len(self.rows) == self.count


class Session:
    """One database and all that the user has set.

    display  how results reach the screen
    params   values for :NAME in statements
    last     the last result, None before the first
    failed   whether the last input went wrong
    done     True once the user has left
    """

    def __init__(self, database: Database, settings: Settings, record: Record | None = None) -> None:
        self.database = database
        self.settings = settings
        self.display = Display(settings)
        self.runner = Runner(database, settings.limits(), clock=self.display.stopwatch)
        self.record = record or Record.nowhere()
        self.destination = Destination()
        self.params: dict[str, Any] = {}
        self.last: Last | None = None
        self.failed = False
        self.done = False
        self._files: list[str] = []

    def handle(self, text: str) -> None:
        """Do what one input says: a command that begins with a dot, or SQL. Errors are shown, never raised."""
        text = meant(text, self.database.catalog)
        if not text.strip():
            return
        before = self.last
        entry = self.record.begin(text)
        started = self.display.stopwatch()
        error = self._tried(lambda: self.script(text))
        self.failed = error is not None
        rows = self.last.count if self.last is not None and self.last is not before else None
        self.record.end(entry, self.display.stopwatch() - started, rows, error.message if error is not None else "")

    def script(self, text: str) -> None:
        """Run commands (a line each, beginning with a dot) and statements in their order. Raises HostqlError."""
        from .commands import dispatch

        for _, piece in pieces(text):
            if piece.startswith("."):
                dispatch(self, piece)
            else:
                self.run(piece)
            if self.done:
                return

    def reading(self, name: str, text: str) -> None:
        """Run a file's text; an error says where in the file it is. Raises HostqlError."""
        if name in self._files:
            raise HostqlError(f"{name} reads itself")
        self._files.append(name)
        try:
            for line, piece in pieces(text):
                try:
                    self.script(piece)
                except HostqlError as error:
                    if isinstance(error, QueryError) and error.offset is not None:
                        line += error.sql.count("\n", 0, error.offset)
                    error.message = f"{name}, line {line}: {error.message}"
                    raise
                if self.done:
                    return
        finally:
            self._files.pop()

    def export(self, sql: str, path: str) -> None:
        """Write a statement's rows to a file, in the format of its ending. Raises HostqlError, KeyboardInterrupt."""
        from .transfer import write_rows

        def write_result(result: Result, rows: Iterator[tuple[Any, ...]]) -> None:
            count = write_rows(path, result.columns, rows)
            with progress.hidden():
                self.write(f"{counted(count)} to {path}")
                if self.settings.notes:
                    write_notes(result.notes, sys.stderr)

        self.runner.limits = self.settings.limits()
        with self.progress() as progress:
            self.runner.run(sql, self.params, write_result)

    def run(self, sql: str, params: dict[str, Any] | None = None, *, traced: bool = False) -> None:
        """Run statements and show their results. Raises HostqlError, KeyboardInterrupt."""
        self.runner.limits = self.settings.limits()
        with self.progress() as progress:
            self.runner.run(
                sql,
                self.params if params is None else params,
                lambda result, rows: self._show(result, rows, progress),
                traced=traced,
            )

    def rows(self, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        """Show rows of a command in the session's mode; returns how many."""
        with self.destination.opened() as out:
            return self._write(columns, (), rows, out).rows

    @property
    def for_people(self) -> bool:
        """Whether what is shown next goes to a terminal, in whatever form reads best there."""
        on_terminal = self.destination.name == "the terminal" and sys.stdout.isatty()
        return on_terminal and self.settings.mode == "auto"

    def write(self, text: str) -> None:
        """A line (or lines) for the user, to where results go."""
        with self.destination.opened() as out:
            harmless = "\n".join([printable(line) for line in text.split("\n")]) + "\n"
            if out is None:
                self.display.page(harmless)
            else:
                out.write(harmless)

    def note(self, text: str) -> None:
        """A word beside the result, on standard error."""
        sys.stdout.flush()
        write_notes([text], sys.stderr)

    def progress(self) -> Progress:
        """The line that shows a slow statement's time and rows; a context manager."""
        return self.display.progress(lambda: self.database.statement.read)

    def _tried(self, action: Callable[[], None]) -> HostqlError | None:
        try:
            action()
        except KeyboardInterrupt:
            error: HostqlError = QueryCancelled("cancelled")
        except HostqlError as raised:
            error = raised
        else:
            return None
        sys.stdout.flush()
        write_error(error, sys.stderr)
        return error

    def _show(self, result: Result, rows: Iterator[tuple[Any, ...]], progress: Progress) -> None:
        if not result.columns:
            for _ in rows:
                pass
            with progress.hidden():
                write_notes(result.notes, sys.stderr)
            progress.restart()
            return
        last = self.last = Last(result.text, result.columns, result.types)
        try:
            with self.destination.opened() as out:
                shown = self._write(result.columns, result.types, _kept(rows, last), out, progress)
        finally:
            sys.stdout.flush()
            last.seconds = progress.seconds
            last.notes = list(result.notes)
            if self.settings.notes:
                with progress.hidden():
                    write_notes(last.notes, sys.stderr)
        if self.settings.timer and out is None:
            first = None if shown.first is None else shown.first - progress.started
            below = footer(shown.rows, last.seconds, read=result.statement.read, first=first, stopped=shown.stopped)
            with progress.hidden():
                print(below)
        progress.restart()

    def _write(
        self,
        columns: Sequence[str],
        types: Sequence[str],
        rows: Iterable[Sequence[Any]],
        out: Any,
        progress: Progress | None = None,
    ) -> Shown:
        mode = self.settings.mode
        if mode == "auto":
            mode = self.destination.format or mode
        return self.display.show(columns, types, rows, out, mode=mode, progress=progress)


def _kept(rows: Iterator[tuple[Any, ...]], last: Last) -> Iterator[tuple[Any, ...]]:
    """The rows, counted, the first of them kept."""
    for row in rows:
        last.count += 1
        if last.count <= KEPT_ROWS:
            last.rows.append(row)
        yield row


def pieces(text: str) -> Iterator[tuple[int, str]]:
    r"""The commands and statements of an input or a file, each with the line where it begins: a line that begins with
    a dot, outside of a statement, is a command.

    >>> list(pieces(".mode json\nselect 1;\n.tables\nselect\n.5; select 2"))
    [(1, '.mode json'), (2, 'select 1;'), (3, '.tables'), (4, 'select\n.5; select 2')]
    """
    from apsw import complete

    from ...vtables.database import blank

    gathered, start = "", 1
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        if line.lstrip().startswith(".") and (blank(gathered) or complete(gathered)):
            if not blank(gathered):
                yield start, gathered.rstrip("\n")
            gathered, start = "", number + 1
            yield number, line.strip()
        else:
            gathered += line
    if not blank(gathered):
        yield start, gathered.rstrip("\n")


def complete_input(text: str, session: Session) -> bool:
    """Whether Enter should run the text: a command or friendly word, nothing at all, or SQL that ends in `;`."""
    from apsw import complete

    from ...vtables.database import blank

    text = meant(text, session.database.catalog)
    # A comment after the `;` ends with its line.
    return text.lstrip().startswith(".") or blank(text) or complete(text + "\n") or interposed(text) is not None


def interposed(text: str) -> tuple[str, str] | None:
    r"""The open statement and the command typed below it, where the last line is one of hostql's commands.

    >>> interposed("select name\n.help"), interposed("select name\n.5")
    (('select name\n', '.help'), None)
    """
    from apsw import complete

    from .commands import COMMANDS

    before, _, last = text.rpartition("\n")
    command = last.strip()
    name = command.partition(" ")[0].rstrip(";")
    if not before.strip() or name not in COMMANDS or before.lstrip().startswith(".") or complete(before):
        return None
    return before + "\n", command
