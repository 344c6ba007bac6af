"""The command line's options: declared once, from which parsing and help derive.

A parser of our own because argparse costs more to import than a query takes to run.
"""

from __future__ import annotations

from ..vtables.errors import HostqlError
from ..vtables.sources.text import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class UsageError(HostqlError):
    """The command line makes no sense."""

    exit_code = 2


class Option:
    """One option: long name, one-letter form or '', the name of its value ('' for a switch), help."""

    __slots__ = ("help", "long", "short", "value")

    def __init__(self, long: str, short: str, value: str, help: str) -> None:
        self.long = long
        self.short = short
        self.value = value
        self.help = help


FORMATS = ("table", "box", "line", "csv", "tsv", "json", "ndjson", "markdown", "html")

OPTIONS = (
    Option("file", "f", "FILE", "run the statements of a file ('-': standard input)"),
    Option("output", "o", "FILE", "write the rows to a file ('-': standard output)"),
    Option("param", "p", "NAME=VALUE", "a value for :NAME (?1: 1=VALUE) in the SQL; may be given again"),
    Option("watch", "", "SECONDS", "run the query again and again, and show what came, went and changed"),
    Option("follow", "", "", "run the query over each new event of an event table, as they come"),
    Option("buffer", "", "FILE", "the buffer of events to read or to collect into"),
    Option("config", "", "FILE", "configuration file for collecting events: file_paths, exclusion_profiles, ..."),
    Option("state", "", "DIR", "directory of the agent's state, /var/lib/hostql by default"),
    Option("dry-run", "", "", "show what the agent would run, and when"),
    Option("daemonize", "", "", "run the agent in the background, without a service manager"),
    Option("watchdog-level", "", "LEVEL", "limits of the agent's worker: normal, restrictive or none"),
    Option("pidfile", "", "FILE", "write the agent's process id to a file"),
    Option("direct", "", "FILE", "collect into a file or FIFO ('-': standard output) as NDJSON, without a buffer"),
    Option("session", "", "", "collect for a session: end when standard input ends"),
    Option("timeout", "", "SECONDS", "stop a query after this long"),
    Option("max-memory", "", "SIZE", "stop a query that grows by this much, e.g. 200M"),
    Option("max-rows", "", "N", "stop a query after this many rows"),
    *(Option(name, "", "", f"print rows as {name}") for name in FORMATS),
    Option("no-header", "", "", "leave the names of the columns out"),
    Option("writable", "", "", "let ATTACHed database files be made and written; else they are only read"),
    Option("root", "", "DIR", "read the files of a mounted host instead of this one's"),
    Option("read-max", "", "SIZE", "size up to which the table hash reads a file, 1G by default"),
    Option("remote-mounts", "", "", "walk into network and FUSE mounts too"),
    Option("osquery-patterns", "", "", "read LIKE on a path as osquery does: no dotfiles, %% only last, directory/"),
    Option("help", "h", "", "show this help"),
    Option("version", "", "", "show the version"),
)


class Arguments:
    """What the command line said: `words` that are no options, values by long name, all --param."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.values: dict[str, str] = {}
        self.params: dict[str, Any] = {}

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def get(self, name: str) -> str | None:
        """The value of an option, None when it was not given."""
        return self.values.get(name)

    def number(self, name: str, kind: type[float] | type[int] = float) -> Any:
        """The value of an option as a positive number, None when it was not given."""
        text = self.values.get(name)
        if text is None:
            return None
        try:
            number = kind(text)
        except ValueError:
            number = -1
        if not 0 < number < float("inf"):
            raise UsageError(f"--{name} takes a number greater than 0, not {text!r}")
        return number


def parse(argv: list[str]) -> Arguments:
    """Read the command line; UsageError says what is wrong with it."""
    long = {option.long: option for option in OPTIONS}
    short = {option.short: option for option in OPTIONS if option.short}
    given = Arguments()
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        if word == "--":
            given.words += rest
            break
        if word == "-" or not word.startswith("-") or word.startswith("-- ") or "\n" in word:
            given.words.append(word)
            continue
        name, equals, value = word[2:].partition("=") if word.startswith("--") else (word[1:2], word[2:], word[2:])
        option = long.get(name) if word.startswith("--") else short.get(name)
        if option is None or (len(word) > 2 and word[1:] in long):
            from .habits import flag

            asked = word.partition("=")[0]
            raise UsageError(f"there is no option {asked}", flag(asked.lstrip("-"), list(long)))
        if not option.value:
            if equals:
                raise UsageError(f"--{option.long} takes no value")
            given.values[option.long] = ""
            continue
        if not equals:
            if not rest:
                raise UsageError(f"--{option.long} needs a value: --{option.long} {option.value}")
            value = rest.pop(0)
        if option.long == "param":
            _add_param(given, value)
        elif not value:
            raise UsageError(f"--{option.long} needs a value, which is not empty: --{option.long} {option.value}")
        else:
            given.values[option.long] = value
    if given.get("output") == "-":
        del given.values["output"]
    return given


def _add_param(given: Arguments, text: str) -> None:
    name, equals, value = text.partition("=")
    name = name.lstrip(":@$?")
    if not equals or not (name.isidentifier() or name.isdigit()):
        raise UsageError(f"--param takes NAME=VALUE, not {text!r}", "NAME is that of :NAME, @NAME, $NAME or ?1.")
    # Bytes that are no UTF-8 become \\xNN, by which a look-up finds the name that holds them.
    given.params[name] = parameter(clean(value))


def parameter(text: str) -> Any:
    """A value from the command line: a number where it is written as SQLite writes that number, else the text.

    '0755' and '1.10' stay text, which finds them in a column of text; a column of numbers compares by value anyway.

    >>> parameter("12"), parameter("1.5"), parameter("0755"), parameter("1.10"), parameter("")
    (12, 1.5, '0755', '1.10', '')
    """
    digits = text[1:] if text.startswith("-") else text
    whole, point, fraction = digits.partition(".")
    if not (digits.isascii() and whole.isdigit() and len(digits) <= 19) or (len(whole) > 1 and whole[0] == "0"):
        return text
    if not point:
        number = int(text)
        return number if -(1 << 63) <= number < 1 << 63 and str(number) == text else text
    exact = fraction.isdigit() and len(digits) <= 16 and (fraction == "0" or not fraction.endswith("0"))
    return float(text) if exact else text


def help_text() -> str:
    """What --help prints."""
    lines = [
        "hostql: SQL over the live state of this host",
        "",
        "  hostql                         open the prompt",
        '  hostql "SELECT ..."            answer one query (several: separate by ;)',
        "  hostql tables [PATTERN]        the tables there are",
        "  hostql describe TABLE          columns, documentation, examples",
        "  hostql functions [PATTERN]     the SQL functions hostql adds",
        '  hostql explain "SELECT ..."    how a query is answered: scans, look-ups, time',
        "  hostql events collect          collect events until stopped (root)",
        "  hostql events check PROFILE    what an exclusion profile would have dropped of the last hour",
        "  hostql events profiles         the exclusion profiles of a configuration",
        "  hostql events audit-plugin     print how auditd hands its records to hostql",
        "  hostql profile FILE-or-SQL     what queries cost, before a fleet runs them",
        "  hostql daemon                  run queries on a schedule (root)",
        "  hostql daemon status           what the agent does; stop and reload tell it to",
        "  hostql daemon unit             print the unit file for systemd",
        "  hostql check CONFIG            what is wrong with a configuration",
        "  hostql denylist                queries the agent does not run; add NAME, pardon NAME",
        "",
        "Options:",
    ]
    for option in OPTIONS:
        left = f"-{option.short}, " if option.short else "    "
        left += f"--{option.long}" + (f" {option.value}" if option.value else "")
        lines.append(f"  {left:<28} {option.help}")
    lines += ["", "Exit codes: 0 done, 1 query failed, 2 usage, 3 a limit stopped it, 130 interrupted."]
    return "\n".join(lines)
