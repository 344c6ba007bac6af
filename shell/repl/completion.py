"""Completion as a pure function: the text and where the cursor is in, what could stand there out.

suggest("select p.pi", " from processes p", words)   ->  pid of processes
suggest("select * from lis", "", words)              ->  listening_ports
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

KEYWORDS = (
    "select from where and or not in like glob between is null join left cross on using group by order limit offset "
    "having distinct as case when then else end union all except intersect with recursive exists cast asc desc values"
).split()
_NOT_ALIASES = {*KEYWORDS, "inner", "natural", "outer", "right", "full"}

_COMMENT_OR_STRING = re.compile(r"--[^\n]*|/\*.*?(?:\*/|$)|'(?:[^']|'')*(?:'|$)", re.DOTALL)
_SOURCE = re.compile(r"\b(?:from|join)\s+((?:\w+(?:\s+(?:as\s+)?\w+)?\s*,\s*)*\w+(?:\s+(?:as\s+)?\w+)?)", re.IGNORECASE)
_AFTER_SOURCE = re.compile(r"\b(?:from|join)\s+(?:\w+(?:\s+(?:as\s+)?\w+)?\s*,\s*)*\w*$", re.IGNORECASE)
_WORD = re.compile(r"(?:(\w+)\.)?(\w*)$")


class Suggestion:
    """A completion: the text, what kind it is, and a line about it."""

    __slots__ = ("about", "kind", "text")

    def __init__(self, text: str, kind: str, about: str = "") -> None:
        self.text = text
        self.kind = kind
        self.about = about

    def __repr__(self) -> str:
        return f"Suggestion({self.text}, {self.kind})"


class Words:
    """What can be suggested: tables by name, the columns (name, about) of one table, functions, commands."""

    def __init__(
        self,
        tables: Iterable[str],
        columns: Callable[[str], list[tuple[str, str]]],
        functions: Iterable[str] = (),
        commands: Iterable[tuple[str, str]] = (),
    ) -> None:
        self.tables = list(tables)
        self.columns = columns
        self.functions = list(functions)
        self.commands = list(commands)


def suggest(before: str, after: str, words: Words) -> tuple[int, list[Suggestion]]:
    """What fits between `before` and `after` the cursor: how many characters are replaced, and the suggestions."""
    if before.lstrip().startswith("."):
        return _command(before.lstrip(), words)
    before = before.rpartition(";")[2] if ";" in _hidden(before) else before
    masked = _hidden(before)
    if masked != before and masked.endswith("\0"):
        return 0, []
    qualifier, typed = _at_end(masked)
    sources = _sources(masked + " " + _hidden(after.partition(";")[0]), words)
    if qualifier:
        table = sources.get(qualifier.lower(), "")
        return len(typed), _matching(typed, _columns(table, words)) if table else []
    if _AFTER_SOURCE.search(masked):
        return len(typed), _matching(typed, [Suggestion(name, "table") for name in words.tables])
    found: list[Suggestion] = []
    for table in dict.fromkeys(sources.values()):
        found += _columns(table, words)
    if not typed and not found:
        return 0, []
    found += [Suggestion(name, "alias") for name, table in sources.items() if name not in (table, typed.lower())]
    found += [Suggestion(name + "(", "function") for name in words.functions]
    found += [Suggestion(word, "keyword") for word in KEYWORDS]
    return len(typed), _matching(typed, found)


def _command(text: str, words: Words) -> tuple[int, list[Suggestion]]:
    name, space, argument = text.partition(" ")
    if not space:
        return len(name), [Suggestion(n, "command", about) for n, about in words.commands if n.startswith(name)]
    return len(argument), _matching(argument, [Suggestion(table, "table") for table in words.tables])


def _hidden(text: str) -> str:
    """The text with strings and comments blanked out, so that words in them are not taken for SQL."""

    def blank(match: re.Match[str]) -> str:
        found = match.group()
        open_ended = match.end() == len(text) and not (found.endswith(("*/", "'")) and len(found) > 1)
        return " " * (len(found) - 1) + ("\0" if open_ended else " ")

    return _COMMENT_OR_STRING.sub(blank, text)


def _at_end(text: str) -> tuple[str, str]:
    match = _WORD.search(text)
    return (match.group(1) or "", match.group(2)) if match else ("", "")


def _sources(sql: str, words: Words) -> dict[str, str]:
    """{alias or name: table} of the tables a statement names after FROM and JOIN."""
    tables = set(words.tables)
    found: dict[str, str] = {}
    for match in _SOURCE.finditer(sql):
        for part in match.group(1).split(","):
            names = part.split()
            table = names[0].lower()
            alias = names[-1].lower()
            if table in tables:
                found[alias if alias not in _NOT_ALIASES else table] = table
    return found


def _columns(table: str, words: Words) -> list[Suggestion]:
    return [Suggestion(name, "column", about) for name, about in words.columns(table)]


def _matching(typed: str, candidates: list[Suggestion]) -> list[Suggestion]:
    """Those that begin with the typed text first, then those that hold it; each text once."""
    fold = typed.lower()
    unique = list({c.text: c for c in reversed(candidates)}.values())[::-1]
    begin = [c for c in unique if c.text.lower().startswith(fold)]
    return begin + [c for c in unique if len(fold) > 1 and fold in c.text.lower()[1:] and c not in begin]
