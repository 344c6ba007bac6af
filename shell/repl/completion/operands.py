"""What could stand where a value is wanted: columns, join conditions, values, functions, parameters, keywords."""

from __future__ import annotations

from ....vtables.table import Column
from . import keywords
from .columns import Columns, Sourced
from .context import Context
from .functions import AGGREGATES
from .fuzzy import INITIALS, match
from .relations import pairs
from .suggestion import Suggestion
from .values import enumerated
from .words import Words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

VALUE, CONDITION, REQUIRED, OUTPUT, COLUMN, OUTER, ALIAS, POPULAR, FUNCTION, KEYWORD = (
    *(100, 95, 90, 80, 60, 45, 40, 35, 30, 10),
)
# Columns of tables not yet named that are shown where nothing was typed.
_FEW = 12


def operand(found: Context, words: Words) -> Iterator[Suggestion]:
    """All that could stand here."""
    columns = Columns(words)
    scoped = columns.in_scope(found.here.scope)
    if found.in_string or found.compared:
        yield from _values(found, words, columns)
    if found.in_string:
        return
    if found.qualifier:
        yield from _qualified(found, words, scoped)
        return
    if found.here.clause == "on":
        yield from _conditions(found, scoped)
    if found.here.clause in ("order", "group", "having") and found.here.kind in ("statement", "query"):
        yield from _outputs(found)
    yield from _scoped_columns(found, scoped)
    if not any(sourced.columns for sourced in scoped):
        yield from _popular(found, words)
    if found.typed[:1] in ('"', "`", "["):
        return
    yield from _functions(found, words)
    if found.compared:
        for name in words.params:
            yield Suggestion(":" + name, "parameter", f"= {words.params[name]!r}", worth=OUTER)
    if found.here.clause == "select" and found.previous in ("select", ",", "distinct"):
        yield Suggestion("*", "star", "all columns", worth=COLUMN - 1 if found.previous == "select" else 0)
    if found.here.opened_by == "count" and found.previous == "(":
        yield Suggestion("*", "star", "all rows", worth=VALUE)
    for at, word in enumerate(keywords.operands(found)):
        first = KEYWORD - at
        if found.previous in ("is", "not") or found.here.kind == "window":
            first += 2 * VALUE
        elif found.here.kind == "list":
            first += VALUE
        yield keywords.suggestion(found, word, first)


def about_column(column: Column, table: str = "") -> str:
    """Type, whether a query must constrain it, documentation, table."""
    marks = "required  " if column.required else ""
    return f"{column.type:<8} {marks}{column.doc}{f'  · {table}' if table else ''}"


def quoted(name: str) -> str:
    """The name as it must be written in SQL: in quotes only where it needs them."""
    plain = name.isascii() and name.isidentifier() and name.lower() not in keywords.RESERVED
    return name if plain or not name else '"' + name.replace('"', '""') + '"'


def paths(found: Context, words: Words) -> Iterator[Suggestion]:
    """Paths that begin as the string does that is being typed."""
    for at, path in enumerate(words.host_paths(found.pattern)):
        closing = "" if path.endswith("/") or found.closed else "'"
        text = "'" + path.replace("'", "''") + closing
        yield Suggestion(text, "path", sought=path, shown=last_part(path), worth=-at)


def last_part(path: str) -> str:
    """What a menu shows of a path: its last part, with the slash of a folder."""
    return path.rstrip("/").rpartition("/")[2] + "/" * path.endswith("/")


def _qualified(found: Context, words: Words, scoped: list[Sourced]) -> Iterator[Suggestion]:
    """`alias.`: the columns of that table. Where no table has that name yet, those of tables it could stand for."""
    alias = found.qualifier[-1]
    schema = found.qualifier[0] if len(found.qualifier) > 1 else ""
    for sourced in scoped:
        if sourced.source.alias == alias and schema in ("", sourced.source.schema, "main"):
            yield from _columns_of(found, sourced, "")
            if sourced.columns and found.here.clause == "select" and found.previous in ("select", ",", "distinct"):
                yield Suggestion("*", "star", f"all columns of {sourced.table or alias}", worth=KEYWORD)
            return
    if alias in words.schemas and not schema:
        for table in words.schemas[alias].values():
            yield Suggestion(quoted(table.name) + ".", table.kind, table.doc)
        return
    named = words.table(alias, schema)
    if named is not None:
        for column in named.columns:
            yield _column(column, quoted(column.name), named.name, COLUMN)
    elif not found.here.scope.sources:
        yield from _guessed(alias, words)


def _guessed(alias: str, words: Words) -> Iterator[Suggestion]:
    """Before FROM is typed, `p.` may be any table that `p` abbreviates: by all its initials, else by its beginning."""
    tables = [table for table in words.tables.values() if not table.broken]
    fitting = [table for table in tables if "".join(word[:1] for word in table.name.split("_")) == alias]
    fitting = fitting or [table for table in tables if (fit := match(alias, table.name)) and fit.grade >= INITIALS]
    fitting.sort(key=lambda table: (not table.name.startswith(alias), len(table.name)))
    for at, table in enumerate(fitting[:6]):
        for column in table.columns:
            if not column.hidden:
                yield _column(column, quoted(column.name), table.name, COLUMN - at)


def _scoped_columns(found: Context, scoped: list[Sourced]) -> Iterator[Suggestion]:
    counts: dict[str, int] = {}
    own = [sourced for sourced in scoped if sourced.level == 0]
    for sourced in own:
        for column in sourced.columns:
            counts[column.name] = counts.get(column.name, 0) + 1
    for sourced in scoped:
        outer = sourced.level > 0
        table = (sourced.table or sourced.source.alias) if len(scoped) > 1 else ""
        for suggestion in _columns_of(found, sourced, table):
            name = suggestion.sought
            if (counts.get(name, 0) > 1 or (outer and name in counts)) and sourced.source.alias:
                suggestion.text = suggestion.shown = f"{quoted(sourced.source.alias)}.{quoted(name)}"
                suggestion.shown += "*" if suggestion.kind == "required column" else ""
            if outer:
                suggestion.worth = OUTER
            yield suggestion
        if sourced.source.alias and len(scoped) > 1:
            yield Suggestion(quoted(sourced.source.alias) + ".", "alias", sourced.table, worth=ALIAS)


def _columns_of(found: Context, sourced: Sourced, table: str) -> Iterator[Suggestion]:
    """The table's columns; in WHERE and ON first those a query must constrain, while it does not."""
    constrained = found.here.scope.constrained
    wanted = found.here.clause in ("where", "on") and not any(
        column.required and column.name in constrained for column in sourced.columns
    )
    for column in sourced.columns:
        if column.hidden and not found.pattern:
            continue
        worth = REQUIRED if column.required and wanted else COLUMN - 2 * column.hidden
        yield _column(column, quoted(column.name), table, worth)


def _column(column: Column, text: str, table: str, worth: int) -> Suggestion:
    kind = "required column" if column.required else "column"
    shown = text + "*" if column.required else text
    return Suggestion(text, kind, about_column(column, table), worth=worth, sought=column.name, shown=shown)


def _conditions(found: Context, scoped: list[Sourced]) -> Iterator[Suggestion]:
    """After JOIN t ON: whole conditions over keys that the tables share."""
    newest = found.here.source
    if newest is None or found.previous not in ("on", "and"):
        return
    own = [sourced for sourced in scoped if not sourced.level]
    right = next((sourced for sourced in own if sourced.source is newest), None)
    if right is None or (found.previous == "and" and not found.here.scope.constrained):
        return
    constrained = found.here.scope.constrained
    for left in own:
        if left is right or not left.source.alias:
            if left is right:
                break
            continue
        for pair in pairs(left.domains, right.domains)[:8]:
            if found.previous == "and" and pair.left in constrained and pair.right in constrained:
                continue
            text = f"{quoted(left.source.alias)}.{quoted(pair.left)} = {quoted(newest.alias)}.{quoted(pair.right)}"
            worth = CONDITION + pair.worth if found.previous == "on" else COLUMN - 5
            yield Suggestion(text, "condition", f"{right.table} of the same {pair.left}", worth=worth)


def _outputs(found: Context) -> Iterator[Suggestion]:
    """What the select list calls its columns; in GROUP BY only what is worth grouping by."""
    for output in found.here.scope.first.outputs[:200]:
        if output.name and (found.here.clause != "group" or AGGREGATES.isdisjoint(output.calls)):
            about = "column of the result"
            yield Suggestion(quoted(output.name), "output", about, worth=OUTPUT)


def _popular(found: Context, words: Words) -> Iterator[Suggestion]:
    """No table is named yet: the columns that most tables have, with the tables."""
    for at, popular in enumerate(words.popular()):
        if not found.pattern and at >= _FEW:
            break
        column, tables = popular
        named = ", ".join(tables[:2]) + (f" and {len(tables) - 2} more" if len(tables) > 2 else "")
        yield Suggestion(column.name, "column", about_column(column, named), worth=POPULAR - min(at, 10))


def _functions(found: Context, words: Words) -> Iterator[Suggestion]:
    grouped = found.here.clause == "having"
    for at, function in enumerate(words.functions):
        text = function.name + ("()" if function.signature.endswith("()") else "(")
        worth = FUNCTION + (COLUMN if grouped and function.name in AGGREGATES else 0) - min(at, 19)
        about = f"{function.signature}  {function.doc}"
        yield Suggestion(text, "function", about, worth=worth, sought=function.name)


def _values(found: Context, words: Words, columns: Columns) -> Iterator[Suggestion]:
    """The values that the compared column can have, where they are few; those seen lately; paths."""
    if found.compared is None:
        return
    qualifier, name = found.compared
    scope = found.here.scope
    column = columns.find(qualifier, name, scope)
    seen = words.samples(columns.table_of(qualifier, name, scope), name)
    listed = list(enumerated(column.type, column.doc)) if column is not None else []
    known = {value for value, _ in listed}
    listed += [(value, "seen lately") for value in seen if value not in known]
    used = {token.text for token in found.before[-100:]} if found.operator == "in" else set()
    for at, (value, meaning) in enumerate(listed):
        text = _literal(value, found)
        if text and text not in used:
            yield Suggestion(text, "value", meaning, worth=VALUE + 50 - min(at, 49), sought=str(value))
    if found.in_string and name in _PATHS:
        yield from paths(found, words)


_PATHS = frozenset(["path", "directory", "cwd", "key_file", "fragment_path", "history_file"])


def _literal(value: Any, found: Context) -> str:
    """The value as SQL writes it; within an open string a string, else '' for what is none."""
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + ("" if found.closed else "'")
    return "" if found.in_string else str(value)
