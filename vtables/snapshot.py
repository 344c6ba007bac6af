"""Recordings: the rows of one scan, kept for the rest of the statement.

Within one statement a table scanned again with the same constraints gives the same rows without reading the host
again, and an equality that the table cannot look up is answered from a hash index over the recording.
"""

from __future__ import annotations

from itertools import islice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

# A scan that grows past this asks whether it can be repeated at all (see Statement.repeats); if not, it streams.
KEEP_UNASKED = 4096
# Rows of a stream that are counted at once.
BATCH = 256

END = object()


class Recording:
    """Rows pulled from a table on demand, kept so that they can be given again."""

    __slots__ = ("_indexes", "_repeats", "_source", "_streamed", "complete", "kept", "rows")

    def __init__(self, source: Iterable[Any], repeats: Callable[[], bool]) -> None:
        self._source = iter(source)
        self._repeats: Callable[[], bool] | None = repeats
        self._indexes: dict[tuple[int, ...], dict[tuple[Any, ...], list[Any]]] = {}
        self.rows: list[Any] = []
        self._streamed = 0
        self.complete = False
        self.kept = True

    def __iter__(self) -> Iterator[Any]:
        """The rows from the first; several iterations may run at once, each row is read once."""
        rows = self.rows
        source = self._source
        i = 0
        while True:
            if i < len(rows):
                yield rows[i]
            elif self.complete:
                return
            else:
                row = next(source, END)
                if row is END:
                    self.complete = self.kept
                    return
                rows.append(row)
                yield row
                if i >= KEEP_UNASKED and self._repeats is not None and not self._keep_on():
                    self._streamed = i + 1
                    yield from self._stream()
                    return
            i += 1

    def _stream(self) -> Iterator[Any]:
        """The rest of the rows, not kept; counted by the batch, so that counting costs nothing."""
        source = self._source
        while True:
            row = next(source, END)
            if row is END:
                return
            yield row
            yield from islice(source, BATCH - 1)
            self._streamed += BATCH

    @property
    def read(self) -> int:
        """Rows read from the table so far; of a stream, to within a batch. May be asked from any thread."""
        return len(self.rows) if self.kept else self._streamed

    def _keep_on(self) -> bool:
        """Whether to go on recording; asked once, when the scan has become large."""
        repeats = self._repeats
        self._repeats = None
        if repeats is None or repeats():
            return True
        self.kept = False
        self.rows.clear()
        return False

    def finish(self) -> None:
        """Read the rest, so that an index can be built."""
        for _ in self:
            pass

    def matching(self, columns: tuple[int, ...], values: tuple[Any, ...], read: Callable[[int, Any], Any]) -> list[Any]:
        """The rows whose columns equal the (comparable) values; builds the hash index at first use.

        `read(column, row)` gives a value as it compares.
        """
        index = self._indexes.get(columns)
        if index is None:
            index = self._indexes[columns] = {}
            for row in self.rows:
                index.setdefault(tuple([read(column, row) for column in columns]), []).append(row)
        return index.get(values, [])

    def close(self) -> None:
        """Let the table's generator finish its `finally` blocks now."""
        close = getattr(self._source, "close", None)
        if close is not None:
            close()
