"""One value a line, `name = value`, records separated by an empty line: for rows too wide for a table."""

from __future__ import annotations

from .safe import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, TextIO

    from . import Style


def write(columns: Sequence[str], rows: Iterable[Sequence[Any]], out: TextIO, style: Style) -> int:
    """Write a block for each row."""
    names = [plain(name) for name in columns]
    widest = max([len(name) for name in names], default=0)
    labels = [name.rjust(widest) for name in names]
    count = 0
    for row in rows:
        if count:
            out.write("\n")
        for label, value in zip(labels, row):
            out.write(f"{label} = {plain(value, style.null)}\n")
        count += 1
    return count
