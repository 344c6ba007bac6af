"""Charts of block characters: bars, a line, a histogram; numbers in, lines of text out. Pure.

Each takes the size it may fill and draws with ASCII alone when asked. Values may be None (NULL); labels are any text
from the host and are made harmless here.
"""

from __future__ import annotations

import math

from ..formats.layout import fitted, text_width
from ..formats.safe import printable
from .quantity import quantity
from .sparkline import finite, share

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Optional

    Values = Sequence[Optional[float]]

KINDS = ("bar", "line", "hist")
# A bar's last cell in eighths.
_EIGHTHS = " ▏▎▍▌▋▊▉"
# The dots of a braille cell, by row and column: Unicode 15, block Braille Patterns.
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
# Labels take no more than this share of the width.
LABELS = 0.5
# The least cells a drawing gets.
NARROWEST = 8


def bars(
    labels: Sequence[str], values: Values, width: int, height: int, ascii: bool = False, unit: str = ""
) -> list[str]:
    """A bar for each value with its label before and its number after it; what does not fit is counted."""
    if not values:
        return ["no rows"]
    shown = len(values) if len(values) <= max(height, 2) else max(height, 2) - 1
    names = [printable(label) for label in labels[:shown]]
    texts = ["NULL" if value is None else quantity(value, unit) for value in values[:shown]]
    numbers = finite(values[:shown])
    left = min(max(map(text_width, names)), max(NARROWEST, int(width * LABELS)))
    room = max(NARROWEST, width - left - max(map(len, texts)) - 4)
    known = [number for number in numbers if number is not None]
    low, high = min([0.0, *known]), max([0.0, *known])
    zero = round(share(0.0, low, high) * room) if high > low else 0
    lines = []
    for name, text, number in zip(names, texts, numbers):
        bar = "" if number is None else _bar(number, low, high, zero, room, ascii)
        edge = "|" if ascii else "▏" if low == 0 else "│"
        body = bar if low == 0 else bar[:zero] + edge + bar[zero:]
        line = f"{fitted(name, left, False, True)} {edge if low == 0 else ''}{body} {text}"
        lines.append(_plain(line, ascii))
    if shown < len(values):
        lines.append(f"{'...' if ascii else '…'} {len(values) - shown:,} more rows")
    return lines


def _bar(number: float, low: float, high: float, zero: int, room: int, ascii: bool) -> str:
    """The bar of one value; with negative values about, padded so that zero is in the same cell for all."""
    full = "#" if ascii else "█"
    if high <= low:
        return ""
    if low == 0:
        eighths = round(share(number, low, high) * room * 8)
        if ascii:
            return full * round(eighths / 8)
        return full * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")
    end = round(share(number, low, high) * room)
    if end >= zero:
        return " " * zero + full * (end - zero)
    return " " * end + full * (zero - end)


def line(
    labels: Sequence[str], values: Values, width: int, height: int, ascii: bool = False, unit: str = ""
) -> list[str]:
    """The values in their order from left to right; more than fit are drawn as the range each column covers."""
    numbers = finite(values)
    known = [number for number in numbers if number is not None]
    if not known:
        return ["no rows" if not values else "only NULL"]
    low, high = min(known), max(known)
    rows = max(2, height - 2)
    marks = _marks(_exact(low, values), _exact(high, values), rows, unit)
    left = max(map(len, marks.values()))
    cells = max(NARROWEST, width - left - 3)
    picture = _dotted(numbers, low, high, cells, rows, ascii)
    wall, corner, floor = ("|", "+", "-") if ascii else ("┤", "└", "─")
    lines = [f"{marks.get(i, ''):>{left}} {wall}{picture[i]}".rstrip() for i in range(rows)]
    lines.append(" " * left + " " + corner + floor * cells)
    ends = _ends([printable(label) for label in (labels[0], labels[-1])] if labels else ["", ""], cells)
    lines.append((" " * (left + 2) + ends).rstrip())
    return [_plain(text, ascii) for text in lines]


def _marks(low: float, high: float, rows: int, unit: str) -> dict[int, str]:
    """The numbers beside the axis, by row from the top."""
    if high <= low:
        return {(rows - 1) // 2: quantity(high, unit)}
    marks = {0: quantity(high, unit), rows - 1: quantity(low, unit)}
    if rows > 4:
        marks[rows // 2] = quantity(high - (high / (rows - 1) - low / (rows - 1)) * (rows // 2), unit)
    return marks


def _exact(number: float, values: Values) -> float:
    """The value as it was given (an integer stays one)."""
    return next((value for value in values if value is not None and value == number), number)


def _ends(labels: list[str], cells: int) -> str:
    """The first and the last label at the two ends of the axis."""
    first, last = (fitted(label, min(text_width(label), cells // 2 - 1), False, True) for label in labels)
    return first + " " * (cells - text_width(first) - text_width(last)) + last


def _dotted(numbers: Values, low: float, high: float, cells: int, rows: int, ascii: bool) -> list[str]:
    """The line as rows of characters: 2x4 dots in each cell, or one star."""
    across, down = (1, 1) if ascii else (2, 4)
    columns, levels = cells * across, rows * down
    dots = [[0] * cells for _ in range(rows)]
    before: int | None = None
    for x, spread in _columns(numbers, columns):
        if spread is None:
            before = None
            continue
        ends = [levels - 1 - round((share(v, low, high) if high > low else 0.5) * (levels - 1)) for v in spread]
        top, bottom = min(ends), max(ends)
        if before is not None and not ascii:
            # Joined to the column before, half of a steep step drawn in each.
            top, bottom = min(top, (before + top) // 2), max(bottom, (before + bottom + 1) // 2)
        for y in range(top, bottom + 1):
            dots[y // down][x // across] |= 1 if ascii else _DOTS[y % down][x % across]
        before = ends[-1]
    drawn = "*" if ascii else ""
    return ["".join([(drawn or chr(0x2800 + dot)) if dot else " " for dot in row]).rstrip() for row in dots]


def _columns(numbers: Values, columns: int) -> list[tuple[int, list[float] | None]]:
    """For each dot column that has values: (x, their first, least, greatest and last); None where all are NULL."""
    count = len(numbers)
    if count <= columns:
        step = (columns - 1) / (count - 1) if count > 1 else 0
        points = [(round(i * step), number) for i, number in enumerate(numbers)]
        return _joined(points)
    found: list[tuple[int, list[float] | None]] = []
    for x in range(columns):
        known = [n for n in numbers[x * count // columns : (x + 1) * count // columns] if n is not None]
        found.append((x, [known[0], min(known), max(known), known[-1]] if known else None))
    return found


def _joined(points: list[tuple[int, float | None]]) -> list[tuple[int, list[float] | None]]:
    """Few points, with straight lines between neighbours; a NULL is a gap."""
    found: list[tuple[int, list[float] | None]] = []
    for (x, value), (after, following) in zip(points, [*points[1:], (points[-1][0] + 1, None)]):
        if value is None:
            found.append((x, None))
            continue
        for at in range(x, after if following is not None else x + 1):
            part = (at - x) / (after - x) if following is not None and after > x else 0.0
            found.append((at, [value if following is None else value * (1 - part) + following * part]))
    return found


def histogram(values: Values, width: int, height: int, ascii: bool = False, unit: str = "") -> list[str]:
    """How many values lie in each of a few equal ranges; NULLs counted below."""
    numbers = [number for number in finite(values) if number is not None]
    missing = len(values) - len(numbers)
    if not numbers:
        return ["no rows" if not values else "only NULL"]
    whole = all(isinstance(value, int) for value in values if value is not None)
    edges = _edges(min(numbers), max(numbers), len(numbers), max(2, height - 1), whole)
    counts = [0] * max(1, len(edges) - 1)
    for number in numbers:
        counts[_bin(number, edges)] += 1
    if len(edges) == 1 or (whole and edges[1] - edges[0] == 1):
        # Each range holds one number; the last may be its own upper edge.
        labels = [_edge(edge, unit, whole) for edge in edges[: len(counts)]]
    else:
        dash = "-" if ascii else "–"
        labels = [f"{_edge(a, unit, whole)} {dash} {_edge(b, unit, whole)}" for a, b in zip(edges, edges[1:])]
    lines = bars(_right(labels), counts, width, len(counts) + 1, ascii)
    if missing:
        lines.append(f"NULL: {missing:,}")
    return lines


def _edges(low: float, high: float, count: int, most: int, whole: bool) -> list[float]:
    """Edges of equal ranges of a round size (1, 2, 2.5 or 5 times a power of ten), about as many as Sturges' rule."""
    if high <= low:
        return [low]
    wanted = min(most, max(2, math.ceil(math.log2(count)) + 1), 20)
    rough = high / wanted - low / wanted
    power = 10.0 ** math.floor(math.log10(rough)) if rough > 1e-300 else 1e-300
    size = next(power * factor for factor in (1, 2, 2.5, 5, 10, 20) if power * factor >= rough * 0.999)
    if whole:
        size = max(1.0, float(math.ceil(size)))
    start = math.floor(low / size) * size
    edges = [start]
    while edges[-1] <= high:
        edges.append(start + size * len(edges))
    return edges


def _bin(number: float, edges: list[float]) -> int:
    """Which range the number is in: its lower edge belongs to it, its upper one to the next."""
    from bisect import bisect_right

    return min(max(0, bisect_right(edges, number) - 1), max(0, len(edges) - 2))


def _edge(value: float, unit: str, whole: bool) -> str:
    return quantity(int(value) if whole and not unit else value, unit)


def _right(labels: list[str]) -> list[str]:
    width = max(map(text_width, labels))
    return [" " * (width - text_width(label)) + label for label in labels]


def _plain(text: str, ascii: bool) -> str:
    """With ASCII alone where asked, what is left of other characters is a question mark, an ellipsis a tilde."""
    return text.replace("…", "~").encode("ascii", "replace").decode() if ascii else text
