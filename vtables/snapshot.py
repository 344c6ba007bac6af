"""Recordings: the rows of one scan, kept for the rest of the statement.

Within one statement a table scanned again with the same constraints gives the same rows without reading the host
again, and an equality that the table cannot look up is answered from a hash index over the recording.
"""

from __future__ import annotations

from itertools import islice

from .affinity import AffinityUnknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    # Rows by their values, and those whose values only SQLite can compare.
    _Index = tuple[dict[tuple[Any, ...], list[Any]], list[Any]]

# A scan that grows past this streams, if it is certain that it cannot be repeated (see Statement.keeps).
MAX_BUFFERED_ROWS = 4096
# Rows of a stream that are counted at once.
BATCH = 256

END = object()
_NO_ROWS: list[Any] = []


class Recording:
    """Rows pulled from a table on demand, kept so that they can be given again."""

    __slots__ = ("_indexes", "_keeps", "_source", "_streamed", "complete", "rows")

    def __init__(self, source: Iterable[Any], keeps: Callable[[], bool]) -> None:
        """`keeps` is called once, when there are many rows; where it says no, nobody else may iterate."""
        self._source = iter(source)
        self._keeps: Callable[[], bool] | None = keeps
        self._indexes: dict[tuple[int, ...], _Index] = {}
        self.rows: list[Any] = []
        self._streamed = 0
        self.complete = False

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
                    self.complete = True
                    return
                rows.append(row)
                yield row
                if i >= MAX_BUFFERED_ROWS and self._keeps is not None:
                    keeps, self._keeps = self._keeps, None
                    if not keeps():
                        yield from self._stream()
                        return
            i += 1

    def _stream(self) -> Iterator[Any]:
        """The rest of the rows, not kept; counted by the batch, so that counting costs nothing."""
        source = self._source
        self._streamed = len(self.rows)
        self.rows.clear()
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
        return self._streamed or len(self.rows)

    def finish(self) -> None:
        """Read the rest, so that an index can be built."""
        for _ in self:
            pass

    def matching(self, columns: tuple[int, ...], values: tuple[Any, ...], read: Callable[[int, Any], Any]) -> list[Any]:
        """The rows whose columns equal the (comparable) values; builds the hash index at first use.

        `read(column, row)` gives a value as it compares. A row of which it raises AffinityUnknown is among those for
        any values: SQLite decides.
        """
        index, unknown = self._indexes.get(columns) or self._index(columns, read)
        found = index.get(values, _NO_ROWS)
        return found + unknown if unknown else found

    def _index(self, columns: tuple[int, ...], read: Callable[[int, Any], Any]) -> _Index:
        index: dict[tuple[Any, ...], list[Any]] = {}
        unknown: list[Any] = []
        for row in self.rows:
            try:
                index.setdefault(tuple([read(column, row) for column in columns]), []).append(row)
            except AffinityUnknown:
                unknown.append(row)
        self._indexes[columns] = index, unknown
        return index, unknown

    def close(self) -> None:
        """Let the table's generator finish its `finally` blocks now."""
        close = getattr(self._source, "close", None)
        if close is not None:
            close()
