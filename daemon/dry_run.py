"""`hostql daemon --dry-run`: what would run when, without running it."""

from __future__ import annotations

import time

from .config.build import load
from .config.identity import host_identifier
from .schedule import Slot, splay

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

COLUMNS = ("query", "pack", "interval", "first_run", "runs_a_day", "kind", "sql")


def plan(path: str, now: float | None = None) -> tuple[list[tuple[Any, ...]], list[str]]:
    """A row for each query, the next to run first, and what is left out: a pack that is not trusted, say. Packs with
    discovery queries are taken to be active."""
    config = load(path)
    options = config.options
    host = host_identifier(options, "")
    now = time.time() if now is None else now
    rows: list[tuple[Any, ...]] = []
    for query in config.queries():
        offset = splay(query.name, query.interval, options.schedule_splay_percent, host)
        first = Slot(query.name, query.interval, offset).next(now)
        shown = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(first))
        kind = "snapshot" if query.snapshot else "differential"
        a_day = round(86_400 / query.interval, 1)
        rows.append((first, (query.name, query.pack or "main", query.interval, shown, a_day, kind, query.sql)))
    left_out = [str(fault) for fault in config.faults if not fault.note]
    return [row for _, row in sorted(rows, key=lambda each: each[0])], left_out
