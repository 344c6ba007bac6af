"""What could stand at the cursor: from a `Context` and the `Words` there are to suggestions, not yet ranked.

One function a place; `worth` says what is likelier: values and required columns, then columns, then functions, then
keywords.
"""

from __future__ import annotations

from . import keywords, operands
from .columns import Columns, Sourced
from .context import Context, context
from .operands import quoted
from .relations import pairs
from .suggestion import Suggestion, ranked
from .words import TableWord, Words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# Pragmas that only tell; what they are called with.
_PRAGMAS = (
    *("table_info(", "table_xinfo(", "table_list", "database_list", "function_list", "index_list(", "index_info("),
    *("compile_options", "collation_list", "encoding", "module_list", "pragma_list", "user_version"),
)


def suggest_sql(before: str, after: str, words: Words) -> tuple[int, list[Suggestion]]:
    """How many characters before the cursor are replaced, and the suggestions, the best first."""
    found = context(before, after)
    pattern = found.typed if found.place in ("param", "star") else found.pattern
    return len(found.typed), ranked(pattern, candidates(found, words), words.recent)


def candidates(found: Context, words: Words) -> Iterator[Suggestion]:
    """All that could stand at the cursor."""
    make = _PLACES.get(found.place)
    return make(found, words) if make is not None else iter(())


def table_suggestion(table: TableWord, worth: int = 0, *, schema: str = "", by: str = "") -> Suggestion:
    """A table, with what it needs and is; `by` says how it is joined."""

    def about() -> str:
        needs = f"needs {' or '.join(table.required)}  " if table.required else ""
        what = f"{table.kind} of {table.schema}" if table.schema else table.doc
        return f"{by}{needs}{what}"

    text = f"{quoted(schema)}.{quoted(table.name)}" if schema else quoted(table.name)
    return Suggestion(text, table.kind, about, worth=worth, sought=table.name)


def _start(found: Context, words: Words) -> Iterator[Suggestion]:
    query = found.here.kind == "query" or found.here.clause == "compound"
    for at, word in enumerate(keywords.starting(query)):
        yield keywords.suggestion(found, word, 60 - at)
    if found.here.clause == "compound" and found.previous != "all":
        yield keywords.suggestion(found, "all", 61)
    if found.pattern and not query:
        # A table's name alone shows its rows.
        for table in words.tables.values():
            if not table.broken:
                yield table_suggestion(table, 10)


def _table(found: Context, words: Words) -> Iterator[Suggestion]:
    here = found.here
    if found.qualifier:
        yield from _tables_of(words, found.qualifier[-1], 0)
        return
    if here.clause in ("into", "update", "drop") or [token.fold for token in found.before[-2:]] == ["delete", "from"]:
        for schema, tables in words.schemas.items():
            for table in tables.values():
                yield table_suggestion(table, 20, schema="" if schema == "temp" else schema)
        return
    others = [sourced for sourced in Columns(words).in_scope(here.scope) if not sourced.level and sourced.columns]
    for name in here.scope.names.all():
        yield Suggestion(quoted(name), "table expression", "from WITH", worth=60)
    for table in words.tables.values():
        if not table.broken:
            worth, by = _related(table, others) if others else (0, "")
            yield table_suggestion(table, worth, by=by)
    yield from _elsewhere(words)
    for function in words.table_functions:
        yield Suggestion(function.name + "(", "table function", f"{function.signature}  {function.doc}", worth=-5)
    if found.previous == "(":
        yield keywords.suggestion(found, "select", 50)


def _elsewhere(words: Words) -> Iterator[Suggestion]:
    """Tables of attached databases and temporary ones, and the names of the databases."""
    for schema in words.schemas:
        yield from _tables_of(words, schema, 10)
        if schema != "temp":
            yield Suggestion(quoted(schema) + ".", "database", "attached database", worth=5)


def _tables_of(words: Words, schema: str, worth: int) -> Iterator[Suggestion]:
    for table in words.schemas.get(schema, {}).values():
        yield table_suggestion(table, worth)


def _related(table: TableWord, others: list[Sourced]) -> tuple[int, str]:
    """How well the table joins with those already there, and by which columns.

    Reads the table's declaration where that has not been done yet: this is not the typing thread.
    """
    best = None
    for other in others:
        for pair in pairs(other.domains, table.domains)[:1]:
            if best is None or pair.worth > best[0].worth:
                best = pair, other
    if best is None or best[0].worth < 10:
        return 0, ""
    pair, other = best
    by = f"by {pair.left}" if pair.left == pair.right else f"{pair.right} = {other.source.alias}.{pair.left}"
    return pair.worth, f"{by}  "


def _after_table(found: Context, words: Words) -> Iterator[Suggestion]:
    here = found.here
    offered = keywords.following(found)
    table = words.table(here.source.table, here.source.schema) if here.source is not None else None
    required = table.required if table is not None else []
    lacks = bool(required) and here.scope.constrained.isdisjoint(required)
    for at, word in enumerate(offered):
        worth = 60 - at
        if word == "where" and lacks:
            needs = f"{table.name if table else ''} needs {' or '.join(required)}"
            yield keywords.suggestion(found, word, 61, needs)
            continue
        yield keywords.suggestion(found, word, worth)
    if here.source is not None and here.source.joined and found.previous != ")":
        for name in _shared(found, words)[:3]:
            yield Suggestion(
                f"{'USING' if found.upper else 'using'} ({name})", "join", f"the rows with the same {name}", worth=61
            )


def _shared(found: Context, words: Words) -> list[str]:
    """Columns by the same name in the newest table and those before it, the likeliest key first."""
    here, columns = found.here, Columns(words)
    newest = here.source
    if newest is None:
        return []
    worth: dict[str, int] = {}
    scoped = [sourced for sourced in columns.in_scope(here.scope) if not sourced.level]
    right = next((sourced for sourced in scoped if sourced.source is newest), None)
    if right is None:
        return []
    for sourced in scoped:
        for pair in pairs(sourced.domains, right.domains) if sourced is not right else ():
            if pair.left == pair.right:
                worth[pair.left] = max(pair.worth, worth.get(pair.left, 0))
    return sorted(worth, key=lambda name: -worth[name])


def _operator(found: Context, words: Words) -> Iterator[Suggestion]:
    if found.qualifier:
        return
    for at, word in enumerate(keywords.following(found)):
        yield keywords.suggestion(found, word, 60 - at)


def _columns(found: Context, words: Words) -> Iterator[Suggestion]:
    """USING (...), INSERT INTO t (...), UPDATE t SET ..."""
    here, columns = found.here, Columns(words)
    if here.source is None:
        return
    own = columns.of(here.source, here.scope)
    used = {token.fold for token in found.before[-200:]}
    if here.kind == "using":
        shared = _shared(found, words)
        everywhere = {
            column.name
            for sourced in columns.in_scope(here.scope)
            if sourced.source is not here.source and not sourced.level
            for column in sourced.columns
        }
        names = [*shared, *[c.name for c in own if c.name in everywhere and c.name not in shared]]
    else:
        names = [column.name for column in own]
    by_name = {column.name: column for column in own}
    for at, name in enumerate(names):
        if name.lower() not in used or here.kind != "using":
            about = operands.about_column(by_name[name])
            yield Suggestion(quoted(name), "column", about, worth=100 - min(at, 90))


def _limit(found: Context, words: Words) -> Iterator[Suggestion]:
    if found.previous in ("limit", "offset", ","):
        if found.previous == "limit":
            for at, count in enumerate(("10", "20", "100")):
                yield Suggestion(count, "value", worth=-at)
    else:
        yield keywords.suggestion(found, "offset")


def _star(found: Context, words: Words) -> Iterator[Suggestion]:
    """All the columns that the star stands for, written out."""
    listed = []
    sources = Columns(words).in_scope(found.here.scope)
    for sourced in sources:
        if sourced.level or (found.qualifier and sourced.source.alias != found.qualifier[-1]):
            continue
        prefix = f"{quoted(sourced.source.alias)}." if found.qualifier or len(sources) > 1 else ""
        listed += [prefix + quoted(column.name) for column in sourced.columns if not column.hidden]
    if listed:
        few = ", ".join(listed[:3])
        shown = f"{found.typed} → {few}{', ...' if len(listed) > 3 else ''}"
        yield Suggestion(", ".join(listed), "star", f"its {len(listed)} columns", sought=found.typed, shown=shown)


def _param(found: Context, words: Words) -> Iterator[Suggestion]:
    mark = found.typed[:1] if found.typed[:1] in ":@$" else ":"
    for name, value in words.params.items():
        yield Suggestion(mark + name, "parameter", f"= {value!r}", worth=1)
    for name in found.mentioned:
        yield Suggestion(name, "parameter", "in this statement")


def _drop_or_detach(found: Context, words: Words) -> Iterator[Suggestion]:
    for schema in words.schemas:
        if schema != "temp":
            yield Suggestion(quoted(schema), "database", "attached database")


def _pragma(found: Context, words: Words) -> Iterator[Suggestion]:
    if found.previous == "pragma":
        for at, name in enumerate(_PRAGMAS):
            yield Suggestion(name, "pragma", worth=-at)
    elif found.previous == "(":
        for table in words.tables.values():
            yield table_suggestion(table)


def _attach(found: Context, words: Words) -> Iterator[Suggestion]:
    if found.in_string:
        yield from operands.paths(found, words)
    elif found.previous not in ("attach", "database", "as"):
        yield keywords.suggestion(found, "as")


def _type(found: Context, words: Words) -> Iterator[Suggestion]:
    for at, word in enumerate(keywords.types()):
        yield keywords.suggestion(found, word, -at)


_PLACES = {
    "start": _start,
    "table": _table,
    "after-table": _after_table,
    "operand": operands.operand,
    "operator": _operator,
    "explain": _operator,
    "columns": _columns,
    "limit": _limit,
    "star": _star,
    "param": _param,
    "detach": _drop_or_detach,
    "pragma": _pragma,
    "attach": _attach,
    "type": _type,
}
