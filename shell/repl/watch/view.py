"""What a watch looks like: its state and a size in, lines of (style, text) out. Pure; knows no terminal."""

from __future__ import annotations

from ...formats import Style
from ...formats.layout import Layout, elided, fitted, text_width
from ...formats.safe import plain, printable
from ..quantity import change, quantity
from ..sparkline import sparkline
from .differences import CHANGED, GONE, NEW, SAME
from .rounds import HISTORY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .rounds import Line, Rounds
    from .watcher import Watcher

    Fragment = tuple[str, str]

HINT = "(q quits, space pauses, h help)"
MARKS = {NEW: "+ ", GONE: "- ", CHANGED: "  ", SAME: "  "}
# A run is said to be under way after this many seconds.
SLOW = 0.5
# Lines that decide how wide the columns are.
SAMPLE = 500

KEYS = (
    ("q, Esc, Ctrl-C", "back to the prompt"),
    ("space", "pause, go on"),
    ("r", "run now"),
    ("+ -", "more, less often"),
    ("s, S", "sort by the next column, the other way round"),
    ("d", "only what is different"),
    ("arrows, PgUp, PgDn", "scroll; Home and End: to the first, the last"),
    ("h, ?", "this help"),
)


class View:
    """What the user chose to see.

    sort  position of the column that orders the lines, None for the query's own order; descending: the other way round
    top   the first line shown
    """

    def __init__(self, null: str = "", ascii: bool = False) -> None:
        self.null = null
        self.ascii = ascii
        self.sort: int | None = None
        self.descending = False
        self.different = False
        self.help = False
        self.top = 0
        self.page = 1
        # Widest values and differences so far, by column, so that columns do not jump about.
        self.widest: dict[int, Any] = {}
        self.deltas: dict[int, int] = {}

    def sort_next(self, columns: int, numeric: set[int]) -> None:
        """Sort by the next column, numbers from the greatest; after the last in the query's order."""
        following = 0 if self.sort is None else self.sort + 1
        self.sort = following if following < columns else None
        self.descending = self.sort in numeric

    def scroll(self, lines: int) -> None:
        """Move down (or up); drawing keeps it within the lines there are."""
        self.top = max(0, self.top + lines)


def draw(watcher: Watcher, view: View, width: int, height: int) -> list[list[Fragment]]:
    """The whole screen, at most `height` lines of `width` cells."""
    ellipsis = "..." if view.ascii else "…"
    head = [_header(watcher, view, width)]
    foot = _foot(watcher, view, max(1, height // 3))
    rounds = watcher.rounds
    body: list[list[Fragment]] = []
    if view.help:
        body = [[("class:watch.title", f"  {keys:<20}"), ("", what)] for keys, what in KEYS]
    elif rounds is not None:
        body = _body(watcher, rounds, view, width, height - len(head) - len(foot))
    lines = (head + body)[: max(1, height - len(foot))] + foot
    return [_clipped(line, width, ellipsis) for line in lines[:height]]


def summary(rounds: Rounds | None) -> str:
    """The line that stays when a watch has ended."""
    if rounds is None:
        return "watched 0 rounds"
    totals = rounds.totals
    times = f"{rounds.count} round{'' if rounds.count == 1 else 's'}"
    return f"watched {times}: {totals[NEW]} came, {totals[GONE]} went, {totals[CHANGED]} changed"


def state(watcher: Watcher, dot: str = " · ") -> str:
    """Interval, time, rows, differences, and what is going on."""
    parts = [f"every {watcher.interval:g}s"]
    if watcher.clock:
        parts.append(watcher.clock)
    if watcher.rounds is not None and watcher.answer is not None:
        rows, now = len(watcher.answer.rows), watcher.rounds.now
        parts.append(f"{rows} row{'' if rows == 1 else 's'}")
        if watcher.rounds.count > 1:
            parts.append(f"{now[NEW]} new, {now[GONE]} gone, {now[CHANGED]} changed")
    running = watcher.running
    if running is not None and running >= SLOW:
        parts.append(f"running {running:.1f} s")
    if watcher.paused:
        parts.append("paused")
    return dot.join(parts)


def _header(watcher: Watcher, view: View, width: int) -> list[Fragment]:
    left = " " + state(watcher, " - " if view.ascii else " · ")
    if text_width(left) + len(HINT) + 2 > width:
        return [("class:watch.header", fitted(left, width, False, True, "..." if view.ascii else "…"))]
    return [("class:watch.header", left + " " * (width - text_width(left) - len(HINT) - 1) + HINT + " ")]


def _foot(watcher: Watcher, view: View, most: int) -> list[list[Fragment]]:
    errors: list[list[Fragment]] = [[("class:watch.error", printable(line))] for line in watcher.errors]
    notes = watcher.answer.notes if watcher.answer is not None else []
    found = errors + [[("class:watch.note", f"note: {printable(note)}")] for note in notes]
    return found if len(found) <= most else found[:most]


def _body(watcher: Watcher, rounds: Rounds, view: View, width: int, height: int) -> list[list[Fragment]]:
    lines = ordered(rounds.lines, view)
    table = _Table(watcher, rounds, view, lines, width)
    fits = max(1, height - 1)
    more = len(lines) > fits
    view.page = max(1, fits - 1 if more else fits)
    view.top = min(view.top, max(0, len(lines) - view.page))
    shown = lines[view.top : view.top + view.page]
    body = [table.titles(), *[table.line(line) for line in shown]]
    if more:
        span = f"  {view.top + 1}-{view.top + len(shown)} of {len(lines)}"
        body.append([("class:watch.note", span)])
    return body


def ordered(lines: list[Line], view: View) -> list[Line]:
    """The lines that are to be seen, in their order."""
    if view.different:
        lines = [line for line in lines if line.kind != SAME]
    at = view.sort
    if at is None:
        return lines
    known = [line for line in lines if line.row[at] is not None]
    known.sort(key=lambda line: _rank(line.row[at]), reverse=view.descending)
    return known + [line for line in lines if line.row[at] is None]


def _rank(value: Any) -> tuple[int, Any]:
    return (0, value) if isinstance(value, (int, float)) else (1 if isinstance(value, str) else 2, value)


class _Table:
    """The columns of one drawing: widths, and what stands beside the numbers."""

    def __init__(self, watcher: Watcher, rounds: Rounds, view: View, lines: list[Line], width: int) -> None:
        self._view = view
        self._units = watcher.units
        self._columns = rounds.columns
        self._numeric = [i in rounds.numeric for i in range(len(rounds.columns))]
        self._bar = " | " if view.ascii else " │ "
        sample = lines[:SAMPLE]
        self._remember_deltas(sample, rounds.changing)
        trends, deltas = list(rounds.trends), dict(view.deltas)
        rows = [[self._given(i, value) for i, value in enumerate(line.row)] for line in sample]
        self._remember_widest(rows)
        rows.append([view.widest.get(i) for i in range(len(rounds.columns))])
        frame = 2 + len(self._bar) * (len(rounds.columns) - 1)
        look = Style(width=width, null=view.null, ascii=view.ascii)
        # Where it is narrow, sparklines go first, then differences, before the values are cut.
        while True:
            beside = len(trends) * (HISTORY + 1) + sum(deltas.values())
            layout = Layout(rounds.columns, rows, False, look, frame + beside)
            if not layout.crowded or not (trends or deltas):
                break
            if trends:
                trends.pop()
            else:
                deltas.clear()
        self._trends, self._deltas = trends, deltas
        self._sizes = layout.sizes

    def _remember_deltas(self, lines: list[Line], changing: list[int]) -> None:
        widths = self._view.deltas
        for line in lines:
            for i, difference in line.cells.items():
                if difference is not None and i in changing:
                    widths[i] = max(widths.get(i, 0), len(change(difference, self._units[i])) + 1)

    def _remember_widest(self, rows: list[list[Any]]) -> None:
        widest = self._view.widest
        for row in rows:
            for i, value in enumerate(row):
                if text_width(plain(value)) > text_width(plain(widest.get(i))):
                    widest[i] = value

    def titles(self) -> list[Fragment]:
        """The names of the columns."""
        cells: list[Fragment] = [("", "  ")]
        for i, name in enumerate(self._columns):
            if i:
                cells.append(("class:watch.rule", self._bar))
            mark = self._arrow() if i == self._view.sort else ""
            title = fitted(plain(name) + mark, self._sizes[i], self._numeric[i], True)
            cells.append(("class:watch.title", title))
            cells.append(("", " " * self._beside(i)))
        return cells

    def line(self, line: Line) -> list[Fragment]:
        """One row."""
        style = {NEW: "class:watch.new", GONE: "class:watch.gone"}.get(line.kind, "")
        cells: list[Fragment] = [(style, MARKS[line.kind])]
        for i, value in enumerate(line.row):
            if i:
                cells.append(("class:watch.rule", self._bar))
            text = fitted(self._text(i, value), self._sizes[i], self._numeric[i], True)
            cells.append(("class:watch.changed" if i in line.cells else style, text))
            cells += self._aside(i, line)
        return cells

    def _aside(self, i: int, line: Line) -> list[Fragment]:
        """What stands beside a number: its sparkline, and by how much it changed."""
        cells: list[Fragment] = []
        if i in self._trends:
            drawn = "" if line.kind == GONE else sparkline(list(line.history.get(i, ())), self._view.ascii)
            cells.append(("class:watch.trend", " " + drawn.ljust(HISTORY)))
        if self._deltas.get(i):
            difference = line.cells.get(i)
            text = "" if difference is None else change(difference, self._units[i])
            cells.append(("class:watch.delta", text.rjust(self._deltas[i])))
        return cells

    def _beside(self, i: int) -> int:
        return (HISTORY + 1 if i in self._trends else 0) + self._deltas.get(i, 0)

    def _given(self, i: int, value: Any) -> Any:
        """What decides the width of a cell."""
        return self._text(i, value) if self._units[i] else value

    def _text(self, i: int, value: Any) -> str:
        if self._units[i] and isinstance(value, (int, float)):
            return quantity(value, self._units[i])
        return plain(value, self._view.null)

    def _arrow(self) -> str:
        if self._view.ascii:
            return " v" if self._view.descending else " ^"
        return " ↓" if self._view.descending else " ↑"


def _clipped(line: list[Fragment], width: int, mark: str) -> list[Fragment]:
    """The line in at most `width` cells."""
    if sum([text_width(text) for _, text in line]) <= width:
        return line
    kept: list[Fragment] = []
    left = width
    for style, text in line:
        size = text_width(text)
        if size > left or (size == left and text is not line[-1][1]):
            kept.append((style, elided(text + " ", left, mark)))
            break
        kept.append((style, text))
        left -= size
    return kept
