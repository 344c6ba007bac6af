"""`hostql explain`: how a query is answered, in scans and look-ups, with what each read and how long it took."""

from __future__ import annotations

import sys
from os import get_terminal_size
from time import perf_counter

from .cli import database, format_of, limits, named, text
from .explanation import explain as explained
from .formats import write
from .formats.safe import printable
from .messages import write_notes
from .oneshot import style
from .options import FORMATS, Arguments
from .runner import Runner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ..vtables.database import Database, Result
    from .explanation import Explanation

COLUMNS = ("table", "how", "times", "rows_read", "rows_kept", "ms")


def explain(given: Arguments) -> int:
    """Run the query and say how it went, without its rows: in words on a terminal, else as rows."""
    sql = text(given, given.words[1:])
    as_rows = not sys.stdout.isatty() or any(name in given for name in FORMATS)
    format = format_of(given, "tsv")
    with database(given) as db:

        def show(result: Result, rows: Iterator[tuple[Any, ...]]) -> None:
            if not result.columns:
                return
            told, summary = run(result, rows, db)
            if as_rows:
                look = style(sys.stdout, format, "no-header" not in given)
                write(format, COLUMNS, steps(told), sys.stdout, look)
                beside = told.remarks + [f"warning: {warning}" for warning in told.warnings]
                sys.stderr.write("".join([printable(line) + "\n" for line in beside]))
            else:
                sys.stdout.write("".join([printable(line) + "\n" for line in told.lines(get_terminal_size().columns)]))
            sys.stdout.flush()
            sys.stderr.write(summary + "\n")
            write_notes(result.notes, sys.stderr)

        Runner(db, limits(given)).run(named(db, sql), given.params, show, traced=True)
    return 0


def run(result: Result, rows: Iterator[tuple[Any, ...]], database: Database) -> tuple[Explanation, str]:
    """Read a traced result to its end; returns its explanation, and its rows and time in a line."""
    count = sum(1 for _ in rows)
    elapsed = perf_counter() - result.statement.trace.started if result.statement.trace is not None else 0.0
    summary = f"{count:,} row{'' if count == 1 else 's'} · {elapsed * 1000:.1f} ms"
    return explained(result, count, database.catalog), summary


def steps(told: Explanation) -> list[tuple[Any, ...]]:
    """A row for each scan, in the order SQLite takes them."""
    return [
        (step.name, step.how, step.calls, step.read, step.kept, None if step.ms is None else round(step.ms, 1))
        for step in told.steps
    ]
