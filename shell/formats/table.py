"""The light table for people: a header, a rule, columns apart by a thin line; numbers to the right."""

from __future__ import annotations

from .layout import fitted, head_and_rest, numeric_columns, widths
from .safe import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, TextIO

    from . import Style

_DIM, _RESET = "\x1b[2m", "\x1b[0m"


def write(columns: Sequence[str], rows: Iterable[Sequence[Any]], out: TextIO, style: Style) -> int:
    """Write header, rule and a line for each row."""
    if not columns:
        return sum(1 for _ in rows)
    bar, rule, cross = ("|", "-", "+") if style.ascii else ("│", "─", "┼")
    head, rest = head_and_rest(rows)
    numeric = numeric_columns(len(columns), head)
    sizes = widths(columns, head, style.null, style.width and max(1, style.width - 3 * len(columns) + 1))
    elide = bool(style.width)
    if style.header:
        cells = [fitted(plain(name), size, right, elide) for name, size, right in zip(columns, sizes, numeric)]
        out.write(" " + f" {bar} ".join(cells).rstrip() + "\n")
        out.write(cross.join([rule * (size + 2) for size in sizes])[: style.width or None] + "\n")
    count = 0
    for row in rest:
        cells = [_cell(value, size, right, elide, style) for value, size, right in zip(row, sizes, numeric)]
        out.write(" " + f" {bar} ".join(cells).rstrip() + "\n")
        count += 1
    return count


def _cell(value: Any, size: int, right: bool, elide: bool, style: Style) -> str:
    text = fitted(plain(value, style.null), size, right, elide)
    return f"{_DIM}{text}{_RESET}" if style.colour and value is None else text
