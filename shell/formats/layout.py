"""Laying rows out in columns: widths taken from the first rows, fitted to the terminal; display width of text.

Only the first rows are looked at before writing begins, so a result of any size streams in constant memory; a later
value that is wider than its column is elided on a terminal, and pushes the rest of its line aside elsewhere.
"""

from __future__ import annotations

from itertools import chain, islice

from .safe import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    Row = Sequence[Any]

# Rows that decide how wide the columns are.
SAMPLE = 1000
# No column is squeezed below this many cells.
NARROWEST = 6


def head_and_rest(rows: Iterable[Row]) -> tuple[list[Row], Iterator[Row]]:
    """The first rows, and all rows (the first again)."""
    iterator = iter(rows)
    head = list(islice(iterator, SAMPLE))
    return head, chain(head, iterator)


def numeric_columns(count: int, rows: Iterable[Row]) -> list[bool]:
    """For each column whether it holds numbers (and NULLs) alone."""
    numeric = [False] * count
    other = [False] * count
    for row in rows:
        for i, value in enumerate(row):
            if isinstance(value, (int, float)):
                numeric[i] = True
            elif value is not None:
                other[i] = True
    return [n and not o for n, o in zip(numeric, other)]


def text_width(text: str) -> int:
    """Cells the (printable) text takes on a terminal: wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth

    width: int = wcswidth(text)
    return width if width >= 0 else len(text)


def fitted(text: str, width: int, right: bool, elide: bool) -> str:
    """The text in `width` cells: padded, or cut with an ellipsis when `elide`."""
    have = text_width(text)
    if have > width and elide:
        text = cut(text, width)
        have = text_width(text)
    padding = " " * (width - have)
    return padding + text if right else text + padding


def cut(text: str, width: int) -> str:
    """The beginning of the text in at most `width` cells, ending in an ellipsis."""
    if text.isascii():
        return text[: max(0, width - 1)] + "…"
    kept, used = [], 0
    for character in text:
        used += text_width(character)
        if used > width - 1:
            break
        kept.append(character)
    return "".join(kept) + "…"


def widths(columns: Sequence[str], rows: Iterable[Row], null: str, available: int) -> list[int]:
    """The width of each column; the widest are narrowed until all fit into `available` cells (0: no bound)."""
    found = [text_width(plain(name)) for name in columns]
    for row in rows:
        for i, value in enumerate(row):
            found[i] = max(found[i], text_width(plain(value, null)))
    if not available:
        return found
    while sum(found) > available:
        widest = max(found)
        if widest <= NARROWEST:
            break
        below = max([width for width in found if width < widest], default=NARROWEST)
        count = found.count(widest)
        excess = sum(found) - available
        lowered = max(below, NARROWEST, widest - -(-excess // count))
        found = [lowered if width == widest else width for width in found]
    return found
