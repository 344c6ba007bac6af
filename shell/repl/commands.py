"""The dot commands: each a function with its usage and help, in one registry."""

from __future__ import annotations

from ...vtables.errors import HostqlError
from ...vtables.suggest import nearest
from ..describe import documentation, find, first_line, flags, matching
from ..options import FORMATS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .session import Session


class Command:
    """A command: how it is written, what it does in one line, and the function that does it."""

    __slots__ = ("help", "run", "usage")

    def __init__(self, usage: str, help: str, run: Callable[[Session, str], None]) -> None:
        self.usage = usage
        self.help = help
        self.run = run


def dispatch(session: Session, text: str) -> None:
    """Run a command line such as '.tables proc'. HostqlError for an unknown one."""
    name, _, argument = text.partition(" ")
    command = COMMANDS.get(name)
    if command is None:
        meant = nearest(name, COMMANDS)
        raise HostqlError(
            f"no such command: {name}", f"Did you mean {' or '.join(meant)}?" if meant else ".help lists them."
        )
    command.run(session, argument.strip().rstrip(";").strip())


def _help(session: Session, argument: str) -> None:
    """Every command; the keys that matter."""
    for command in COMMANDS.values():
        print(f"  {command.usage:<22} {command.help}")
    print("\n  Type SQL ending in ';'. Tab completes, Ctrl-C stops a query, Ctrl-D leaves.")


def _tables(session: Session, argument: str) -> None:
    catalog = session.database.catalog
    names = matching(catalog, argument)
    if not names:
        raise HostqlError(f"no table matches {argument!r}", ".tables lists all.")
    rows = [(name, catalog.subject(name), first_line(catalog.load(name))) for name in names]
    session.show_rows(("table", "subject", "what a row is"), rows)


def _schema(session: Session, argument: str) -> None:
    catalog = session.database.catalog
    for name in [argument] if argument in catalog else matching(catalog, argument or "\0"):
        print(catalog.load(name).declaration() + ";")
    if not argument:
        raise HostqlError(".schema takes a table", ".tables lists them.")


def _describe(session: Session, argument: str) -> None:
    if not argument:
        raise HostqlError(".describe takes a table", ".tables lists them.")
    table = find(session.database.catalog, argument)
    print(documentation(table) + "\n")
    session.show_rows(("column", "type", "", "what it is"), [(c.name, c.type, flags(c), c.doc) for c in table.columns])
    print("\nExamples:", *table.examples, sep="\n  ")


def _mode(session: Session, argument: str) -> None:
    if not argument:
        print(session.mode)
    elif argument in FORMATS:
        session.mode = argument
    else:
        raise HostqlError(f"no such mode: {argument}", f"There are: {', '.join(FORMATS)}.")


def _quit(session: Session, argument: str) -> None:
    session.done = True


COMMANDS = {
    ".help": Command(".help", "this list", _help),
    ".tables": Command(".tables [PATTERN]", "the tables there are", _tables),
    ".schema": Command(".schema TABLE", "the table as a CREATE TABLE statement", _schema),
    ".describe": Command(".describe TABLE", "columns, documentation, examples", _describe),
    ".mode": Command(".mode [FORMAT]", "show or set how rows are printed", _mode),
    ".quit": Command(".quit", "leave (also .exit, Ctrl-D)", _quit),
    ".exit": Command(".exit", "leave", _quit),
}
