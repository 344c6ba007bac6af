"""The words the tests know: some of hostql's own tables, as they are declared, and one of everything else."""

from __future__ import annotations

from hostql.shell.repl.completion.functions import documented, table_functions
from hostql.shell.repl.completion.words import CommandWord, SettingWord, TableWord, Words
from hostql.vtables.catalog import Catalog
from hostql.vtables.table import INTEGER, TEXT, Column

OWN = (
    "containers deb_package_files deb_packages file groups hash interface_addresses interface_details listening_ports "
    "mounts process_memory_map process_open_files process_open_sockets processes shadow user_groups users"
).split()
COMMANDS = (
    CommandWord(".describe", ".describe TABLE", "a table's columns", "table"),
    CommandWord(".watch", ".watch [SECONDS] SQL", "run it again and again", "sql"),
    CommandWord(".explain", ".explain SQL", "how it is answered", "sql"),
    CommandWord(".chart", ".chart [bar|line|hist] SQL", "draw it", "sql"),
    CommandWord(".export", ".export FILE [SQL]", "write to a file", "file"),
    CommandWord(".save", ".save NAME [SQL]", "keep a query", "saved"),
    CommandWord(".run", ".run NAME [VALUE ...]", "run a saved query", "saved"),
    CommandWord(".read", ".read FILE", "run a file", "file"),
    CommandWord(".mode", ".mode [FORMAT]", "how rows are shown", "format"),
    CommandWord(".timer", ".timer [on|off]", "time after each result", "setting"),
    CommandWord(".config", ".config [NAME [VALUE]]", "settings", "setting"),
    CommandWord(".theme", ".theme [NAME]", "colours", "theme"),
    CommandWord(".param", ".param [NAME [VALUE]]", "values for :NAME", "param"),
    CommandWord(".functions", ".functions [PATTERN]", "functions", "function"),
    CommandWord(".detach", ".detach NAME", "let a database go", "database"),
    CommandWord(".help", ".help [COMMAND or TABLE]", "help", "command"),
    CommandWord(".quit", ".quit", "leave"),
)


def column(name: str, type: str = TEXT, doc: str = "") -> Column:
    made = Column(type, doc)
    made.name = name
    return made


def words(**more: object) -> Words:
    catalog = Catalog()
    tables = []
    for name in OWN:
        table = catalog.load(name)
        tables.append(TableWord(name, (table.__doc__ or "").partition("\n")[0], table.columns))
    old = TableWord("old processes", "", [column("pid", INTEGER), column("seen at")], schema="baseline")
    kept = TableWord("kept", "", [column("path"), column("note")], kind="temp table", schema="temp")
    given: dict[str, object] = {
        "schemas": {"baseline": {"old processes": old}, "temp": {"kept": kept}},
        "table_functions": table_functions(),
        "commands": COMMANDS,
        "settings": lambda: [
            SettingWord("mode", "how rows are shown", "table", ("table", "json")),
            SettingWord("timer", "time after each result", "on", ("on", "off")),
        ],
        "saved": lambda: [("listeners", "select * from listening_ports")],
        "params": {"name": "nginx"},
        "formats": ("table", "json", "csv"),
        "themes": ("dark", "light"),
        "paths": lambda typed: [p for p in ("/etc/", "/etc/passwd", "/usr/") if p.startswith(typed)],
        "host_paths": lambda typed: [p for p in ("/etc/", "/etc/passwd", "/usr/") if p.startswith(typed)],
        "samples": lambda table, name: ["nginx", "it's"] if (table, name) == ("processes", "name") else [],
    }
    return Words(tables, list(documented().values()), **{**given, **more})  # type: ignore[arg-type]
