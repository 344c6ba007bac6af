"""Newline-delimited JSON: one object a line, for streams; values as in json.py."""

from __future__ import annotations

from .json import key_texts, object_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, TextIO

    from . import Style


def write(columns: Sequence[str], rows: Iterable[Sequence[Any]], out: TextIO, style: Style) -> int:
    """Write an object for each row."""
    keys = key_texts(columns)
    count = 0
    for row in rows:
        out.write(object_text(keys, row) + "\n")
        count += 1
    return count
