"""Output formats: one module each, imported when used; rows in, text out, in constant memory.

Each has `write(columns, rows, out, style) -> int`, the number of rows written.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any, TextIO

# Format by name, and the module that writes it.
NAMES = {
    "auto": "auto",
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

# The escape sequence that ends every colour.
RESET = "\x1b[0m"
# What kind of value each Python type is, for its colour.
KINDS: dict[type, str] = {type(None): "null", int: "number", float: "number", str: "text", bytes: "blob"}


class Style:
    """How rows are shown.

    width    columns of the terminal to elide to; 0 for no bound
    colours  the escape sequence that begins a null, number, text, blob, header, name or rule; None for no colours
    null     what stands for NULL
    header   whether names of columns come first
    ascii    whether to draw with ASCII alone
    reminder who says, while no row comes, that those held back are waiting (`remind`, under `lock`); None for nobody
    """

    __slots__ = ("ascii", "colours", "header", "null", "reminder", "width")

    def __init__(
        self,
        *,
        width: int = 0,
        colours: Mapping[str, str] | None = None,
        null: str = "",
        header: bool = True,
        ascii: bool = False,
        reminder: Any = None,
    ) -> None:
        self.width = width
        self.colours = colours
        self.null = null
        self.header = header
        self.ascii = ascii
        self.reminder = reminder

    def painted(self, kind: str, text: str) -> str:
        """The (harmless) text in the colour of its kind."""
        colour = self.colours.get(kind) if self.colours else None
        return f"{colour}{text}{RESET}" if colour else text


def write(
    name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], out: TextIO, style: Style | None = None
) -> int:
    """Write the rows in the named format; returns how many there were. KeyError for an unknown format."""
    # Not importlib.import_module: importlib takes `warnings` along, 0.4 ms of a start of 17.
    module = __import__(f"{__name__}.{NAMES[name]}", fromlist=("write",))
    writer: Callable[..., int] = module.write
    return writer(columns, rows, out, style or Style())
