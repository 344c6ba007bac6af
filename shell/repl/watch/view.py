"""What a watch looks like: its state and a size in, lines of (style, text) out. Pure; knows no terminal."""

from __future__ import annotations

from ...formats import Style
from ...formats.layout import Column, Layout, elided, fitted, text_width
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
SAMPLE = 200
MOST_NOTES = 2

KEYS = (
    ("q, Esc, Ctrl-C", "back to the prompt"),
    ("space", "pause, go on"),
    ("r", "run now"),
    ("+ -", "more, less often"),
    ("s, S", "sort by the next column, the other way round"),
    ("d", "only what is different"),
    ("arrows, PgUp, PgDn", "scroll; Home and End: to the ends"),
    ("h, ?", "this help"),
)


class View:
    """What the user chose to see.

    sort  position of the column that orders the lines, None for the query's own order; descending: the other way round
    top   the first line shown; left: the first column shown, beside those of the key
    """

    def __init__(self, null: str = "", ascii: bool = False) -> None:
        self.null = null
        self.ascii = ascii
        self.sort: int | None = None
        self.descending = False
        self.different = False
        self.help = False
        self.top = 0
        self.left = 0
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

    def shift(self, columns: int) -> None:
        """Move right (or left); drawing keeps a column on the screen."""
        self.left = max(0, self.left + columns)


def draw(watcher: Watcher, view: View, width: int, height: int) -> list[list[Fragment]]:
    """The whole screen, at most `height` lines of `width` cells."""
    ellipsis = "..." if view.ascii else "…"
    head = [_header(watcher, view, width)]
    foot = _foot(watcher, max(1, height // 3))
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


def _foot(watcher: Watcher, most: int) -> list[list[Fragment]]:
    errors: list[list[Fragment]] = [[("class:watch.error", printable(line))] for line in watcher.errors]
    notes = watcher.answer.notes if watcher.answer is not None else []
    if len(notes) > MOST_NOTES:
        notes = [*notes[: MOST_NOTES - 1], f"{len(notes) - MOST_NOTES + 1} more"]
    return (errors + [[("class:watch.note", f"note: {printable(note)}")] for note in notes])[:most]


def _body(watcher: Watcher, rounds: Rounds, view: View, width: int, height: int) -> list[list[Fragment]]:
    lines = ordered(rounds.lines, view)
    table = _Table(watcher, rounds, view, lines, width)
    # A line for the titles, and one that tells what is not on the screen.
    room = max(1, height - 1)
    more = len(lines) > room or table.beyond or view.left
    view.page = max(1, room - 1 if more else room)
    view.top = min(view.top, max(0, len(lines) - view.page))
    shown = lines[view.top : view.top + view.page]
    body = [table.titles(), *[table.line(line) for line in shown]]
    words = []
    if len(lines) > view.page:
        words.append(f"rows {view.top + 1}-{view.top + len(shown)} of {len(lines)}")
    if table.beyond or view.left:
        words.append(f"{table.beyond} more columns to the right")
    return [*body, [("class:watch.note", "  " + ", ".join(words))]] if words else body


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


def _shown(rounds: Rounds, view: View) -> list[int]:
    """Positions of the columns from the first that is shown; those of the key stay."""
    others = [i for i in range(len(rounds.columns)) if i not in rounds.key]
    view.left = min(view.left, max(0, len(others) - 1))
    hidden = others[: view.left]
    return [i for i in range(len(rounds.columns)) if i not in hidden]


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
        trends, deltas = rounds.trends, dict(view.deltas)
        rows = [[self._given(i, value) for i, value in enumerate(line.row)] for line in sample]
        self._remember_widest(rows)
        rows.append([view.widest.get(i) for i in range(len(rounds.columns))])
        least = [Column(name, [row[i] for row in rows], view.null).least for i, name in enumerate(rounds.columns)]
        self._trends, self._deltas, self._shown = self._fit(trends, deltas, _shown(rounds, view), least, width)
        names = [rounds.columns[i] for i in self._shown]
        look = Style(width=width, null=view.null, ascii=view.ascii)
        frame = self._frame(self._trends, self._deltas, self._shown)
        layout = Layout(names, [[row[i] for i in self._shown] for row in rows], False, look, frame)
        self._sizes = dict(zip(self._shown, layout.sizes))

    def _fit(
        self, trends: list[int], deltas: dict[int, int], shown: list[int], least: list[int], width: int
    ) -> tuple[list[int], dict[int, int], list[int]]:
        """What there is room for: sparklines give way first, then differences, then the columns to the right."""
        trends = [i for i in trends if i in shown]
        deltas = {i: cells for i, cells in deltas.items() if i in shown}
        while self._frame(trends, deltas, shown) + sum([least[i] for i in shown]) > width:
            if trends:
                trends = trends[:-1]
            elif deltas:
                deltas = {}
            elif len(shown) > 1:
                shown = shown[:-1]
            else:
                break
        return trends, deltas, shown

    def _frame(self, trends: list[int], deltas: dict[int, int], shown: list[int]) -> int:
        """Cells beside the values: the mark, the bars, sparklines and differences."""
        return 2 + len(self._bar) * (len(shown) - 1) + len(trends) * (HISTORY + 1) + sum(deltas.values())

    @property
    def beyond(self) -> int:
        """How many columns to the right there is no room for."""
        return len(self._columns) - 1 - self._shown[-1]

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
        for i in self._shown:
            if i != self._shown[0]:
                cells.append(("class:watch.rule", self._bar))
            name = self._columns[i]
            mark = self._arrow() if i == self._view.sort else ""
            title = fitted(plain(name) + mark, self._sizes[i], self._numeric[i], True)
            cells.append(("class:watch.title", title))
            cells.append(("", " " * self._beside(i)))
        return cells

    def line(self, line: Line) -> list[Fragment]:
        """One row."""
        style = {NEW: "class:watch.new", GONE: "class:watch.gone"}.get(line.kind, "")
        cells: list[Fragment] = [(style, MARKS[line.kind])]
        for i in self._shown:
            if i != self._shown[0]:
                cells.append(("class:watch.rule", self._bar))
            value = line.row[i]
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
