"""What a statement's parts know of each other: scopes, the tables in them, table expressions, select lists.

`scanner` builds these from tokens. Names are in lower case, as SQLite compares them.
"""

from __future__ import annotations

# How far outwards names are looked for; nobody nests deeper, but a fuzzer does.
DEEPEST = 50


class Output:
    """One item of a select list: its name ('' for an expression without one), the column or star that it is.

    calls  the names of the functions it calls.
    """

    __slots__ = ("calls", "column", "name", "qualifier", "star")

    def __init__(self, name: str, qualifier: str = "", column: str = "", star: bool = False) -> None:
        self.name = name
        self.qualifier = qualifier
        self.column = column
        self.star = star
        self.calls: frozenset[str] = frozenset()


class Source:
    """A table in FROM, or the one that UPDATE, DELETE and INSERT name. `query` is a subquery's first SELECT.

    joined  it came by JOIN, so that ON or USING may follow.
    """

    __slots__ = ("alias", "joined", "query", "schema", "table")

    def __init__(self, table: str = "", query: Scope | None = None, joined: bool = False) -> None:
        self.schema = ""
        self.table = table
        self.alias = table
        self.query = query
        self.joined = joined


class Expression:
    """A common table expression: the columns it declares (none: those of its query), and its query's first SELECT."""

    __slots__ = ("columns", "query")

    def __init__(self) -> None:
        self.columns: list[str] = []
        self.query: Scope | None = None


class Names:
    """The table expressions of one WITH, and of those around it."""

    __slots__ = ("expressions", "outer")

    def __init__(self, outer: Names | None = None) -> None:
        self.outer = outer
        self.expressions: dict[str, Expression] = {}

    def find(self, name: str) -> Expression | None:
        """The table expression of that name, looked for from the inside out."""
        names: Names | None = self
        for _ in range(DEEPEST):
            if names is None:
                break
            if name in names.expressions:
                return names.expressions[name]
            names = names.outer
        return None

    def all(self) -> list[str]:
        """The names of all table expressions that can be used here, the innermost first."""
        found: dict[str, None] = {}
        names: Names | None = self
        for _ in range(DEEPEST):
            if names is None:
                break
            found.update(dict.fromkeys(names.expressions))
            names = names.outer
        return list(found)


class Scope:
    """One SELECT (or other statement): its tables, its select list, and the scope around it that it can refer to.

    constrained  the names of columns that WHERE, ON and USING mention.
    first        the first SELECT of the compound this one is part of: its select list names the columns.
    """

    __slots__ = ("constrained", "first", "names", "outer", "outputs", "selected", "sources")

    def __init__(self, outer: Scope | None, names: Names) -> None:
        self.outer = outer
        self.names = names
        self.sources: list[Source] = []
        self.outputs: list[Output] = []
        self.constrained: set[str] = set()
        self.selected = False
        self.first: Scope = self
