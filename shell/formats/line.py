"""Records, one value a line, for rows too wide for a table.

In a file `name = value`, records separated by an empty line; on a terminal under a rule with the number of the row.
Values are whole; a terminal wraps the long ones.
"""

from __future__ import annotations

from . import KINDS, RESET
from .layout import text_width
from .safe import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, TextIO

    from . import Style

    Row = Sequence[Any]

# Cells that a rule takes at most: it parts records, it need not cross a wide terminal.
RULE = 80


def write(columns: Sequence[str], rows: Iterable[Row], out: TextIO, style: Style) -> int:
    """Write a block for each row."""
    put = begin(columns, (), out, style)
    count = 0
    for row in rows:
        put(row)
        count += 1
    return count


def begin(columns: Sequence[str], head: Iterable[Row], out: TextIO, style: Style) -> Callable[[Row], None]:
    """Write the first rows; gives what writes each of the others."""
    names = [plain(name) for name in columns]
    widest = max([text_width(name) for name in names], default=0)
    bar, dash = "|-" if style.ascii else "│─"
    space, equals = (" ", f" {style.painted('rule', bar)} ") if style.width else ("", " = ")
    labels = [space + " " * (widest - text_width(name)) + style.painted("name", name) + equals for name in names]
    length = min(style.width, RULE)
    paint = (
        {kind: style.colours[name] for kind, name in KINDS.items() if name in style.colours} if style.colours else {}
    )
    null = style.null
    count = 0

    def put(row: Row) -> None:
        nonlocal count
        count += 1
        if style.width:
            lines = [style.painted("rule", f"{dash * 2} {count} ".ljust(length, dash)) + "\n"]
        else:
            lines = ["\n"] if count > 1 else []
        for label, value in zip(labels, row):
            kind = value.__class__
            text = value if kind is str and value.isascii() and value.isprintable() else plain(value, null)
            colour = paint.get(kind)
            lines.append(f"{label}{colour}{text}{RESET}\n" if colour else f"{label}{text}\n")
        out.write("".join(lines))

    for row in head:
        put(row)
    return put
