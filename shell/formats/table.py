"""The light table for people: a header, a rule, columns apart by a thin line; numbers to the right."""

from __future__ import annotations

from .layout import PATIENCE, Layout, head_and_rest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any, TextIO

    from . import Style

    Row = Sequence[Any]


def write(columns: Sequence[str], rows: Iterable[Row], out: TextIO, style: Style) -> int:
    """Write header, rule and a line for each row."""
    if not columns:
        return sum(1 for _ in rows)
    return draw(*laid_out(columns, rows, style), out, style)


def laid_out(columns: Sequence[str], rows: Iterable[Row], style: Style) -> tuple[Layout, Iterator[Row]]:
    """How the rows will stand, and the rows."""
    head, rest, more = head_and_rest(rows, PATIENCE if style.width else None)
    return Layout(columns, head, more, style, 3 * len(columns) - 1), rest


def draw(layout: Layout, rows: Iterable[Row], out: TextIO, style: Style) -> int:
    """Write the rows as they were laid out."""
    bar, dash, cross = "|-+" if style.ascii else "│─┼"
    between = f" {style.painted('rule', bar)} "
    if style.header:
        out.write(" " + between.join(layout.header()).rstrip() + "\n")
        out.write(style.painted("rule", cross.join([dash * (size + 2) for size in layout.sizes])) + "\n")
    count = 0
    for row in rows:
        out.write(" " + between.join(layout.cells(row)).rstrip() + "\n")
        count += 1
    return count
