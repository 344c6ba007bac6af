"""Commands about the prompt itself: .config .limits .theme .keys .show .summary .features .shell .clear .quit .exit"""

from __future__ import annotations

import sys

from ...._version import __version__
from ....vtables.errors import HostqlError
from .. import settings as declared
from ..toolbar import user_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..session import Session

# The settings that bound a query, by the words people use for them.
_LIMITS = {
    "timeout": "timeout",
    "time": "timeout",
    "memory": "max_memory",
    "max_memory": "max_memory",
    "rows": "max_rows",
    "max_rows": "max_rows",
}

KEYS = (
    ("Enter", "run the statement when it ends in ';', else begin a new line"),
    ("Alt-Enter", "run what is there, complete or not"),
    ("Tab", "complete; again: the next candidate"),
    ("→ or Ctrl-E", "take the greyed suggestion"),
    ("↑ ↓", "earlier and later statements"),
    ("Ctrl-R", "search the history"),
    ("Ctrl-X Ctrl-E", "write the statement in $EDITOR (vi keys: v)"),
    ("Ctrl-C", "stop the query; at the prompt: drop the line"),
    ("Ctrl-L", "clear the screen"),
    ("Ctrl-D", "leave"),
    ("F2", "one value a line on and off"),
    ("F4", "emacs and vi keys"),
)


def config(session: Session, argument: str) -> None:
    """All settings, one of them, change one, or keep them in the file."""
    words = argument.replace("=", " ", 1).split(None, 1)
    if words == ["save"]:
        path = declared.config_path()
        try:
            declared.save(session.settings, path)
        except OSError as error:
            raise HostqlError(f"cannot write {path}: {error.strerror}") from error
        session.write(f"kept in {path}")
    elif len(words) == 2:
        session.settings.set(words[0], words[1])
    else:
        names = [declared.find(words[0]).name] if words else list(declared.SETTINGS)
        rows = [
            (name, session.settings.text(name), declared.SETTINGS[name].doc, declared.SETTINGS[name].allowed)
            for name in names
        ]
        session.rows(("setting", "value", "what it does", "may be"), rows)


def limits(session: Session, argument: str) -> None:
    """Show or set what a query may take."""
    words = argument.replace("=", " ", 1).split()
    if words == ["off"]:
        words = []
        for name in ("timeout", "max_memory", "max_rows"):
            session.settings.set(name, "0")
    if len(words) == 2:
        name = _LIMITS.get(words[0].lower(), "")
        if not name:
            raise HostqlError(f"there is no limit {words[0]}", "There are: timeout, memory, rows.")
        session.settings.set(name, "0" if words[1] == "off" else words[1])
    elif words:
        raise HostqlError(".limits takes a limit and its value", "For example: .limits timeout 5")
    session.write(limits_text(session) or "no limits")


def limits_text(session: Session) -> str:
    """The limits in force, in a few words; '' for none."""
    settings = session.settings
    found = [f"{settings.timeout:g} s"] if settings.timeout else []
    found += [f"{settings.max_memory} memory"] if settings.max_memory else []
    found += [f"{settings.max_rows} rows"] if settings.max_rows else []
    return ", ".join(found)


def theme(session: Session, argument: str) -> None:
    """Show or set the colours."""
    if argument:
        session.settings.set("theme", argument)
    else:
        session.write(session.settings.theme)


def keys(session: Session, argument: str) -> None:
    """Set the key bindings, or list the keys that matter."""
    if argument:
        session.settings.set("keys", argument.lower())
    else:
        session.rows(("key", "what it does"), KEYS)


def show(session: Session, argument: str) -> None:
    """What this session is and what is set that is not the default."""
    changed = [name for name, s in declared.SETTINGS.items() if getattr(session.settings, name) != s.default]
    record = session.record.path or "not kept"
    params = ", ".join(sorted(session.params)) or "none"
    attached = [row[0] for row in session.database.connection.execute("SELECT name FROM pragma_database_list")]
    own = [name for name in attached if name not in ("main", "temp")]
    facts = [
        ("version", f"hostql {__version__}, Python {sys.version.split()[0]}, SQLite {_sqlite()}"),
        ("user", user_name()),
        ("host root", session.database.host.root or "/"),
        ("tables", str(len(session.database.catalog))),
        ("attached", ", ".join(own) or "none"),
        ("parameters", params),
        ("output", session.destination.name),
        ("mode", session.settings.mode),
        ("limits", limits_text(session) or "none"),
        ("config", declared.config_path()),
        ("history", record),
        ("changed", ", ".join(f"{name} = {session.settings.text(name)}" for name in changed) or "nothing"),
    ]
    session.write("\n".join(f"{name:>10}  {value}" for name, value in facts))


def summary(session: Session, argument: str) -> None:
    """The same as .show."""
    show(session, argument)


def features(session: Session, argument: str) -> None:
    """What works on this host as this user: facts that decide how much the tables show."""
    from ..features import facts

    session.write("\n".join(f"{name:>15}  {value}" for name, value in facts(session.database.host)))


def _sqlite() -> str:
    import apsw

    return apsw.sqlite_lib_version()


def shell(session: Session, argument: str) -> None:
    """Run a shell command on the terminal."""
    import subprocess

    if not argument:
        raise HostqlError(".shell takes a command", "For example: .shell date")
    sys.stdout.flush()
    code = subprocess.call(argument, shell=True)
    if code:
        raise HostqlError(f"{argument} ended with exit code {code}")


def clear(session: Session, argument: str) -> None:
    """Clear the screen."""
    if sys.stdout.isatty():
        sys.stdout.write("\x1b[H\x1b[2J\x1b[3J")
        sys.stdout.flush()


def quit(session: Session, argument: str) -> None:
    """Leave."""
    session.done = True


def exit(session: Session, argument: str) -> None:
    """Leave."""
    session.done = True
