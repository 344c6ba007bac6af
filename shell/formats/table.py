"""The light table for people: a header, a rule, columns apart by a thin line; numbers to the right."""

from __future__ import annotations

from .layout import Layout, streamed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, TextIO

    from . import Style

    Row = Sequence[Any]


def write(columns: Sequence[str], rows: Iterable[Row], out: TextIO, style: Style) -> int:
    """Write header, rule and a line for each row."""
    if not columns:
        return sum(1 for _ in rows)
    return streamed(rows, style, lambda head, more: begin(laid_out(columns, head, more, style), head, out, style))


def laid_out(columns: Sequence[str], head: Sequence[Row], more: bool, style: Style) -> Layout:
    """How the rows will stand."""
    return Layout(columns, head, more, style, 3 * len(columns) - 1)


def begin(layout: Layout, head: Iterable[Row], out: TextIO, style: Style) -> Callable[[Row], None]:
    """Write the header and the first rows; gives what writes each of the others."""
    bar, dash, cross = "|-+" if style.ascii else "│─┼"
    between = f" {style.painted('rule', bar)} "
    cells = layout.cells

    def put(row: Row) -> None:
        out.write(" " + between.join(cells(row)).rstrip() + "\n")

    if style.header:
        out.write(" " + between.join(layout.header()).rstrip() + "\n")
        out.write(style.painted("rule", cross.join([dash * (size + 2) for size in layout.sizes])) + "\n")
    for row in head:
        put(row)
    return put
