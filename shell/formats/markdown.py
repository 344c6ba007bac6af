"""A Markdown table (GitHub's form): numbers to the right, pipes and backslashes in values escaped."""

from __future__ import annotations

from .layout import head_and_rest, numeric_columns
from .safe import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, TextIO

    from . import Style


def write(columns: Sequence[str], rows: Iterable[Sequence[Any]], out: TextIO, style: Style) -> int:
    """Write the header, the rule and a line for each row. Markdown tables cannot lack a header."""
    head, rest = head_and_rest(rows)
    numeric = numeric_columns(len(columns), head)
    out.write("| " + " | ".join([_cell(name, "") for name in columns]) + " |\n")
    out.write("|" + "|".join(["---:" if right else "---" for right in numeric]) + "|\n")
    count = 0
    for row in rest:
        out.write("| " + " | ".join([_cell(value, style.null) for value in row]) + " |\n")
        count += 1
    return count


def _cell(value: Any, null: str) -> str:
    return plain(value, null).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
