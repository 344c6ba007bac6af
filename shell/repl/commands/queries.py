"""Commands that run statements again or from elsewhere: .last .edit .read .save .saved .forget .run .param .history"""

from __future__ import annotations

import os
import shlex

from ....vtables.errors import HostqlError
from ...options import parameter
from ..saved import SavedQueries, parameters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..session import Last, Session

# What .history shows when nothing is said.
SHOWN = 20


def last(session: Session, argument: str) -> None:
    """The last result again, without asking the host."""
    found = last_result(session)
    session.rows(found.columns, found.rows)
    if not found.complete:
        session.note(f"the first {len(found.rows)} of {found.count} rows; run the statement again to see all")


def edit(session: Session, argument: str) -> None:
    """Write a statement in the editor, then run it."""
    from ..editor import edited

    start = argument or (session.last.sql if session.last is not None else "")
    text = edited(start)
    if text.strip() and text != start:
        session.write(text.rstrip())
        session.script(text)
    else:
        session.note("nothing was changed, nothing is run")


def read(session: Session, argument: str) -> None:
    """Run a file; stops at the first error."""
    name = os.path.expanduser(one_word(argument, ".read takes a file"))
    try:
        with open(name, encoding="utf-8") as file:
            text = file.read()
    except OSError as error:
        raise HostqlError(f"cannot read {name}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise HostqlError(f"{name} is not UTF-8 text (byte {error.start})") from error
    session.reading(name, text)


def save(session: Session, argument: str) -> None:
    """Keep a query under a name."""
    name, _, sql = argument.partition(" ")
    if not name:
        raise HostqlError(".save takes a name", "It keeps the last statement, or the one that follows the name.")
    path = SavedQueries().put(name, sql.strip() or last_result(session).sql.strip())
    session.write(f"kept in {path}")


def saved(session: Session, argument: str) -> None:
    """The saved queries, or the text of one."""
    queries = SavedQueries()
    if argument:
        session.write(queries.get(argument).rstrip())
        return
    rows = []
    for name in queries.names():
        sql = queries.get(name)
        rows.append((name, " ".join(parameters(sql)), " ".join(sql.split())))
    if rows:
        session.rows(("name", "parameters", "query"), rows)
    else:
        session.write("no saved queries yet; .save NAME keeps the last one")


def forget(session: Session, argument: str) -> None:
    """Delete a saved query."""
    SavedQueries().remove(one_word(argument, ".forget takes the name of a saved query"))


def run(session: Session, argument: str) -> None:
    """Run a saved query; values fill its parameters in order, or as name=value."""
    words = split_words(argument)
    if not words:
        raise HostqlError(".run takes the name of a saved query", ".saved lists them.")
    sql = SavedQueries().get(words[0])
    session.run(sql, {**session.params, **filled(words[0], parameters(sql), words[1:])})


def filled(name: str, wanted: list[str], given: list[str]) -> dict[str, Any]:
    """The parameters' values, given in order or as name=value. HostqlError for one too many."""
    values: dict[str, Any] = {}
    for word in given:
        key, equals, text = word.partition("=")
        if equals and key in wanted:
            values[key] = parameter(text)
            continue
        rest = [key for key in wanted if key not in values]
        if not rest:
            takes = ", ".join(wanted) or "none"
            raise HostqlError(f"{name} has no parameter for {word!r}", f"Its parameters: {takes}.")
        values[rest[0]] = parameter(word)
    return values


def param(session: Session, argument: str) -> None:
    """Show, set or remove the values of parameters."""
    words = split_words(argument.replace("=", " ", 1))
    if words[:1] == ["set"]:
        words = words[1:]
    if not words:
        if session.params:
            session.rows(("parameter", "value"), list(session.params.items()))
        else:
            session.write("no parameters; .param NAME VALUE sets one for :NAME in statements")
        return
    name = words[0].lstrip(":@$")
    if words == ["-"] or words == ["clear"]:
        session.params.clear()
    elif not name.isidentifier():
        raise HostqlError(f"{words[0]!r} cannot be a parameter's name")
    elif len(words) == 1:
        if name not in session.params:
            raise HostqlError(f"the parameter {name} has no value")
        session.rows(("parameter", "value"), [(name, session.params[name])])
    elif words[1:] == ["-"]:
        session.params.pop(name, None)
    else:
        session.params[name] = parameter(" ".join(words[1:]))


def history(session: Session, argument: str) -> None:
    """The statements entered before: the last ones, or those that hold a text."""
    from ....vtables.sources.history import entries, history_path

    count = int(argument) if argument.isdigit() else SHOWN
    wanted = "" if argument.isdigit() else argument.strip("%").lower()
    rows: list[tuple[Any, ...]] = []
    for id, time, statement, seconds, _rows, error, _session in entries(history_path(), newest_first=True):
        if wanted in statement.lower():
            rows.append((id, time, statement, seconds, error))
            if len(rows) == count:
                break
    shown = [
        (id, _local(time), statement, None if seconds is None else round(seconds * 1000), error)
        for id, time, statement, seconds, error in reversed(rows)
    ]
    session.rows(("id", "time", "statement", "ms", "error"), shown)


def _local(seconds: int) -> str:
    import time

    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def last_result(session: Session) -> Last:
    """The last result. HostqlError before the first."""
    if session.last is None:
        raise HostqlError("there is no result yet", "Run a statement first.")
    return session.last


def split_words(text: str) -> list[str]:
    """The words of an argument, quotes as in a shell. HostqlError for an open quote."""
    try:
        return shlex.split(text)
    except ValueError as error:
        raise HostqlError(f"{text!r}: {error}".replace("No closing", "no closing")) from error


def one_word(text: str, usage: str) -> str:
    """The one word that an argument must be. HostqlError with the usage."""
    words = split_words(text)
    if len(words) != 1:
        raise HostqlError(usage)
    return words[0]
