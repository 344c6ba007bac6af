"""`.chart`: which columns of a result become labels and values, and which kind of chart suits them."""

from __future__ import annotations

import re

from ...vtables.errors import HostqlError
from ...vtables.suggest import nearest
from ..formats.safe import plain
from . import chart
from .quantity import unit_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from ...vtables.catalog import Catalog
    from ...vtables.database import Result

_STATEMENT = re.compile(r"(?i)\s*(select|with|values|pragma)\b")
_WORD = re.compile(r'\s*("(?:[^"]|"")+"|[^\s"]+)')
# Columns whose numbers are moments: what is counted along them is a line.
_TIMES = frozenset("time date timestamp day hour minute year month week".split())


def parse(argument: str, tables: Catalog | Sequence[str] = ()) -> tuple[str, str, str]:
    """(kind or '', column or '', SQL or a table's name or '') of the argument of `.chart`.

    >>> parse("hist size select size from file")
    ('hist', 'size', 'select size from file')
    >>> parse('"resident_size" select 1'), parse("line")
    (('', 'resident_size', 'select 1'), ('line', '', ''))
    >>> parse("bar nice processes", ["processes"])
    ('bar', 'nice', 'processes')
    """
    words: list[str] = []
    rest = argument.strip()
    while rest and rest not in tables and not _STATEMENT.match(rest) and len(words) < 2:
        word = _WORD.match(rest)
        if word is None:
            break
        words.append(word[1])
        rest = rest[word.end() :].strip()
    kind = words.pop(0).lower() if words and words[0].lower() in chart.KINDS else ""
    if len(words) > 1:
        return kind, "", argument.strip()
    column = words[0] if words else ""
    return kind, column[1:-1].replace('""', '"') if column.startswith('"') else column, rest


class Drawing:
    """The numbers of one column with their labels, and the kind of chart. HostqlError where no column is numeric."""

    def __init__(
        self, result: Result, rows: Iterator[tuple[Any, ...]], catalog: Catalog, kind: str, column: str
    ) -> None:
        from .watch.query import documentation

        columns = result.columns
        docs = documentation(result.origins, catalog)
        kept = list(rows)
        numeric = [i for i in range(len(columns)) if _numeric(i, kept)]
        value = _named(column, columns) if column else None
        if value is not None and kept and value not in numeric:
            raise HostqlError(f"{columns[value]} holds no numbers to draw", _numbers(numeric, columns))
        label = _label(columns, numeric, value)
        if value is None:
            rest = [i for i in numeric if i != label] or numeric
            value = (rest[-1] if label is not None else rest[0]) if rest else None
        if value is None and kept:
            raise HostqlError("no column holds numbers to draw")
        at = value or 0
        self.kind = kind or ("line" if label is None or label in numeric else "bar")
        self.values = [row[at] for row in kept]
        self.labels = [plain(row[label], "NULL") if label is not None else str(n) for n, row in enumerate(kept, 1)]
        self.unit = unit_of(columns[at], docs[at] if docs else "")
        self.title = plain(columns[at]) + (f" by {plain(columns[label])}" if label is not None else "")

    def lines(self, width: int, height: int, ascii: bool) -> list[str]:
        """The chart, its title first."""
        title = self.title.encode("ascii", "replace").decode() if ascii else self.title
        height -= 1
        if self.kind == "hist":
            return [title.partition(" by ")[0], *chart.histogram(self.values, width, height, ascii, self.unit)]
        draw = chart.bars if self.kind == "bar" else chart.line
        return [title, *draw(self.labels, self.values, width, height, ascii, self.unit)]


def _numeric(i: int, rows: list[tuple[Any, ...]]) -> bool:
    values = [row[i] for row in rows if row[i] is not None]
    return bool(values) and all(isinstance(value, (int, float)) for value in values)


def _named(column: str, columns: tuple[str, ...]) -> int:
    names = [name.lower() for name in columns]
    if column.lower() in names:
        return names.index(column.lower())
    meant = nearest(column, columns)
    raise HostqlError(
        f"the result has no column {column}",
        f"Did you mean {' or '.join(meant)}?" if meant else f"It has: {', '.join(columns)}.",
    )


def _label(columns: tuple[str, ...], numeric: list[int], value: int | None) -> int | None:
    """The column that names the values: the first text, else a moment in time, else the first number before them."""
    texts = [i for i in range(len(columns)) if i not in numeric and i != value]
    if texts:
        return texts[0]
    others = [i for i in numeric if i != value]
    if value is None and len(others) < 2:
        return None
    times = [i for i in others if _TIMES.intersection(columns[i].lower().split("_"))]
    return next(iter(times or others), None)


def _numbers(numeric: list[int], columns: tuple[str, ...]) -> str:
    return f"Numbers are in: {', '.join(columns[i] for i in numeric)}." if numeric else ""
