"""Comma-separated values as RFC 4180 has them, lines ended by a newline; NULL is empty, a blob is hex.

A value keeps its newlines (quoted), for the reader is a program; on a terminal they are escaped like everything else.
"""

from __future__ import annotations

import csv

from .safe import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, TextIO

    from . import Style


def write(columns: Sequence[str], rows: Iterable[Sequence[Any]], out: TextIO, style: Style) -> int:
    """Write a header record and a record for each row."""
    writer = csv.writer(out, lineterminator="\n")
    terminal = out.isatty()
    if style.header and columns:
        writer.writerow([plain(name) for name in columns])
    count = 0
    for row in rows:
        writer.writerow([_field(value, style.null, terminal) for value in row])
        count += 1
    return count


def _field(value: Any, null: str, terminal: bool) -> Any:
    if isinstance(value, str) and not terminal:
        return value
    return value if isinstance(value, int) else plain(value, null)
