"""`hostql profile`: what queries cost, each in a process of its own, several rounds; before a fleet runs them.

Takes SQL, a file of SQL, or an osquery configuration or pack file (JSON with `schedule`, `packs` or `queries`).
"""

from __future__ import annotations

import json
import os
import sys
import time

from ..vtables.errors import ConfigError, HostqlError
from .cli import database, format_of, limits
from .formats import write
from .messages import error_lines
from .oneshot import style
from .options import Arguments, UsageError
from .runner import Runner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ..vtables.database import Result

ROUNDS = 3
COLUMNS = ("query", "rating", "wall_ms", "cpu_ms", "memory_kib", "read_kib", "reads", "rows", "error")
# The rating of a query by its CPU time in milliseconds: below the first bound 'light', and so on.
RATINGS = ((50, "light"), (250, "medium"), (1000, "heavy"))


def profile(given: Arguments) -> int:
    """Measure each query; returns 1 when one of them fails."""
    if len(given.words) != 2:
        raise UsageError("usage: hostql profile FILE-or-SQL")
    rows = [measured(name, sql, given) for name, sql in queries(given.words[1])]
    format = format_of(given, "table" if sys.stdout.isatty() else "tsv")
    write(format, COLUMNS, rows, sys.stdout, style(sys.stdout, format, "no-header" not in given))
    return 1 if any(row[-1] for row in rows) else 0


def queries(source: str) -> list[tuple[str, str]]:
    """(name, SQL) of each query. ConfigError for a file that cannot be read as one."""
    from ..vtables.database import split

    if not os.path.isfile(source):
        if " " not in source.strip() and ("/" in source or source.endswith((".json", ".conf", ".sql"))):
            raise ConfigError(f"cannot read {source}: there is no such file", file=source)
        return [(f"{n}", sql.strip()) for n, (_, sql) in enumerate(split(source), 1)]
    try:
        with open(source, encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {source}: {error}", file=source) from error
    if text.lstrip()[:1] not in ("{", "["):
        return [(f"{n}", sql.strip()) for n, (_, sql) in enumerate(split(text), 1)]
    try:
        # osquery allows a backslash at a line's end to go on with a query on the next line.
        config = json.loads(text.replace("\\\n", ""))
    except ValueError as error:
        raise ConfigError(f"{source} is not JSON: {error}", file=source, line=getattr(error, "lineno", 0)) from error
    found = list(_pack("", config)) if isinstance(config, dict) else []
    if not found:
        raise ConfigError(f"{source} holds no queries (expected `schedule`, `packs` or `queries`)", file=source)
    return found


def _pack(prefix: str, config: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for section in ("schedule", "queries"):
        entries = config.get(section)
        for name, entry in entries.items() if isinstance(entries, dict) else ():
            sql = entry.get("query") if isinstance(entry, dict) else None
            if isinstance(sql, str):
                yield prefix + name, sql
    packs = config.get("packs")
    for name, pack in packs.items() if isinstance(packs, dict) else ():
        if isinstance(pack, dict):
            yield from _pack(f"{prefix}{name}/", pack)


def measured(name: str, sql: str, given: Arguments) -> tuple[Any, ...]:
    """One row of the report: the median of the rounds by CPU time."""
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
        middle["reads"],
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


def _run(sql: str, given: Arguments) -> dict[str, Any]:
    from ..watchdog.guard import resident

    counted = {"rows": 0}

    def show(_result: Result, rows: Iterator[tuple[Any, ...]]) -> None:
        for _ in rows:
            counted["rows"] += 1

    before, memory = _io(), resident()
    wall, cpu = time.monotonic(), time.process_time()
    error = ""
    try:
        with database(given) as db:
            Runner(db, limits(given)).run(sql, given.params, show)
            grown = resident() - memory
    except HostqlError as failed:
        error, grown = error_lines(failed)[-1 if not failed.hint else -2], 0
    after = _io()
    return {
        "wall": (time.monotonic() - wall) * 1000,
        "cpu": (time.process_time() - cpu) * 1000,
        "memory": max(0, grown) // 1024,
        "bytes": after[0] - before[0],
        "reads": after[1] - before[1],
        "rows": counted["rows"],
        "error": error,
    }


def _io() -> tuple[int, int]:
    """Bytes and read calls of this process so far: rchar and syscr of /proc/self/io (proc_pid_io(5))."""
    with open("/proc/self/io", encoding="ascii") as file:
        fields = dict(line.split(": ") for line in file.read().splitlines())
    return int(fields["rchar"]), int(fields["syscr"])
