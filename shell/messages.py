"""What goes to standard error: errors with a caret under the fault, hints and notes, all harmless to a terminal."""

from __future__ import annotations

import sys

from ..vtables.errors import HostqlError, QueryError
from .formats.safe import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TextIO

# Characters of a message that are shown: it may quote a name as long as the SQL.
LONGEST = 4000
# Columns of a long line that are shown around the fault.
WINDOW = 100


def error_lines(error: HostqlError) -> list[str]:
    """The error as lines: the line of SQL at fault and a caret, what is wrong, what to do."""
    lines = []
    if isinstance(error, QueryError) and error.offset is not None and 0 <= error.offset < len(error.sql):
        lines += caret(error.sql, error.offset)
    lines.append(f"error: {_paragraph(error.message)}")
    if error.hint:
        lines.append(f"hint: {_paragraph(error.hint)}")
    return lines


def caret(sql: str, offset: int) -> list[str]:
    """The line of SQL that holds the offset, and carets under the word there."""
    start = sql.rfind("\n", 0, offset) + 1
    end = sql.find("\n", offset)
    line = sql[start : end if end >= 0 else len(sql)]
    at = offset - start
    length = 1
    while length < WINDOW and at + length < len(line) and (line[at + length].isalnum() or line[at + length] in "_."):
        length += 1
    first = max(0, at - WINDOW // 2)
    before, word, after = line[first:at], line[at : at + length], line[at + length : first + WINDOW + length]
    return [
        printable(before) + printable(word) + printable(after),
        " " * len(printable(before)) + "^" * max(1, len(printable(word))),
    ]


def _paragraph(text: str) -> str:
    shown = text if len(text) <= LONGEST else text[:LONGEST] + "…"
    return "\n    ".join([printable(line) for line in shown.splitlines()])


def write_error(error: HostqlError, out: TextIO) -> None:
    """Print an error."""
    out.write("\n".join(error_lines(error)) + "\n")
    out.flush()


def take_over() -> None:
    """Have nothing printed by Python itself: no warnings, unless it was asked for them (python -W), and errors that
    nobody can catch, in a destructor, as notes."""
    import _warnings

    if not sys.warnoptions:
        _warnings.filters.insert(0, ("ignore", None, Warning, None, 0))

    def note(unraisable: sys.UnraisableHookArgs) -> None:
        write_notes([f"{unraisable.exc_type.__name__}: {unraisable.exc_value}"], sys.stderr)

    sys.unraisablehook = note


def write_notes(notes: Iterable[str], out: TextIO) -> None:
    """Print what is missing from an answer, a line for each note."""
    for note in notes:
        out.write(f"note: {printable(note)}\n")
