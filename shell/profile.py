"""`hostql profile`: what queries cost, each in a process of its own, several rounds; before a fleet runs them.

Takes SQL, a file of SQL, or an osquery configuration or pack file. Bytes and files are those read from the host.
"""

from __future__ import annotations

import json
import os
import sys
import time

from ..vtables.errors import HostqlError
from .cli import database, format_of, limits, named
from .formats import write
from .messages import write_notes
from .oneshot import style
from .options import Arguments, UsageError
from .packs import queries
from .runner import Runner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ..vtables.database import Result

ROUNDS = 3
COLUMNS = ("query", "rating", "wall_ms", "cpu_ms", "memory_kib", "read_kib", "files", "rows", "error")
# The rating of a query by its CPU time in milliseconds: below the first bound 'light', and so on.
RATINGS = ((50, "light"), (250, "medium"), (1000, "heavy"))


def profile(given: Arguments) -> int:
    """Measure each query; returns 1 when one of them fails."""
    if len(given.words) != 2:
        raise UsageError("usage: hostql profile FILE-or-SQL")
    asked = queries(given.words[1])
    write_notes(asked.skipped, sys.stderr)
    rows = [measured(name, sql, given) for name, sql in asked.found]
    format = format_of(given, "table" if sys.stdout.isatty() else "tsv")
    write(format, COLUMNS, rows, sys.stdout, style(sys.stdout, format, "no-header" not in given))
    return 1 if any(row[-1] for row in rows) else 0


def measured(name: str, sql: str, given: Arguments) -> tuple[Any, ...]:
    """One row of the report: the median of the rounds by CPU time."""
    _prepare(sql, given)
    rounds = []
    for _ in range(ROUNDS):
        outcome = _in_child(sql, given)
        if outcome["error"]:
            return (name, "failed", *(None for _ in COLUMNS[2:-1]), outcome["error"])
        rounds.append(outcome)
    rounds.sort(key=lambda outcome: outcome["cpu"])
    middle = rounds[len(rounds) // 2]
    rating = next((word for bound, word in RATINGS if middle["cpu"] < bound), "very heavy")
    return (
        name,
        rating,
        round(middle["wall"], 1),
        round(middle["cpu"], 1),
        middle["memory"],
        middle["bytes"] // 1024,
        middle["files"],
        middle["rows"],
        "",
    )


def _in_child(sql: str, given: Arguments) -> dict[str, Any]:
    """Run the query in a forked child, so that memory and I/O are its own; the child writes JSON to a pipe."""
    sys.stdout.flush()
    read, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        try:
            os.write(write_end, json.dumps(_run(sql, given)).encode())
        finally:
            os._exit(0)
    os.close(write_end)
    with os.fdopen(read, "rb") as pipe:
        text = pipe.read()
    os.waitpid(pid, 0)
    if not text:
        return {"error": "the query ended its process"}
    outcome: dict[str, Any] = json.loads(text)
    return outcome


def _prepare(sql: str, given: Arguments) -> None:
    """Plan the query once, so that importing its tables is not measured: a fleet's daemon does that once."""
    from ..vtables.database import split

    try:
        with database(given) as db:
            for _, statement in split(named(db, sql)):
                list(db.execute("EXPLAIN " + statement, given.params))
    except HostqlError:
        return  # the run itself will say it


def _run(sql: str, given: Arguments) -> dict[str, Any]:
    from ..vtables.sources.files import counters
    from ..watchdog.guard import resident

    counted = {"rows": 0}

    def show(_result: Result, rows: Iterator[tuple[Any, ...]]) -> None:
        for _ in rows:
            counted["rows"] += 1

    bytes_before, files_before, memory = counters.bytes, counters.files, resident()
    wall, cpu = time.monotonic(), time.process_time()
    error = ""
    try:
        with database(given) as db:
            Runner(db, limits(given)).run(named(db, sql), given.params, show)
            grown = resident() - memory
    except HostqlError as failed:
        error, grown = failed.message, 0
    return {
        "wall": (time.monotonic() - wall) * 1000,
        "cpu": (time.process_time() - cpu) * 1000,
        "memory": max(0, grown) // 1024,
        "bytes": counters.bytes - bytes_before,
        "files": counters.files - files_before,
        "rows": counted["rows"],
        "error": error,
    }
