"""A table where its rows can be read on the terminal, else records, one value a line.

A row cannot be read in a table where the terminal is too narrow to show its numbers and identifiers whole and READABLE
cells of each text (see layout.py). Where there is no width to keep to, a table it is.
"""

from __future__ import annotations

from . import line, table
from .layout import streamed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, TextIO

    from . import Style

    Row = Sequence[Any]


def write(
    columns: Sequence[str],
    rows: Iterable[Row],
    out: TextIO,
    style: Style,
    chosen: Callable[[str], None] = lambda name: None,
) -> int:
    """Write the rows in the format that fits, whose name is told to `chosen` before."""
    if not columns:
        return sum(1 for _ in rows)

    def begin(head: list[Row], more: bool) -> Callable[[Row], None]:
        layout = table.laid_out(columns, head, more, style)
        if layout.crowded:
            chosen("line")
            return line.begin(columns, head, out, style)
        chosen("table")
        return table.begin(layout, head, out, style)

    return streamed(rows, style, begin)
