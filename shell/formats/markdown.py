"""A Markdown table (GitHub's form): numbers to the right, pipes and backslashes in values escaped."""

from __future__ import annotations

from .layout import numeric_columns, streamed, text_width
from .safe import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, TextIO

    from . import Style

    Row = Sequence[Any]

# Cells are padded to the widest of the first rows, but not to those wider than this: a file would be mostly spaces.
ALIGNED = 60


def write(columns: Sequence[str], rows: Iterable[Row], out: TextIO, style: Style) -> int:
    """Write the header, the rule and a line for each row. Markdown tables cannot lack a header."""
    return streamed(rows, style, lambda head, more: _begin(columns, head, out, style.null))


def _begin(columns: Sequence[str], head: list[Row], out: TextIO, null: str) -> Callable[[Row], None]:
    names = [_cell(name, "") for name in columns]
    shown = [names, *[[_cell(value, null) for value in row] for row in head]]
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
    for cells in shown[1:]:
        out.write(line(cells))

    def put(row: Row) -> None:
        out.write(line([_cell(value, null) for value in row]))

    return put


def _cell(value: Any, null: str) -> str:
    return plain(value, null).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
