"""`Samples`: values of columns that the last results showed, so that they can be completed without asking the host."""

from __future__ import annotations

from collections import Counter, OrderedDict

from .columns import Columns
from .scanner import scan
from .tokens import tokens
from .words import Words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

# Rows that are looked at, values kept of a column, columns kept.
_ROWS = 300
_VALUES = 20
_COLUMNS = 500
_LONGEST = 80


class Samples:
    """The values by table and column, the most frequent first."""

    def __init__(self) -> None:
        self._values: OrderedDict[tuple[str, str], list[Any]] = OrderedDict()
        self._last: object = None

    def values(self, table: str, column: str) -> Sequence[Any]:
        """What was seen of a column lately; () for nothing."""
        return self._values.get((table, column), ())

    def add(self, last: Any, words: Words) -> None:
        """Take over a result: an object with its sql, columns and rows. The same one again is no work."""
        if last is None or last is self._last or not last.rows:
            return
        self._last = last
        shown = origins(last.sql, words)
        if len(shown) != len(last.columns):
            return
        for at, origin in enumerate(shown):
            if origin is not None:
                counted = Counter(row[at] for row in last.rows[:_ROWS] if _is_telling(row[at]))
                self._values.pop(origin, None)
                self._values[origin] = [value for value, _ in counted.most_common(_VALUES)]
        while len(self._values) > _COLUMNS:
            self._values.popitem(last=False)


def origins(sql: str, words: Words) -> list[tuple[str, str] | None]:
    """For each column of a statement's result the (table, column) it shows; None for an expression."""
    scope = scan(tokens(sql.rstrip().rstrip(";"))).scope.first
    columns = Columns(words)
    sourced = [each for each in columns.in_scope(scope) if not each.level]
    found: list[tuple[str, str] | None] = []
    for output in scope.outputs[:_COLUMNS]:
        if output.star:
            for each in sourced:
                if output.qualifier in ("", each.source.alias):
                    found += [(each.table, column.name) for column in each.columns if not column.hidden]
        else:
            table = columns.table_of(output.qualifier, output.column, scope) if output.column else ""
            found.append((table, output.column) if table in words.tables else None)
    return found


def _is_telling(value: Any) -> bool:
    """Whether a value is worth offering: short, and nothing that could not be typed."""
    if isinstance(value, str):
        return 0 < len(value) <= _LONGEST and value.isprintable()
    return isinstance(value, int)
