"""Commands that run a query in other ways: again and again (.watch), as a drawing (.chart), to see how (.explain)."""

from __future__ import annotations

import os
import sys

from ....vtables.errors import HostqlError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ....vtables.database import Result
    from ..progress import Progress
    from ..session import Session
    from ..watch.watcher import Watcher

# A chart drawn to a file or a pipe.
WIDTH, HEIGHT = 100, 24
# Lines of the prompt, the room it keeps for its menu, and the status bar.
PROMPT = 10


def watch(session: Session, argument: str) -> None:
    """Run a query again and again, and show what came, went and changed."""
    from ..watch.query import Query
    from ..watch.request import USAGE, parse
    from ..watch.view import summary

    request = parse(argument)
    request.sql = _sql(session, request.sql, f"usage: {USAGE}")
    session.runner.limits = session.settings.limits()
    query = Query(session.runner, request.sql, session.params)
    null = session.settings.null
    watcher: Watcher
    with session.destination.opened() as out:
        if out is None and _full_screen():
            from ..watch.screen import Screen

            screen = Screen(query, request, null, _ascii(session), session.settings.theme)
            screen.run()
            watcher = screen.watcher
        else:
            from ..watch.printed import watch as printed

            watcher = printed(query, request, out or sys.stdout, null)
    session.note(summary(watcher.rounds))
    if watcher.rounds is None and watcher.errors:
        raise HostqlError("\n".join(watcher.errors).removeprefix("error: "))


def chart(session: Session, argument: str) -> None:
    """Draw a numeric column of a query, or of the last one."""
    from ..drawing import Drawing, parse

    kind, column, sql = parse(argument, session.database.catalog)
    sql = _sql(session, sql, "usage: .chart [bar|line|hist] [COLUMN] SELECT ...")

    def draw(result: Result, rows: Iterator[tuple[Any, ...]]) -> None:
        if not result.columns:
            raise HostqlError("the statement gives no rows to draw")
        drawing = Drawing(result, rows, session.database.catalog, kind, column)
        with progress.hidden(), session.destination.opened() as out:
            width, height = _size() if out is None and sys.stdout.isatty() else (WIDTH, HEIGHT)
            lines = drawing.lines(session.settings.width or width, height, _ascii(session))
            (out or sys.stdout).write("\n".join(lines) + "\n")
        _notes(session, result, progress)

    session.runner.limits = session.settings.limits()
    with session.progress() as progress:
        session.runner.run(sql, session.params, draw)


def explain(session: Session, argument: str) -> None:
    """Run a query without showing its rows, and say how it was answered."""
    from ...explain import run

    sql = _sql(session, argument, "usage: .explain SELECT ...")

    def show(result: Result, rows: Iterator[tuple[Any, ...]]) -> None:
        told, total = run(result, rows, session.database)
        on_terminal = session.destination.name == "the terminal" and sys.stdout.isatty()
        width = session.settings.width or (_size()[0] if on_terminal else 0)
        with progress.hidden():
            session.write("\n".join([*told.lines(width), total]))
        _notes(session, result, progress)

    session.runner.limits = session.settings.limits()
    with session.progress() as progress:
        session.runner.run(sql, session.params, show, traced=True)


def _notes(session: Session, result: Result, progress: Progress) -> None:
    if session.settings.notes:
        with progress.hidden():
            for note in result.notes:
                session.note(note)


def _sql(session: Session, sql: str, usage: str) -> str:
    """The statement given, the rows of the table named, or the last result's statement. HostqlError with the usage."""
    if sql in session.database.catalog:
        return f"SELECT * FROM {sql}"
    if not sql and session.last is not None:
        return session.last.sql
    if not sql:
        raise HostqlError(usage, "Without a statement, the last one is taken.")
    return sql


def _full_screen() -> bool:
    """Whether there is a terminal that can be drawn on."""
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "dumb") not in ("", "dumb")


def _ascii(session: Session) -> bool:
    """Whether to draw with ASCII alone."""
    encoding = (getattr(sys.stdout, "encoding", "") or "").lower().replace("-", "")
    return session.settings.ascii or not encoding.startswith("utf")


def _size() -> tuple[int, int]:
    """Columns of the terminal, and the lines that stay on it when the prompt and its menu have come back."""
    size = os.get_terminal_size(sys.stdout.fileno())
    return size.columns, max(8, size.lines - PROMPT)
