"""Commands about what there is to ask: .help .tables .describe .schema .functions .all"""

from __future__ import annotations

from ....vtables.errors import HostqlError
from ....vtables.functions.catalog import FUNCTIONS
from ...describe import documentation, first_line, flags, matches, matching
from ...describe import find as find_table
from . import COMMANDS, find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..session import Session

_START = """\
Type SQL that ends in ';' and press Enter. Tab completes, Ctrl-R searches the
history, Ctrl-C stops a query. .help COMMAND shows examples.

  SELECT pid, name FROM processes;    .tables            what there is
  processes                           .describe TABLE    what its columns mean
"""


def help(session: Session, argument: str) -> None:
    """Every command by group; or one command, table or function."""
    from textwrap import wrap

    if argument:
        _help_about(session, argument)
        return
    lines = [_START.rstrip("\n")]
    group = ""
    width = max(len(command.usage) for command in COMMANDS.values())
    for command in COMMANDS.values():
        if command.group != group:
            group = command.group
            lines += ["", group]
        first, *more = wrap(command.help, max(30, session.display.width() - width - 5))
        lines += [f"  {command.usage:<{width}}  {first}", *(" " * (width + 4) + line for line in more)]
    session.write("\n".join(lines))


def _help_about(session: Session, name: str) -> None:
    if name.lower() in session.database.catalog:
        describe(session, name.lower())
        return
    function = next((f for f in FUNCTIONS if f.name == name.lower().partition("(")[0]), None)
    if function is not None:
        session.write(f"{function.signature}\n  {function.doc}\n  SELECT {function.example};")
        return
    from .examples import EXAMPLES

    command = find(name if name.startswith(".") else f".{name}")
    lines = [command.usage, f"  {command.help}", "", *(f"  {line}" for line in EXAMPLES[command.name].splitlines())]
    session.write("\n".join(lines))


def tables(session: Session, argument: str) -> None:
    """The tables whose name matches, and temporary and attached ones."""
    catalog = session.database.catalog
    rows = [
        (table.name, table.subject, first_line(table))
        for table in catalog.loadable(matching(catalog, argument), session.note)
    ]
    rows += [
        (f"{schema}.{name}", kind, "")
        for schema, name, kind in session.database.connection.execute(
            "SELECT schema, name, type FROM pragma_table_list "
            "WHERE type IN ('table', 'view') AND schema <> 'main' AND name NOT LIKE 'sqlite_%'"
        )
        if matches(name, argument)
    ]
    if not rows:
        raise HostqlError(f"no table matches {argument!r}", ".tables lists all.")
    if session.for_people:
        session.write("\n".join(grouped(rows, session.display.width())))
    else:
        session.rows(("table", "subject", "what a row is"), rows)


def grouped(rows: list[tuple[str, str, str]], width: int) -> list[str]:
    """Lines no wider than `width`: the tables under their subjects, what a row is beside each."""
    widest = max(len(name) for name, _, _ in rows)
    lines: list[str] = []
    for subject in sorted({subject for _, subject, _ in rows}):
        lines += ["", subject] if lines else [subject]
        for name, _, about in sorted(row for row in rows if row[1] == subject):
            line = f"  {name:<{widest}}  {about}".rstrip()
            lines.append(line if len(line) <= width else line[: width - 1] + "…")
    return lines


def describe(session: Session, argument: str) -> None:
    """A table's documentation, columns and examples."""
    if not argument:
        raise HostqlError(".describe takes a table", ".tables lists them.")
    table = find_table(session.database.catalog, argument.lower())
    session.write(documentation(table) + "\n")
    session.rows(("column", "type", "", "what it is"), [(c.name, c.type, flags(c), c.doc) for c in table.columns])
    lines = ["", "Examples:", *(f"  {example}" for example in table.examples)]
    if table.required():
        lines.insert(0, f"\nA query must give {' or '.join(table.required())}.")
    session.write("\n".join(lines))


def schema(session: Session, argument: str) -> None:
    """CREATE TABLE statements, of all tables or of those that match."""
    catalog = session.database.catalog
    names = [argument] if argument in catalog else matching(catalog, argument)
    lines = [table.declaration() + ";" for table in catalog.loadable(names, session.note)]
    for (sql,) in session.database.connection.execute("SELECT sql FROM temp.sqlite_schema WHERE sql IS NOT NULL"):
        if not argument or argument in sql:
            lines.append(sql + ";")
    if not lines:
        raise HostqlError(f"no table matches {argument!r}", ".tables lists all.")
    session.write("\n".join(lines))


def functions(session: Session, argument: str) -> None:
    """The SQL functions hostql adds to SQLite's own."""
    rows = [(f.signature, f.doc, f.example) for f in FUNCTIONS if matches(f.name, argument)]
    if not rows:
        raise HostqlError(f"no function of hostql's matches {argument!r}", ".functions lists all.")
    session.rows(("function", "what it gives", "example"), rows)


def all(session: Session, argument: str) -> None:
    """All rows of a table."""
    if not argument:
        raise HostqlError(".all takes a table", ".tables lists them.")
    session.run(f"SELECT * FROM {find_table(session.database.catalog, argument.lower()).name}")
