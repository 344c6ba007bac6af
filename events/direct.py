"""`Direct`: events straight to a sink, and nothing kept on disk.

A thread of its own hands them on, so that a sink that is slow or stands still never holds up the collector: what waits
is bounded, the oldest is dropped, counted, and told by a row of `event_gaps`, which goes to the sink as events do.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque

from ..vtables.files.write import append
from .stream import GAP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Protocol

    from .options import Options

    Row = tuple[Any, ...]

    class Sink(Protocol):
        """Who takes events: a file of JSON lines (`JsonLines`), a logger."""

        def write(self, table: str, columns: tuple[str, ...], rows: list[Row]) -> None:
            """Rows of an event table; returns when they are handed on. Raises OSError where that cannot be."""


# Rows that wait for the sink.
WAITING_ROWS = 50_000
# Seconds before a sink that refused is tried again, and that it may take to hand on what waits at the end.
RETRY_AFTER = 1.0
PATIENCE = 5.0
# Columns of the end of a process, which goes to the sink as a row of its own.
ENDED = ("exit_code", "duration_ms", "pid", "ended")


class Direct:
    """A `store.Store` without a disk; `sink` is called from a thread of its own."""

    def __init__(self, sink: Sink) -> None:
        self.problem = ""
        self.stored: dict[str, int] = {}
        self.dropped: dict[str, int] = {}
        self._sink = sink
        self._batches: deque[tuple[str, tuple[str, ...], list[Row]]] = deque()
        self._rows = 0
        self._dropped_since: tuple[int, int] | None = None
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._hand_on, name="sink", daemon=True)
        self._thread.start()

    def add(self, table: str, columns: tuple[str, ...], rows: list[Row]) -> None:
        """Rows of a table, handed on by the thread."""
        with self._changed:
            self._batches.append((table, columns, rows))
            self._rows += len(rows)
            while self._rows > WAITING_ROWS and len(self._batches) > 1:
                self._drop(self._batches.popleft())
            self._changed.notify()

    def ended(self, rows: list[Row]) -> None:
        """How processes ended, as rows of `process_events` with `ended` 1."""
        self.add("process_events", ENDED, [(*row, 1) for row in rows])

    @property
    def waiting(self) -> int:
        """Nothing waits for a commit."""
        return 0

    def commit(self) -> None:
        """Nothing to do: the thread hands rows on as they come."""

    def replace(self, table: str, rows: Sequence[Row]) -> None:
        """The machinery's own tables are not events."""

    def keep(self, options: Options) -> None:
        """Tell of what was dropped, once there is room again."""
        with self._changed:
            if self._dropped_since is None or self._rows > WAITING_ROWS // 2:
                return
            (began, lost), self._dropped_since = self._dropped_since, None
        reason = self.problem or "the sink took events too slowly"
        self.add("event_gaps", GAP, [(int(time.time()), began, "", reason, lost, "")])

    def close(self) -> None:
        """Hand on what waits, as far as the sink takes it within PATIENCE."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(PATIENCE)

    def _drop(self, batch: tuple[str, tuple[str, ...], list[Row]]) -> None:
        table, _, rows = batch
        self._rows -= len(rows)
        self.dropped[table] = self.dropped.get(table, 0) + len(rows)
        began, lost = self._dropped_since or (int(time.time()), 0)
        self._dropped_since = (began, lost + len(rows))

    def _hand_on(self) -> None:
        while True:
            with self._changed:
                while not self._batches:
                    if self._closing:
                        return
                    self._changed.wait()
                table, columns, rows = self._batches.popleft()
                self._rows -= len(rows)
            try:
                self._sink.write(table, columns, rows)
            except OSError as error:
                self._refused((table, columns, rows), error)
                if self._closing:
                    return
                time.sleep(RETRY_AFTER)
            else:
                self.problem = ""
                self.stored[table] = self.stored.get(table, 0) + len(rows)

    def _refused(self, batch: tuple[str, tuple[str, ...], list[Row]], error: OSError) -> None:
        """It waits again, in front, unless there is no room for it any more."""
        self.problem = f"events cannot be handed on: {error.strerror or error}"
        with self._changed:
            self._rows += len(batch[2])
            if self._rows > WAITING_ROWS and self._batches:
                self._drop(batch)
            else:
                self._batches.appendleft(batch)


class JsonLines:
    """A sink: a JSON object on each line, `table` first and without the columns that are NULL."""

    def __init__(self, path: str) -> None:
        """`path` is a file to append to, a FIFO, or '-' for standard output. Opened at the first event."""
        self._path = path
        self._fd = 1 if path == "-" else -1

    def write(self, table: str, columns: tuple[str, ...], rows: list[Row]) -> None:
        """Raises OSError: the file cannot be opened or written. A batch that was cut is begun anew with a new line."""
        import json

        if self._fd < 0:
            self._fd = append(self._path, 0o600)
        encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode
        lines = []
        for row in rows:
            found = {name: value for name, value in zip(columns, row) if value is not None}
            lines.append(encode({"table": table, **found}) + "\n")
        raw = memoryview("".join(lines).encode("utf-8", "backslashreplace"))
        written = 0
        try:
            while written < len(raw):
                written += os.write(self._fd, raw[written:])
        except OSError:
            if written:
                _try_to_end_line(self._fd)
            if self._fd > 2:
                os.close(self._fd)
                self._fd = -1
            raise


def _try_to_end_line(fd: int) -> None:
    try:
        os.write(fd, b"\n")
    except OSError:
        pass
