"""Lines that are no SQL: dot commands with their arguments, and what newcomers type."""

from __future__ import annotations

import re

from .candidates import suggest_sql, table_suggestion
from .operands import last_part
from .suggestion import Suggestion, ranked
from .words import CommandWord, Words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

Found = tuple[int, list[Suggestion]]

# What comes before the SQL of a command: seconds, or the kind of a chart.
_BEFORE_SQL = re.compile(r"(?:[\d.]+\s+|(?:bar|line|hist)\s+)?", re.IGNORECASE)
# `.save NAME SQL`, `.export FILE SQL`: SQL after the first word.
_SQL_AFTER_WORD = (".save", ".export")
_DESCRIBE = re.compile(
    r"\s*(?:desc(?:ribe)?\s+(?:table\s+)?|\\d\+?\s+|show\s+create\s+table\s+|help\s+|\?\s*"
    r"|show\s+(?:columns|fields)\s+(?:from|in|of)\s+)(\w*)$",
    re.IGNORECASE,
)
_SHOW = re.compile(r"\s*show\s+(\w*)$", re.IGNORECASE)
_FRIENDLY = (
    ("help", "what can be typed here"),
    ("show tables", "the tables"),
    ("describe", "a table's columns"),
    ("exit", "leave"),
    ("quit", "leave"),
)
_SHOWN = ("tables", "columns from", "create table", "functions", "databases", "settings")


def command_line(before: str, after: str, words: Words) -> Found | None:
    """Completion of a command's line; None where the text is SQL."""
    line = before.lstrip()
    if line.startswith("."):
        return _command(line, after, words)
    described = _DESCRIBE.match(before)
    if described:
        return len(described[1]), ranked(described[1], _tables(words), words.recent)
    shown = _SHOW.match(before)
    if shown:
        return len(shown[1]), ranked(shown[1], (Suggestion(word, "word") for word in _SHOWN), {})
    if line and line.isalpha() and not after.strip():
        return _friendly(line, before, after, words)
    return None


def _friendly(line: str, before: str, after: str, words: Words) -> Found:
    """The first word of an input: SQL, or a word of those that newcomers try."""
    length, found = suggest_sql(before, after, words)
    fitting = ranked(line, (Suggestion(word, "word", about) for word, about in _FRIENDLY), {})
    begin = [s for s in fitting if s.text.startswith(line.lower())]
    at = sum(s.kind == "keyword" for s in found)
    return length, [*found[:at], *begin, *found[at:]]


def _command(line: str, after: str, words: Words) -> Found:
    name, space, argument = line.partition(" ")
    if not space:
        found = [Suggestion(c.name, "command", f"{c.usage}  {c.help}", sought=c.name[1:]) for c in words.commands]
        return len(name), ranked(name[1:], found, words.recent)
    command = _named(name, words)
    if command is None:
        return 0, []
    return _argument(command, argument.lstrip(), after, words)


def _named(name: str, words: Words) -> CommandWord | None:
    begin = [command for command in words.commands if command.name.startswith(name.lower())]
    return next((c for c in begin if c.name == name.lower()), begin[0] if len(begin) == 1 else None)


def _argument(command: CommandWord, argument: str, after: str, words: Words) -> Found:
    kind = command.completes
    _, space, rest = argument.partition(" ")
    if kind == "sql":
        prefix = _BEFORE_SQL.match(argument)
        sql = argument[prefix.end() :] if prefix else argument
        return suggest_sql(sql, after, words)
    if space and command.name in _SQL_AFTER_WORD:
        return suggest_sql(rest.lstrip(), after, words)
    if kind == "setting":
        return _setting(command, argument, words)
    if kind == "param" and space:
        return 0, []
    if kind == "saved" and space and command.name != ".run":
        return 0, []
    if kind == "file":
        typed = argument.rpartition(" ")[2] if command.name != ".shell" or space else argument
        if space and command.name in (".attach", ".import"):
            return 0, []
        return len(typed), ranked("", _paths(typed, words), {})
    typed = argument.rpartition(" ")[2]
    return len(typed), ranked(typed, _listed(kind, words), words.recent)


def _setting(command: CommandWord, argument: str, words: Words) -> Found:
    """`.config NAME VALUE`; a command that is named as a setting takes its value alone."""
    settings = {setting.name: setting for setting in words.settings()}
    own = settings.get(command.name[1:])
    name, space, value = argument.partition(" ")
    if own is None and not space:
        found = [Suggestion(s.name, "setting", f"{s.value}  {s.doc}".strip()) for s in words.settings()]
        return len(argument), ranked(argument, found, words.recent)
    setting = own or settings.get(name)
    typed = argument if own is not None else value.lstrip()
    if setting is None:
        return 0, []
    choices = setting.choices or ((setting.value,) if setting.value else ())
    found = [Suggestion(choice, "value", "now" if choice == setting.value else "") for choice in choices]
    return len(typed), ranked(typed, found, {})


def _listed(kind: str, words: Words) -> Iterator[Suggestion]:
    if kind == "table":
        yield from _tables(words)
    elif kind == "function":
        for function in words.functions:
            yield Suggestion(function.name, "function", f"{function.signature}  {function.doc}")
    elif kind == "command":
        for command in words.commands:
            yield Suggestion(command.name, "command", command.help, worth=1, sought=command.name[1:])
        yield from _tables(words)
    elif kind == "saved":
        for name, sql in words.saved():
            yield Suggestion(name, "saved query", " ".join(sql.split()))
    elif kind == "param":
        for name, value in words.params.items():
            yield Suggestion(name, "parameter", f"= {value!r}")
    elif kind == "database":
        for schema in words.schemas:
            if schema != "temp":
                yield Suggestion(schema, "database", "attached database")
    elif kind in ("format", "theme"):
        for name in words.formats if kind == "format" else words.themes:
            yield Suggestion(name, kind)


def _tables(words: Words) -> Iterator[Suggestion]:
    for table in words.tables.values():
        if not table.broken:
            yield table_suggestion(table)


def _paths(typed: str, words: Words) -> Iterator[Suggestion]:
    for at, path in enumerate(words.paths(typed)):
        yield Suggestion(path, "path", worth=-at, shown=last_part(path))
