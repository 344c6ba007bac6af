"""`hostql tables`, `hostql describe`, `hostql functions`: the catalogue for a reader."""

from __future__ import annotations

import sys
from fnmatch import fnmatch

from ..daemon.catalog import catalog as all_tables
from ..vtables.catalog import Catalog
from ..vtables.errors import HostqlError
from ..vtables.suggest import nearest
from .cli import format_of
from .formats import write
from .messages import write_notes
from .oneshot import style
from .options import Arguments, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..vtables.table import Column, Table


# Formats that a program reads: the columns alone, nothing around them.
_FOR_PROGRAMS = ("csv", "tsv", "json", "ndjson", "html")


def tables(given: Arguments) -> int:
    """The tables whose name matches a shell pattern or holds the text."""
    pattern = _one(given, "tables [PATTERN]", optional=True)
    catalog = all_tables()
    names = matching(catalog, pattern)
    if not names:
        raise HostqlError(f"no table matches {pattern!r}", "hostql tables lists all.")
    failures: list[str] = []
    rows = [(table.name, table.subject, first_line(table)) for table in catalog.loadable(names, failures.append)]
    _print(given, ("table", "subject", "what a row is"), rows)
    write_notes(failures, sys.stderr)
    return 0


def describe(given: Arguments) -> int:
    """One table: what it is, its columns, examples."""
    name = _one(given, "describe TABLE")
    table = find(all_tables(), name)
    rows = [(c.name, c.type, flags(c), c.doc) for c in table.columns]
    columns = ("column", "type", "look-up", "what it is")
    if format_of(given, "") in _FOR_PROGRAMS:
        _print(given, columns, rows)
        return 0
    print(f"{table.name} ({table.subject})\n\n{documentation(table)}\n")
    _print(given, columns, rows)
    if table.required():
        print(f"\nA query must give {' or '.join(table.required())}.")
    print("\nExamples:")
    for example in table.examples:
        print(f"  {example}")
    return 0


def functions(given: Arguments) -> int:
    """The SQL functions hostql adds."""
    from ..vtables.functions.catalog import FUNCTIONS

    pattern = _one(given, "functions [PATTERN]", optional=True)
    rows = [(f.signature, f.doc, f.example) for f in FUNCTIONS if matches(f.name, pattern)]
    if not rows:
        raise HostqlError(f"no function matches {pattern!r}", "hostql functions lists all.")
    _print(given, ("function", "what it gives", "example"), rows)
    return 0


def find(catalog: Catalog, name: str) -> type[Table]:
    """The table of that name; HostqlError with the nearest names where there is none."""
    if name not in catalog:
        meant = nearest(name, catalog)
        raise HostqlError(
            f"no such table: {name}", f"Did you mean {' or '.join(meant)}?" if meant else "hostql tables lists all."
        )
    return catalog.load(name)


def matching(catalog: Catalog, pattern: str) -> list[str]:
    """Names of the tables that match the pattern."""
    return [name for name in catalog if matches(name, pattern)]


def first_line(table: type[Table]) -> str:
    """What a row of the table is, in one line."""
    return (table.__doc__ or "").strip().split("\n", 1)[0]


def documentation(table: type[Table]) -> str:
    """The table's documentation, without indentation."""
    from inspect import cleandoc

    return cleandoc(table.__doc__ or "")


def flags(column: Column) -> str:
    """What a constraint on the column can do, in a word or two."""
    words = ["required" if column.required else "key"] if column.key else []
    words += [
        word for word, is_so in (("pattern", column.like), ("range", column.range), ("hidden", column.hidden)) if is_so
    ]
    return " ".join(words)


def matches(name: str, pattern: str) -> bool:
    """Whether a name holds the text or fits the pattern (`*` and `%` stand for anything)."""
    return not pattern or pattern in name or fnmatch(name, pattern.replace("%", "*"))


def _one(given: Arguments, usage: str, optional: bool = False) -> str:
    words = given.words[1:]
    if len(words) > 1 or (not words and not optional):
        raise UsageError(f"usage: hostql {usage}")
    return words[0] if words else ""


def _print(given: Arguments, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    format = format_of(given, "table" if sys.stdout.isatty() else "tsv")
    write(format, columns, rows, sys.stdout, style(sys.stdout, format, "no-header" not in given))
