"""Laying rows out in columns: widths taken from the first rows and fitted to the terminal, and each row as cells.

Only the first rows are looked at before writing begins, so a result of any size streams in constant memory; a later
text that is wider than its column is elided on a terminal, and pushes the rest of its line aside elsewhere.

On a terminal, numbers and identifiers (digests, addresses, dates) stand whole. Of what is left each text column gets
evenly, up to the width that nine in ten of its values need, then up to the widest. A path is elided in its middle, for
it begins with the place and ends with the name; other text at its end.
"""

from __future__ import annotations

from time import monotonic

from . import KINDS, RESET
from .safe import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from . import Style

    Row = Sequence[Any]

# Rows that decide how wide the columns are.
SAMPLE = 1000
# Seconds that a terminal waits for more of them once it has one.
PATIENCE = 0.3
# A text column, or the name of a column, is readable in this many cells.
READABLE = 16
# No text column is squeezed below this many cells.
NARROWEST = 6

_IDENTIFIER = frozenset("0123456789abcdefABCDEF:.-")


def streamed(rows: Iterable[Row], style: Style, begin: Callable[[list[Row], bool], Callable[[Row], None]]) -> int:
    """Write rows as they come; returns how many there were.

    `begin` gets the first rows and whether there may be more, writes them, and returns what writes each row after them.
    It is called when there are SAMPLE of them, when no more come (what went wrong is raised after they are written),
    and on a terminal when they have been waiting for PATIENCE.
    """
    first = _First(style, begin)
    iterator = iter(rows)
    count = 0
    try:
        for row in iterator:
            count += 1
            if first.take(row):
                break
    finally:
        put = first.end()
    for row in iterator:
        put(row)
        count += 1
    return count


class _First:
    """The first rows of a result, until they are begun."""

    def __init__(self, style: Style, begin: Callable[[list[Row], bool], Callable[[Row], None]]) -> None:
        self._begin = begin
        self._rows: list[Row] = []
        self._put: Callable[[Row], None] | None = None
        self._late = monotonic() + PATIENCE if style.width else float("inf")
        self._reminder = style.reminder
        if self._reminder is not None:
            self._reminder.remind(self._remind)

    def take(self, row: Row) -> bool:
        """Take one more; whether they have been begun."""
        if self._reminder is None:
            return self._take(row)
        with self._reminder.lock:
            return self._take(row)

    def end(self) -> Callable[[Row], None]:
        """No more will be taken."""
        if self._reminder is None:
            return self._ended()
        with self._reminder.lock:
            return self._ended()

    def _take(self, row: Row) -> bool:
        if self._put is not None:
            self._put(row)
            return True
        self._rows.append(row)
        if len(self._rows) >= SAMPLE or monotonic() > self._late:
            self._put = self._begin(self._rows, True)
        return self._put is not None

    def _ended(self) -> Callable[[Row], None]:
        if self._put is None:
            self._put = self._begin(self._rows, False)
        return self._put

    def _remind(self) -> None:
        if self._put is None and self._rows and monotonic() > self._late:
            self._put = self._begin(self._rows, True)


class Column:
    """What the sample says of one column: its cells at most, for nine values in ten, and to be readable at all."""

    __slots__ = ("full", "least", "numeric", "rigid", "typical")

    def __init__(self, name: str, values: Sequence[Any], null: str) -> None:
        texts = [plain(value, null) for value in values]
        found = sorted([text_width(text) for text in texts])
        title = text_width(plain(name))
        widest = found[-1] if found else 0
        self.numeric = _numeric(values)
        self.rigid = self.numeric or all(_IDENTIFIER.issuperset(value) for value in values if value.__class__ is str)
        self.full = max(title, widest)
        numbers = [len(str(value)) for value in values if value.__class__ in (int, float)]
        whole = widest if self.rigid else max([min(widest, READABLE), *numbers])
        self.least = max(min(title, READABLE), whole)
        self.typical = max(self.least, found[len(found) * 9 // 10] if found else 0)


def _numeric(values: Sequence[Any]) -> bool:
    """Whether there are numbers, and nothing else but NULLs."""
    kinds = {value.__class__ for value in values}
    return bool(kinds & {int, float}) and kinds <= {int, float, type(None)}


class Layout:
    """The columns of one result.

    frame    cells that bars and spaces take beside the values
    crowded  whether the terminal is too narrow to read a row: numbers and identifiers whole, READABLE cells of text
    sizes    the width of each column
    numeric  whether each holds numbers
    """

    def __init__(self, names: Sequence[str], head: Sequence[Row], more: bool, style: Style, frame: int) -> None:
        self.names = names
        columns = [Column(name, [row[i] for row in head], style.null) for i, name in enumerate(names)]
        available = style.width - frame
        self.crowded = bool(style.width) and sum([column.least for column in columns]) > available
        self.sizes = _sizes(columns, available, more) if style.width else [column.full for column in columns]
        self.numeric = [column.numeric for column in columns]
        self._flexible = [not column.rigid for column in columns]
        self._style = style
        self._frame = frame
        self._mark = "..." if style.ascii else "…"
        colours = style.colours or {}
        self._paint = {kind: colours[name] for kind, name in KINDS.items() if name in colours}
        self._title = colours.get("header", "")

    def header(self) -> list[str]:
        """The names, each in the width of its column."""
        elide = bool(self._style.width)
        cells = []
        for name, size, right in zip(self.names, self.sizes, self.numeric):
            cell = fitted(plain(name), size, right, elide, self._mark)
            cells.append(f"{self._title}{cell}{RESET}" if self._title else cell)
        return cells

    def cells(self, row: Row) -> list[str]:
        """The values, each in the width of its column."""
        paint, null, elide = self._paint, self._style.null, bool(self._style.width)
        cells = []
        for i, value in enumerate(row):
            kind, size = value.__class__, self.sizes[i]
            text = value if kind is str and value.isascii() and value.isprintable() else plain(value, null)
            if len(text) <= size and text.isascii():
                cell = text.rjust(size) if self.numeric[i] else text.ljust(size)
            elif kind is int or kind is float:
                self._widen(i, len(text))
                return self.cells(row)
            else:
                cell = fitted(text, size, self.numeric[i], elide, self._mark)
            colour = paint.get(kind)
            cells.append(f"{colour}{cell}{RESET}" if colour else cell)
        return cells

    def _widen(self, at: int, size: int) -> None:
        """Make room for a number longer than those of the sample, at the cost of the widest text."""
        self.sizes[at] = size
        self._flexible[at] = False
        excess = sum(self.sizes) + self._frame - self._style.width
        texts = [i for i, flexible in enumerate(self._flexible) if flexible]
        if excess > 0 and self._style.width and texts:
            widest = max(texts, key=self.sizes.__getitem__)
            self.sizes[widest] = max(NARROWEST, self.sizes[widest] - excess)


def _sizes(columns: Sequence[Column], available: int, more: bool) -> list[int]:
    """The widths on a terminal; wider than it where even the least is too much."""
    full = [column.full for column in columns]
    if sum(full) <= available:
        # Rows to come may hold more: where there is room, numbers a thousand times larger and text twice as wide.
        later = [c.full + 3 if c.numeric else c.full if c.rigid else 2 * c.full for c in columns]
        return shared(full, later, available) if more else full
    least = [column.least for column in columns]
    if sum(least) > available:
        floors = [column.least if column.rigid else min(column.least, NARROWEST) for column in columns]
        return shared(floors, least, available)
    return shared(shared(least, [column.typical for column in columns], available), full, available)


def shared(sizes: Sequence[int], wanted: Sequence[int], available: int) -> list[int]:
    """The sizes, raised evenly towards what is wanted until nothing is left of what is available.

    >>> shared([5, 6, 6], [5, 10, 90], 40)
    [5, 10, 25]
    """
    sizes = list(sizes)
    left = available - sum(sizes)
    while left > 0:
        short = [i for i, size in enumerate(sizes) if size < wanted[i]][:left]
        if not short:
            break
        step = min([left // len(short), *[wanted[i] - sizes[i] for i in short]])
        for i in short:
            sizes[i] += step
        left -= step * len(short)
    return sizes


def numeric_columns(count: int, rows: Sequence[Row]) -> list[bool]:
    """For each column whether it holds numbers (and NULLs) alone."""
    return [_numeric([row[i] for row in rows]) for i in range(count)]


def text_width(text: str) -> int:
    """Cells that printable text takes on a terminal: wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    from wcwidth import wcwidth

    # Character by character, as terminals do; what they would join is escaped (see safe.py).
    return sum([wcwidth(character) for character in text])


def fitted(text: str, width: int, right: bool, elide: bool, mark: str = "…") -> str:
    """The text in `width` cells: padded, or cut when `elide`."""
    have = text_width(text)
    if have > width and elide:
        text = elided(text, width, mark)
        have = text_width(text)
    padding = " " * (width - have)
    return padding + text if right else text + padding


def elided(text: str, width: int, mark: str = "…") -> str:
    """The text in at most `width` cells, a mark in place of the middle of a path, or of the end of other text.

    >>> elided("/usr/lib/x86_64-linux-gnu/libc.so.6", 20), elided("sshd: ann [priv]", 10)
    ('/usr/l…gnu/libc.so.6', 'sshd: ann…')
    """
    room = width - len(mark)
    if room <= 0:
        return mark[:width]
    if text.startswith("/") and " " not in text:
        return _beginning(text, room // 3) + mark + _beginning(text[::-1], room - room // 3)[::-1]
    return _beginning(text, room) + mark


def _beginning(text: str, width: int) -> str:
    if text.isascii():
        return text[:width]
    kept, used = [], 0
    for character in text:
        used += text_width(character)
        if used > width:
            break
        kept.append(character)
    return "".join(kept)
