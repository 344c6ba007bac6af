r"""Tab-separated values: one line a row; tabs, newlines and backslashes in values are escaped (`\t`, `\n`, `\\`)."""

from __future__ import annotations

from .safe import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, TextIO

    from . import Style


def write(columns: Sequence[str], rows: Iterable[Sequence[Any]], out: TextIO, style: Style) -> int:
    """Write a header line and a line for each row."""
    put = out.write
    if style.header and columns:
        put("\t".join([field(name, "") for name in columns]) + "\n")
    null = style.null
    count = 0
    for row in rows:
        # Nearly no row needs an escape, which a look at the whole row tells at half the cost of one at each value.
        cells = [
            value if value.__class__ is str else str(value) if value.__class__ is int else plain(value, null)
            for value in row
        ]
        joined = "".join(cells)
        if not (joined.isascii() and joined.isprintable()) or "\\" in joined:
            cells = [field(value, null) for value in row]
        put("\t".join(cells) + "\n")
        count += 1
    return count


def field(value: Any, null: str) -> str:
    r"""A value without tabs or newlines; a backslash is doubled, so that escapes can be told from text."""
    if value.__class__ is int:
        return str(value)
    if value.__class__ is str:
        if value.isascii() and value.isprintable() and "\\" not in value:
            return value
        return plain(value.replace("\\", "\\\\"))
    return plain(value, null)
