"""The columns that each table in scope has: through aliases, subqueries, table expressions and attached databases."""

from __future__ import annotations

from ....vtables.table import Column
from .relations import Domains
from .scopes import DEEPEST, Scope, Source
from .words import TableWord, Words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# No statement that a person writes has more; what a fuzzer writes is cut.
_MOST_SOURCES = 64
_MOST_COLUMNS = 2000


class Sourced:
    """A table in scope with its columns; `level` counts the scopes outwards from the cursor's own."""

    __slots__ = ("columns", "level", "source", "table")

    def __init__(self, source: Source, columns: Sequence[Column], level: int) -> None:
        self.source = source
        self.columns = columns
        self.level = level
        self.table = source.table

    @property
    def domains(self) -> Domains:
        """Its columns by what they identify."""
        return Domains(self.table, self.columns)


class _Stored(Sourced):
    """A table that stands in the words: it knows its domains."""

    __slots__ = ("_word",)

    def __init__(self, source: Source, word: TableWord, level: int) -> None:
        super().__init__(source, word.columns, level)
        self._word = word

    @property
    def domains(self) -> Domains:
        return self._word.domains


class Columns:
    """Looks columns up for one completion; what was found is remembered."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._found: dict[int, Sequence[Column]] = {}
        self._depth = 0

    def in_scope(self, scope: Scope | None) -> list[Sourced]:
        """The tables a name can refer to: those of the cursor's scope, then those of the scopes around it."""
        found: list[Sourced] = []
        for level in range(DEEPEST):
            if scope is None or len(found) >= _MOST_SOURCES:
                break
            for source in scope.sources[:_MOST_SOURCES]:
                word = self._word(source, scope)
                found.append(_Stored(source, word, level) if word else Sourced(source, self.of(source, scope), level))
            scope = scope.outer
        return found

    def of(self, source: Source, scope: Scope) -> Sequence[Column]:
        """The columns of one table of a scope."""
        if source.query is not None:
            return self.outputs(source.query)
        expression = scope.names.find(source.table) if not source.schema else None
        if expression is not None:
            columns = self.outputs(expression.query) if expression.query is not None else ()
            if not expression.columns:
                return columns
            known: list[Column | None] = [*columns, *[None] * len(expression.columns)]
            return [_named(name, column) for name, column in zip(expression.columns, known)]
        word = self._word(source, scope)
        return word.columns if word is not None else _TABLE_FUNCTIONS.get(source.table, ())

    def _word(self, source: Source, scope: Scope) -> TableWord | None:
        if source.query is not None or (not source.schema and scope.names.find(source.table) is not None):
            return None
        return self._words.table(source.table, source.schema)

    def outputs(self, scope: Scope) -> Sequence[Column]:
        """The columns that a query gives, each with the documentation of the column it shows."""
        scope = scope.first
        known = self._found.get(id(scope))
        if known is not None:
            return known
        if self._depth >= DEEPEST:
            return ()
        # A recursive expression finds nothing of itself while it is being looked up.
        self._found[id(scope)] = ()
        self._depth += 1
        found: list[Column] = []
        for output in scope.outputs[:_MOST_COLUMNS]:
            if output.star:
                for source in scope.sources[:_MOST_SOURCES]:
                    if output.qualifier in ("", source.alias):
                        found += [c for c in self.of(source, scope) if not c.hidden]
            elif output.name:
                found.append(_named(output.name, self.find(output.qualifier, output.column, scope)))
            if len(found) > _MOST_COLUMNS:
                break
        self._depth -= 1
        found = self._found[id(scope)] = found[:_MOST_COLUMNS]
        return found

    def find(self, qualifier: str, name: str, scope: Scope) -> Column | None:
        """The column a name refers to, looked for from the cursor's scope outwards."""
        if not name:
            return None
        for sourced in self.in_scope(scope):
            if qualifier in ("", sourced.source.alias):
                for column in sourced.columns:
                    if column.name.lower() == name:
                        return column
        return None

    def table_of(self, qualifier: str, name: str, scope: Scope) -> str:
        """The name of the table whose column that is; '' where it is none."""
        for sourced in self.in_scope(scope):
            if qualifier in ("", sourced.source.alias) and any(c.name.lower() == name for c in sourced.columns):
                return sourced.table
        return ""


def _named(name: str, like: Column | None) -> Column:
    column = Column(like.type if like else "", like.doc if like else "computed")
    column.name = name
    return column


def _each(name: str, type: str, doc: str) -> Column:
    column = Column(type, doc)
    column.name = name
    return column


# What json_each and json_tree give (SQLite's documentation, "The JSON Functions").
_ELEMENTS = (
    _each("key", "", "Index in an array, name in an object"),
    _each("value", "", "The element"),
    _each("type", "TEXT", "null, true, false, integer, real, text, array or object"),
    _each("atom", "", "The element where it is no array or object, else NULL"),
    _each("id", "INTEGER", "Number of the element"),
    _each("parent", "INTEGER", "Number of the element it is in"),
    _each("fullkey", "TEXT", "Path of the element"),
    _each("path", "TEXT", "Path of what it is in"),
)
_TABLE_FUNCTIONS = {"json_each": _ELEMENTS, "json_tree": _ELEMENTS}
