"""Regenerate the documentation pages that are made from the code: one for each table, and their index.

`make docs` runs it; a test fails when a page on disk is not what this writes.
"""

from __future__ import annotations

from pathlib import Path

from hostql.vtables.catalog import Catalog
from hostql.vtables.table import Column, Table

PAGES = Path(__file__).parent / "tables"


def pages() -> dict[str, str]:
    """{file name: Markdown} of all pages."""
    catalog = Catalog()
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
    for stale in {path.name for path in PAGES.glob("*.md")} - set(wanted):
        (PAGES / stale).unlink()
    print(f"{len(wanted)} pages in {PAGES}")


if __name__ == "__main__":
    main()
