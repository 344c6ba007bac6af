"""An HTML table; everything from the host is escaped."""

from __future__ import annotations

from html import escape

from .safe import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, TextIO

    from . import Style


def write(columns: Sequence[str], rows: Iterable[Sequence[Any]], out: TextIO, style: Style) -> int:
    """Write one <table>."""
    out.write("<table>\n")
    if style.header:
        out.write("<thead><tr>" + "".join([f"<th>{escape(plain(name))}</th>" for name in columns]) + "</tr></thead>\n")
    out.write("<tbody>\n")
    count = 0
    for row in rows:
        cells = [f"<td{_attributes(value)}>{escape(plain(value, style.null))}</td>" for value in row]
        out.write("<tr>" + "".join(cells) + "</tr>\n")
        count += 1
    out.write("</tbody>\n</table>\n")
    return count


def _attributes(value: Any) -> str:
    return ' align="right"' if isinstance(value, (int, float)) else ""
