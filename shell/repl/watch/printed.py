"""A watch without a screen, for pipes, scripts and dumb terminals: the differences of each round as lines."""

from __future__ import annotations

import time

from ....vtables.errors import HostqlError, QueryCancelled
from ...formats.safe import plain, printable
from ...messages import error_lines
from ..quantity import change
from .differences import CHANGED, GONE, NEW
from .view import state
from .watcher import Watcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO

    from .query import Query
    from .request import Request
    from .rounds import Line

MARKS = {NEW: "+", GONE: "-", CHANGED: "~"}


def watch(query: Query, request: Request, out: IO[str], null: str) -> Watcher:
    """Print all rows of the first round, then of each only what is different: `+` new, `-` gone, `~` changed.

    Ends after the rounds asked for, or with Ctrl-C. Raises HostqlError when the first run fails; later errors are
    printed, and it goes on.
    """
    watcher = Watcher(query, request, lambda: None)
    count = 0
    try:
        while request.times is None or count < request.times:
            started = time.monotonic()
            _round(watcher, query, out, null, first=count == 0)
            count += 1
            if count != request.times:
                time.sleep(max(0.0, started + request.seconds - time.monotonic()))
    except (KeyboardInterrupt, QueryCancelled):
        pass
    return watcher


def _round(watcher: Watcher, query: Query, out: IO[str], null: str, first: bool) -> None:
    try:
        watcher.take(query.run())
    except QueryCancelled:
        raise
    except HostqlError as error:
        if first:
            raise
        out.write("\n".join(error_lines(error)) + "\n")
        out.flush()
        return
    rounds = watcher.rounds
    assert rounds is not None
    if first:
        out.write("  " + "\t".join([printable(name) for name in rounds.columns]) + "\n")
    lines = [line for line in rounds.lines if first or (line.kind in MARKS and line.age < 2)]
    if lines and not first:
        out.write(f"{state(watcher)}\n")
    out.write("".join([_told(line, watcher.units, null) + "\n" for line in lines]))
    out.flush()


def _told(line: Line, units: list[str], null: str) -> str:
    cells = []
    for i, value in enumerate(line.row):
        text = plain(value, null)
        difference = line.cells.get(i)
        if difference is not None:
            text += f" ({change(difference, units[i])})"
        cells.append(text)
    return f"{MARKS.get(line.kind, ' ')} " + "\t".join(cells)
