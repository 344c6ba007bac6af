"""A Markdown table (GitHub's form): numbers to the right, pipes and backslashes in values escaped."""

from __future__ import annotations

from .layout import head_and_rest, numeric_columns, text_width
from .safe import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, TextIO

    from . import Style

# Cells are padded to the widest of the first rows, but not to those wider than this: a file would be mostly spaces.
ALIGNED = 60


def write(columns: Sequence[str], rows: Iterable[Sequence[Any]], out: TextIO, style: Style) -> int:
    """Write the header, the rule and a line for each row. Markdown tables cannot lack a header."""
    head, rest, _more = head_and_rest(rows)
    names = [_cell(name, "") for name in columns]
    shown = [names, *[[_cell(value, style.null) for value in row] for row in head]]
    sizes = [max(3, *[w for w in map(text_width, cells) if w <= ALIGNED], 0) for cells in zip(*shown)]
    numeric = numeric_columns(len(columns), head)

    def line(cells: Sequence[str]) -> str:
        padded = []
        for cell, size, right in zip(cells, sizes, numeric):
            have = len(cell) if cell.isascii() else text_width(cell)
            padding = " " * (size - have)
            padded.append(padding + cell if right else cell + padding)
        return "| " + " | ".join(padded) + " |\n"

    out.write(line(names))
    out.write(line([("-" * (size - 1) + ":") if right else "-" * size for size, right in zip(sizes, numeric)]))
    count = 0
    for row in rest:
        out.write(line([_cell(value, style.null) for value in row]))
        count += 1
    return count


def _cell(value: Any, null: str) -> str:
    return plain(value, null).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
