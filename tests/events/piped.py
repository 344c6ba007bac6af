"""A publisher that reads rows of `process_events` from a FIFO, and `hostql events` with that one alone.

python piped.py FIFO events collect --buffer FILE --config FILE
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from hostql.events import publishers
from hostql.events.options import Options
from hostql.events.publisher import Counters, Publisher

COLUMNS = ("pid", "path", "cmdline", "uid", "time")
FIFO = sys.argv[1] if len(sys.argv) > 1 else ""


class Fifo(Publisher):
    """Rows as JSON lists, one a line."""

    name = "bpf"
    tier = 1
    tables = ("process_events",)
    settings = ("forks",)

    def open(self, tables: frozenset[str], options: Options) -> None:
        self._seen = 0
        self._rest = b""
        # For writing too, so that it never ends.
        self._fd = os.open(FIFO, os.O_RDWR | os.O_NONBLOCK)

    def fileno(self) -> int:
        return self._fd

    def drain(self, stream: Any) -> None:
        try:
            *lines, self._rest = (self._rest + os.read(self._fd, 1 << 20)).split(b"\n")
        except BlockingIOError:
            return
        self._seen += len(lines)
        stream.add("process_events", COLUMNS, [tuple(json.loads(line)) for line in lines])

    def counters(self) -> Counters:
        return Counters(self._seen, 0, 0)

    def close(self) -> None:
        os.close(self._fd)


if __name__ == "__main__":
    publishers.all_publishers = lambda: [Fifo]
    from hostql.shell.cli import run

    sys.exit(run(sys.argv[2:]))
