"""A table where its rows can be read on the terminal, else records, one value a line.

A row cannot be read in a table where the terminal is too narrow to show its numbers and identifiers whole and READABLE
cells of each text (see layout.py). Where there is no width to keep to, a table it is.
"""

from __future__ import annotations

from . import line, table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, TextIO

    from . import Style


def write(columns: Sequence[str], rows: Iterable[Sequence[Any]], out: TextIO, style: Style) -> int:
    """Write the rows in the form that fits."""
    if not columns:
        return sum(1 for _ in rows)
    layout, rest = table.laid_out(columns, rows, style)
    if layout.crowded:
        return line.write(columns, rest, out, style)
    return table.draw(layout, rest, out, style)
