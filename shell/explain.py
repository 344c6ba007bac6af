"""`hostql explain`: how a query is answered, in scans and look-ups, with what each read and how long it took."""

from __future__ import annotations

import sys
import time

from ..vtables.errors import HostqlError
from .cli import database, format_of, limits
from .formats import write
from .messages import write_error, write_notes
from .oneshot import style
from .options import Arguments, UsageError
from .runner import Runner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ..vtables.database import Result

COLUMNS = ("table", "how", "times", "rows read", "ms")


def explain(given: Arguments) -> int:
    """Run the query and say how it went, without its rows."""
    if len(given.words) != 2:
        raise UsageError('usage: hostql explain "SELECT ..."')
    format = format_of(given, "table" if sys.stdout.isatty() else "tsv")
    with database(given) as db:
        if given.words[1] in db.catalog:
            raise UsageError("explain takes a statement, not the name of a table")
        runner = Runner(db, limits(given))

        def show(result: Result, rows: Iterator[tuple[Any, ...]]) -> None:
            started = time.monotonic()
            count = sum(1 for _ in rows)
            elapsed = time.monotonic() - started
            write(format, COLUMNS, steps(result), sys.stdout, style(sys.stdout, format, "no-header" not in given))
            sys.stderr.write(f"{count} rows · {elapsed * 1000:.1f} ms\n")
            write_notes(result.notes, sys.stderr)

        try:
            runner.run(given.words[1], given.params, show, traced=True)
        except HostqlError as error:
            write_error(error, sys.stderr)
            return error.exit_code
    return 0


def steps(result: Result) -> list[tuple[Any, ...]]:
    """A row for each way a table was scanned, in the order of first use."""
    return [
        (scan.table, scan.plan, scan.calls, scan.rows, round(scan.seconds * 1000, 1))
        for scan in result.statement.scans.values()
    ]
