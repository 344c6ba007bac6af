"""A table in a full box, for reports."""

from __future__ import annotations

from .layout import Layout, streamed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, TextIO

    from . import Style

    Row = Sequence[Any]


def write(columns: Sequence[str], rows: Iterable[Row], out: TextIO, style: Style) -> int:
    """Write the box: top, header, rule, a line for each row, bottom."""
    if not columns:
        return sum(1 for _ in rows)
    dash, bar = "-|" if style.ascii else "─│"
    top, middle, bottom = ("+++", "+++", "+++") if style.ascii else ("┌┬┐", "├┼┤", "└┴┘")
    bar = style.painted("rule", bar)
    layout: Layout

    def rule(ends: str) -> None:
        line = ends[0] + ends[1].join([dash * (size + 2) for size in layout.sizes]) + ends[2]
        out.write(style.painted("rule", line) + "\n")

    def put(cells: list[str]) -> None:
        out.write(f"{bar} " + f" {bar} ".join(cells) + f" {bar}\n")

    def begin(head: list[Row], more: bool) -> Callable[[Row], None]:
        nonlocal layout
        layout = Layout(columns, head, more, style, 3 * len(columns) + 1)
        rule(top)
        if style.header:
            put(layout.header())
            rule(middle)
        for row in head:
            put(layout.cells(row))
        return lambda row: put(layout.cells(row))

    try:
        return streamed(rows, style, begin)
    finally:
        # What a limit or an interrupt cut short is still a box.
        rule(bottom)
