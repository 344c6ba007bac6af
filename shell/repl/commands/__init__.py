"""The dot commands: each declared once here; help, completion and documentation derive from it.

A command's function is found by its name in its module (`.import` is `import_`), which is imported when it first runs:
`def tables(session: Session, argument: str) -> None`, raising HostqlError.
"""

from __future__ import annotations

from importlib import import_module
from keyword import iskeyword

from ....vtables.errors import HostqlError
from ....vtables.suggest import nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..session import Session


class Command:
    """A command: its name, how its argument is written, what it does in one line, which group and module it is in.

    completes  what its argument is, for completion: '', table, function, format, file, setting, command, saved, sql,
               theme, param or database.
    """

    __slots__ = ("argument", "completes", "group", "help", "module", "name")

    def __init__(self, name: str, argument: str, help: str, group: str, module: str, completes: str = "") -> None:
        self.name = name
        self.argument = argument
        self.help = help
        self.group = group
        self.module = module
        self.completes = completes

    @property
    def usage(self) -> str:
        """The name and its argument."""
        return f"{self.name} {self.argument}".rstrip()

    def run(self, session: Session, argument: str) -> None:
        """Do it. Raises HostqlError."""
        name = self.name[1:]
        module = import_module(f"{__name__}.{self.module}")
        getattr(module, name + "_" if iskeyword(name) else name)(session, argument)


_LOOK, _ASK, _SHOW, _DATA, _SELF = "What there is", "Asking", "Showing", "Data", "The prompt"

COMMANDS: dict[str, Command] = {
    command.name: command
    for command in (
        Command(".help", "[COMMAND or TABLE]", "this list, or one command or table", _LOOK, "catalogue", "command"),
        Command(".tables", "[PATTERN]", "the tables", _LOOK, "catalogue", "table"),
        Command(".describe", "TABLE", "a table's columns, documentation and examples", _LOOK, "catalogue", "table"),
        Command(".schema", "[TABLE or PATTERN]", "tables as CREATE TABLE statements", _LOOK, "catalogue", "table"),
        Command(".functions", "[PATTERN]", "the SQL functions hostql adds", _LOOK, "catalogue", "function"),
        Command(".all", "TABLE", "all rows of a table", _ASK, "catalogue", "table"),
        Command(".explain", "SQL", "run a query and say how it was answered", _ASK, "live", "sql"),
        Command(
            ".watch",
            "[SECONDS] [by COLUMN] [SQL]",
            "run it again and again; shows what came, went, changed",
            _ASK,
            "live",
            "sql",
        ),
        Command(
            ".tail",
            "TABLE [WHERE ...]",
            "events as they come, a line each, until Ctrl-C",
            _ASK,
            "events",
            "table",
        ),
        Command(".last", "", "show the last result again, in the mode of now", _ASK, "queries"),
        Command(".edit", "[SQL]", "write a statement in $EDITOR, then run it", _ASK, "queries", "sql"),
        Command(".read", "FILE", "run the statements and commands of a file", _ASK, "queries", "file"),
        Command(".save", "NAME [SQL]", "keep a query (or the last one) under a name", _ASK, "queries", "saved"),
        Command(".saved", "[NAME]", "the saved queries, or one of them", _ASK, "queries", "saved"),
        Command(".forget", "NAME", "delete a saved query", _ASK, "queries", "saved"),
        Command(".run", "NAME [VALUE ...]", "run a saved query; values fill its parameters", _ASK, "queries", "saved"),
        Command(".param", "[NAME [VALUE]]", "values for :NAME in statements; - removes one", _ASK, "queries", "param"),
        Command(".history", "[N or PATTERN]", "statements entered before", _ASK, "queries"),
        Command(".mode", "[FORMAT]", "how rows are shown", _SHOW, "output", "format"),
        Command(".chart", "[bar|line|hist] [COLUMN] [SQL]", "draw a numeric column", _SHOW, "live", "sql"),
        Command(
            ".output",
            "[FILE]",
            "send results to a file from now on; alone: back to the terminal",
            _SHOW,
            "output",
            "file",
        ),
        Command(".once", "FILE", "send the next result to a file", _SHOW, "output", "file"),
        Command(".pipe", "COMMAND", "send the next result to a shell command", _SHOW, "output"),
        Command(".timer", "[on|off]", "rows and time after each result", _SHOW, "output", "setting"),
        Command(
            ".notes", "[on|off]", "the last result's notes; on or off: show them after each", _SHOW, "output", "setting"
        ),
        Command(".types", "", "the types of the last result's columns", _SHOW, "output"),
        Command(".attach", "[FILE [NAME]]", "join an SQLite database file; alone: list them", _DATA, "data", "file"),
        Command(".detach", "NAME", "let an attached database go", _DATA, "data", "database"),
        Command(
            ".import", "FILE [TABLE]", "read CSV, TSV, JSON or Parquet into a temporary table", _DATA, "data", "file"
        ),
        Command(".export", "FILE [SQL]", "write the last result, or a query's, to a file", _DATA, "data", "file"),
        Command(".connect", "", "there is nothing to connect to: hostql reads the host itself", _DATA, "data"),
        Command(
            ".config", "[NAME [VALUE] | save]", "settings: all, one, change one; keep them", _SELF, "host", "setting"
        ),
        Command(
            ".limits", "[NAME VALUE | off]", "what a query may take: timeout, memory, rows", _SELF, "host", "setting"
        ),
        Command(".theme", "[NAME]", "colours", _SELF, "host", "theme"),
        Command(".keys", "[emacs|vi]", "key bindings; alone: the keys that matter", _SELF, "host", "setting"),
        Command(".show", "", "what is set, and what this session is", _SELF, "host"),
        Command(".summary", "", "the same, as osqueryi's users know it", _SELF, "host"),
        Command(".features", "", "what works on this host as this user", _SELF, "host"),
        Command(".shell", "COMMAND", "run a shell command", _SELF, "host", "file"),
        Command(".clear", "", "clear the screen", _SELF, "host"),
        Command(".quit", "", "leave (also Ctrl-D)", _SELF, "host"),
        Command(".exit", "", "leave", _SELF, "host"),
    )
}


def dispatch(session: Session, text: str) -> None:
    """Run a command line such as '.tables proc'. HostqlError for an unknown one."""
    name, _, argument = text.partition(" ")
    command = find(name.rstrip(";"))
    command.run(session, argument.strip().rstrip(";").strip())


def find(name: str) -> Command:
    """The command of that name, or the only one that begins so. HostqlError with the nearest names."""
    found = COMMANDS.get(name.lower())
    if found is not None:
        return found
    begins = [command for other, command in COMMANDS.items() if len(name) > 1 and other.startswith(name.lower())]
    if len(begins) == 1:
        return begins[0]
    meant = [command.name for command in begins] or nearest(name, COMMANDS)
    raise HostqlError(
        f"no such command: {name}", f"Did you mean {' or '.join(meant)}?" if meant else ".help lists them."
    )
