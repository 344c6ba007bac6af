"""A table in a full box, for reports."""

from __future__ import annotations

from .layout import fitted, head_and_rest, numeric_columns, widths
from .safe import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, TextIO

    from . import Style


def write(columns: Sequence[str], rows: Iterable[Sequence[Any]], out: TextIO, style: Style) -> int:
    """Write the box: top, header, rule, a line for each row, bottom."""
    if not columns:
        return sum(1 for _ in rows)
    line, bar = ("-", "|") if style.ascii else ("─", "│")
    corners = ("+++", "+++", "+++") if style.ascii else ("┌┬┐", "├┼┤", "└┴┘")
    head, rest = head_and_rest(rows)
    numeric = numeric_columns(len(columns), head)
    sizes = widths(columns, head, style.null, style.width and max(1, style.width - 3 * len(columns) - 1))
    elide = bool(style.width)

    def rule(ends: str) -> str:
        return ends[0] + ends[1].join([line * (size + 2) for size in sizes]) + ends[2] + "\n"

    def row_line(values: Sequence[Any], null: str) -> str:
        cells = [fitted(plain(v, null), size, right, elide) for v, size, right in zip(values, sizes, numeric)]
        return f"{bar} " + f" {bar} ".join(cells) + f" {bar}\n"

    out.write(rule(corners[0]))
    if style.header:
        out.write(row_line(columns, ""))
        out.write(rule(corners[1]))
    count = 0
    for row in rest:
        out.write(row_line(row, style.null))
        count += 1
    out.write(rule(corners[2]))
    return count
