"""Regenerate the documentation pages that are made from the code: one for each table, their index, the functions, the
agent's options.

`make docs` runs it; a test fails when a page on disk is not what this writes.
"""

from __future__ import annotations

import json
from pathlib import Path

from hostql.daemon.catalog import catalog as all_tables
from hostql.daemon.config.options import OPTIONS
from hostql.vtables.functions.catalog import COLLATIONS, FUNCTIONS
from hostql.vtables.table import Column, Table

DOCS = Path(__file__).parent
PAGES = DOCS / "tables"


def pages() -> dict[str, str]:
    """{file name: Markdown} of all pages of tables."""
    catalog = all_tables()
    tables = [catalog.load(name) for name in catalog]
    own = [table for table in tables if (table.__module__ or "").startswith("hostql.")]
    written = {f"{table.name}.md": table_page(table) for table in own}
    written["README.md"] = index_page(own)
    return written


def index_page(tables: list[type[Table]]) -> str:
    """The list of all tables by subject."""
    lines = ["# The tables", "", f"{len(tables)} tables, by subject. Generated from the code by `make docs`.", ""]
    for subject in sorted({table.subject for table in tables}):
        lines += [f"## {subject}", "", "| table | what a row is |", "|---|---|"]
        lines += [
            f"| [{table.name}]({table.name}.md) | {cell(first_line(table))} |"
            for table in tables
            if table.subject == subject
        ]
        lines.append("")
    return "\n".join(lines)


def table_page(table: type[Table]) -> str:
    """One table: what it is, how to ask it, its columns."""
    lines = [f"# {table.name}", "", unindented(table.__doc__ or ""), ""]
    required = table.required()
    if required:
        lines += [f"A query must say which: give {' or '.join(f'`{name}`' for name in required)}.", ""]
    lines += ["```sql", *table.examples, "```", "", "| column | type | | what it is |", "|---|---|---|---|"]
    lines += [f"| {c.name} | {c.type} | {flags(c)} | {cell(c.doc)} |" for c in table.columns]
    lines += [
        "",
        "*key*: `=` and `IN` look rows up. *pattern*: LIKE and GLOB narrow what is read. *hidden*: not in `*`.",
        "",
    ]
    return "\n".join(lines)


def functions_page() -> str:
    """The SQL functions and collations."""
    lines = [
        *("# The SQL functions", "", "What hostql adds to SQLite's own. Generated from the code by `make docs`.", ""),
        *("| function | what it gives | example | |", "|---|---|---|---|"),
    ]
    lines += [
        f"| `{f.signature}` | {cell(f.doc)} | `{f.example}` | {'NULL' if f.value is None else f'`{f.value}`'} |"
        for f in FUNCTIONS
    ]
    lines += ["", "## Collations", "", "| `ORDER BY version COLLATE` ... | orders |", "|---|---|"]
    lines += [f"| `{name}` | {cell(doc)} |" for name, doc in COLLATIONS]
    lines += ["", *SQLITES_OWN.strip().splitlines(), ""]
    return "\n".join(lines)


def options_page() -> str:
    """The options of the agent's configuration."""
    lines = [
        *("# The options", "", "Of the section `options` in [the configuration](configuration.md).", ""),
        "Generated from the code by `make docs`. Other options of osquery's are accepted and without meaning;",
        *("`hostql check` names them.", "", "| option | default | what it is |", "|---|---|---|"),
    ]
    lines += [f"| `{o.name}` | `{json.dumps(o.default)}` | {cell(o.doc)} |" for o in OPTIONS.values()]
    return "\n".join([*lines, ""])


SQLITES_OWN = """
`version_compare` takes the same orders: `'ARCH'`, `'DPKG'`, `'RHEL'`. Two versions of which one alone has a
release (`1.0`, `1.0-2`) are equal to it in the orders of Arch Linux and RPM; sorting puts the one without first.

## SQLite's own

All of SQLite's functions are there: [core](https://www.sqlite.org/lang_corefunc.html),
[aggregate](https://www.sqlite.org/lang_aggfunc.html), [window](https://www.sqlite.org/windowfunctions.html),
[date and time](https://www.sqlite.org/lang_datefunc.html), [JSON](https://www.sqlite.org/json1.html) and
[mathematics](https://www.sqlite.org/lang_mathfunc.html) (`sqrt`, `ceil`, `floor`, `exp`, `power`, `pi`, `sin` ...).

For those who know osquery's: `log(x)` is the logarithm to base 10 here, as in SQLite, and `ln(x)` the natural one;
what has no value (`sqrt(-1)`, `log(0)`) is NULL, not an error; `cot(x)` is `1 / tan(x)`. Package versions are ordered
as dpkg, rpm and vercmp order them, which osquery's functions of the same name do not always do.
"""


def flags(column: Column) -> str:
    """What a constraint on the column can do, in words."""
    words = []
    if column.required:
        words.append("required")
    elif column.key:
        words.append("key")
    if column.like:
        words.append("pattern")
    if column.range:
        words.append("range")
    if column.hidden:
        words.append("hidden")
    return ", ".join(words)


def first_line(table: type[Table]) -> str:
    """The first sentence of the table's documentation."""
    return unindented(table.__doc__ or "").split("\n\n")[0].replace("\n", " ")


def unindented(text: str) -> str:
    """A docstring without its indentation."""
    lines = text.strip().splitlines()
    return "\n".join(line.strip() for line in lines)


def cell(text: str) -> str:
    """Text that does not end a Markdown table's cell."""
    return text.replace("|", "\\|")


def main() -> None:
    """Write all pages; remove those of tables that are gone."""
    PAGES.mkdir(exist_ok=True)
    wanted = pages()
    for name, text in wanted.items():
        (PAGES / name).write_text(text, encoding="utf-8")
    (DOCS / "functions.md").write_text(functions_page(), encoding="utf-8")
    (DOCS / "options.md").write_text(options_page(), encoding="utf-8")
    for stale in {path.name for path in PAGES.glob("*.md")} - set(wanted):
        (PAGES / stale).unlink()
    print(f"{len(wanted) + 2} pages in {DOCS}")


if __name__ == "__main__":
    main()
