"""A million rows through the prompt's display: rows a second to a terminal, a pager and files, and what is held.

Each way is a process of its own, so that its memory is its own; the terminal is a pseudo-terminal that is read as fast
as it is written.
"""

from __future__ import annotations

import os
import pty
import struct
import sys
import time
from fcntl import ioctl
from termios import TIOCSWINSZ
from threading import Thread

from .measure import verdict

ROWS = 1_000_000
# Rows of a result that is small, to tell what grows with it.
FEW = 10_000
# MB that a million rows may hold more than ten thousand.
MOST_GROWTH = 2.0
SQL = (
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT {rows}) "
    "SELECT n, 'process ' || n % 977 AS name, '/usr/lib/x86_64-linux-gnu/' || n AS path, nullif(n % 5, 0) AS x FROM c"
)
WAYS = (
    "table to a terminal",
    "records to a terminal",
    "table to a pager",
    "table to a file",
    "csv to a file",
    "json to a file",
)


def main() -> None:
    """Print the figures."""
    for way in WAYS:
        small, _ = measured(way, FEW)
        held, seconds = measured(way, ROWS)
        print(f"{way}: {ROWS / seconds / 1000:.0f} thousand rows a second, {held / 1e6:.0f} MB held at most")
        verdict(f"memory for {way}", (held - small) / 1e6, MOST_GROWTH, f"more than for {FEW} rows", " MB")


def measured(way: str, rows: int) -> tuple[int, float]:
    """(bytes held at most, seconds) of showing so many rows in a process of its own. RuntimeError where it fails."""
    reader, writer = os.pipe()
    child, terminal = pty.fork()
    if child == 0:
        try:
            os.close(reader)
            os.write(writer, struct.pack("d", shown(way, rows)))
            os._exit(0)
        finally:
            os._exit(1)
    os.close(writer)
    ioctl(terminal, TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    drain = Thread(target=drained, args=(terminal,))
    drain.start()
    with os.fdopen(reader, "rb") as pipe:
        raw = pipe.read()
    _, status, used = os.wait4(child, 0)
    drain.join()
    os.close(terminal)
    if status or len(raw) != 8:
        raise RuntimeError(f"{way}: ended with status {status}")
    return used.ru_maxrss * 1024, struct.unpack("d", raw)[0]


def shown(way: str, rows: int) -> float:
    """Show the rows; the seconds it took."""
    from ..shell.repl.display import Display
    from ..shell.repl.settings import Settings
    from ..vtables.database import Database

    os.environ["TERM"] = "xterm-256color"
    form, _, place = way.partition(" to a ")
    settings = Settings()
    settings.set("mode", {"records": "line"}.get(form, form))
    settings.set(
        "pager", f"{sys.executable} -c 'import os\nwhile os.read(0, 65536): pass'" if place == "pager" else "off"
    )
    with Database() as database, open(os.devnull, "w") as file:
        started = time.monotonic()
        result = database.execute(SQL.format(rows=rows))
        count = Display(settings).show(result.columns, result.types, result, file if place == "file" else None).rows
        seconds = time.monotonic() - started
    if count != rows:
        raise RuntimeError(f"{way}: {count} of {rows} rows")
    return seconds


def drained(terminal: int) -> None:
    """Read all that is written to the terminal."""
    try:
        while os.read(terminal, 65536):
            pass
    except OSError:
        # Linux says EIO when the other end has closed.
        return
