"""`Rounds`: what a watch remembers from one run of its query to the next. Pure: rows in, lines to show out."""

from __future__ import annotations

from collections import Counter, deque

from .differences import CHANGED, GONE, NEW, SAME, Change, choose_key, compare

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .differences import Row

# Values of a row's number that its sparkline shows.
HISTORY = 12
# Rounds for which a row that is gone is still shown.
LINGER = 2
# Columns that get a sparkline.
MOST_TRENDS = 2


class Line:
    """A row on the screen: what became of it, its changed cells (as in Change), and the histories of its numbers."""

    __slots__ = ("age", "cells", "history", "kind", "row")

    def __init__(self, change: Change, history: dict[int, deque[Any]]) -> None:
        self.kind = change.kind
        self.row = change.row
        self.cells = change.cells
        self.history = history
        self.age = 0


class Rounds:
    """The rounds of one watch.

    columns   names of the result's columns
    identity  positions that together identify a row, when the result has them all; hints: parts of such
    by        positions the user named as the key; None to choose
    first     position of the number that gets the first sparkline whatever happens, None for none
    """

    def __init__(
        self,
        columns: Sequence[str],
        identity: Sequence[int] = (),
        hints: Sequence[int] = (),
        by: Sequence[int] | None = None,
        first: int | None = None,
    ) -> None:
        self.columns = columns
        self.count = 0
        self.lines: list[Line] = []
        self.totals: Counter[str] = Counter()
        self.now: Counter[str] = Counter()
        self.numeric: set[int] = set()
        self.key: tuple[int, ...] = ()
        self.identity = identity
        self.hints = hints
        self._by = by
        self._first = first
        self._rows: Sequence[Row] = []
        self._current: list[Line] = []
        self._moved: Counter[int] = Counter()

    def add(self, rows: Sequence[Row]) -> list[Line]:
        """Take the rows of another run; returns the lines to show: the rows in their order, then those gone lately."""
        self.key = self._key(rows)
        self._note_numbers(rows)
        earlier = self._rows if self.count else rows
        changes = compare(earlier, rows, self.key)
        current = self._current
        lines = [
            Line(change, {} if change.before is None or not current else current[change.before].history)
            for change in changes
        ]
        self._current = [line for line in lines if line.kind != GONE]
        for line in self._current:
            self._remember(line)
        lingering = [line for line in self.lines if line.kind == GONE and line.age < LINGER]
        for line in lingering:
            line.age += 1
        gone = [line for line in lines if line.kind == GONE]
        for line in gone:
            line.age = 1
        self.lines = self._current + gone + lingering
        self.now = Counter(dict.fromkeys((SAME, NEW, GONE, CHANGED), 0))
        self.now.update(line.kind for line in lines)
        self.totals.update(self.now)
        self._rows = rows
        self.count += 1
        return self.lines

    @property
    def trends(self) -> list[int]:
        """Positions of the columns worth a sparkline: what the query orders by, then the numbers that changed most."""
        if self.count < 2:
            return []
        found = [at for at, _ in self._moved.most_common() if at in self.numeric and at not in self.key]
        if self._first is not None and self._first in self.numeric and self._first not in self.key:
            found = list(dict.fromkeys([self._first, *found]))
        return found[:MOST_TRENDS]

    @property
    def changing(self) -> list[int]:
        """Positions of the numbers that have ever changed."""
        return [at for at in sorted(self._moved) if at in self.numeric and at not in self.key]

    def _key(self, rows: Sequence[Row]) -> tuple[int, ...]:
        if self._by is not None:
            return tuple(self._by)
        runs = [self._rows, rows] if self.count else [rows]
        return choose_key(runs, self.columns, self.identity, self.hints)

    def _note_numbers(self, rows: Sequence[Row]) -> None:
        for i in range(len(self.columns)):
            values = [row[i] for row in rows if row[i] is not None]
            if values and all(isinstance(value, (int, float)) for value in values):
                self.numeric.add(i)
            elif values:
                self.numeric.discard(i)

    def _remember(self, line: Line) -> None:
        for i in self.numeric:
            line.history.setdefault(i, deque(maxlen=HISTORY)).append(line.row[i])
        for i in line.cells:
            self._moved[i] += 1
