"""A table in a full box, for reports."""

from __future__ import annotations

from .layout import PATIENCE, Layout, head_and_rest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, TextIO

    from . import Style


def write(columns: Sequence[str], rows: Iterable[Sequence[Any]], out: TextIO, style: Style) -> int:
    """Write the box: top, header, rule, a line for each row, bottom."""
    if not columns:
        return sum(1 for _ in rows)
    dash, bar = "-|" if style.ascii else "─│"
    top, middle, bottom = ("+++", "+++", "+++") if style.ascii else ("┌┬┐", "├┼┤", "└┴┘")
    head, rest, more = head_and_rest(rows, PATIENCE if style.width else None)
    layout = Layout(columns, head, more, style, 3 * len(columns) + 1)
    bar = style.painted("rule", bar)

    def rule(ends: str) -> str:
        line = ends[0] + ends[1].join([dash * (size + 2) for size in layout.sizes]) + ends[2]
        return style.painted("rule", line) + "\n"

    def row_line(cells: list[str]) -> str:
        return f"{bar} " + f" {bar} ".join(cells) + f" {bar}\n"

    out.write(rule(top))
    if style.header:
        out.write(row_line(layout.header()))
        out.write(rule(middle))
    count = 0
    try:
        for row in rest:
            out.write(row_line(layout.cells(row)))
            count += 1
    finally:
        # What a limit or an interrupt cut short is still a box.
        out.write(rule(bottom))
    return count
