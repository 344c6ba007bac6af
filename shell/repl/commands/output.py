"""Commands about how and where results are shown: .mode .output .once .pipe .timer .notes .types"""

from __future__ import annotations

from ....vtables.errors import HostqlError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..session import Session

# Names that osqueryi's and sqlite3's users know.
_MODES = {"pretty": "table", "column": "table", "list": "tsv", "tabs": "tsv", "jsonl": "ndjson", "vertical": "line"}


def mode(session: Session, argument: str) -> None:
    """Show or set how rows are shown."""
    if not argument:
        session.write(session.settings.mode)
        return
    name = argument.split()[0].lower()
    session.settings.set("mode", _MODES.get(name, name))


def output(session: Session, argument: str) -> None:
    """Send results to a file, or back to the terminal."""
    if argument in ("", "stdout", "off"):
        session.destination.to_terminal()
    else:
        session.destination.to_file(argument)


def once(session: Session, argument: str) -> None:
    """Send the next result to a file."""
    if not argument:
        raise HostqlError(".once takes a file")
    session.destination.to_file(argument, once=True)


def pipe(session: Session, argument: str) -> None:
    """Send the next result to a shell command."""
    if not argument:
        raise HostqlError(".pipe takes a command", "For example: .pipe grep ssh")
    session.destination.to_command(argument)


def timer(session: Session, argument: str) -> None:
    """Show rows and time after each result, or not."""
    switch(session, "timer", argument)


def notes(session: Session, argument: str) -> None:
    """Show the notes of the last result, or set whether they follow each result."""
    if argument:
        switch(session, "notes", argument)
        return
    noted = session.last.notes if session.last is not None else []
    session.write("\n".join(noted) or "nothing is missing from the last result")


def types(session: Session, argument: str) -> None:
    """The declared types of the last result's columns."""
    if session.last is None:
        raise HostqlError("there is no result yet")
    kinds = [(name, kind or "(expression)") for name, kind in zip(session.last.columns, session.last.types)]
    session.rows(("column", "type"), kinds)


def switch(session: Session, name: str, argument: str) -> None:
    """Set a switch, turn it over when nothing is said, and tell how it now stands."""
    wanted = argument or ("off" if getattr(session.settings, name) else "on")
    session.settings.set(name, wanted.lower())
    session.write(f"{name} {session.settings.text(name)}")
