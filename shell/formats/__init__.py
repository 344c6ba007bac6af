"""Output formats: one module each, imported when used; rows in, text out, in constant memory.

Each has `write(columns, rows, out, style) -> int`, the number of rows written.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, TextIO

# Format by name, and the module that writes it.
NAMES = {
    "table": "table",
    "box": "box",
    "line": "line",
    "csv": "csv",
    "tsv": "tsv",
    "json": "json",
    "ndjson": "ndjson",
    "markdown": "markdown",
    "html": "html",
}


class Style:
    """How rows are shown.

    width   columns of the terminal to elide to; 0 for no bound
    colour  whether to colour NULLs and numbers
    null    what stands for NULL
    header  whether names of columns come first
    ascii   whether to draw with ASCII alone
    """

    __slots__ = ("ascii", "colour", "header", "null", "width")

    def __init__(
        self, *, width: int = 0, colour: bool = False, null: str = "", header: bool = True, ascii: bool = False
    ) -> None:
        self.width = width
        self.colour = colour
        self.null = null
        self.header = header
        self.ascii = ascii


def write(
    name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], out: TextIO, style: Style | None = None
) -> int:
    """Write the rows in the named format; returns how many there were. KeyError for an unknown format."""
    # Not importlib.import_module: importlib takes `warnings` along, 0.4 ms of a start of 17.
    module = __import__(f"{__name__}.{NAMES[name]}", fromlist=("write",))
    writer: Callable[..., int] = module.write
    return writer(columns, rows, out, style or Style())
