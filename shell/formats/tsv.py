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
        put("\t".join([field(value, null) for value in row]) + "\n")
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
