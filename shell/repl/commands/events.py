"""Commands about events: .tail"""

from __future__ import annotations

import sys

from ....vtables.errors import HostqlError, QueryError, TableUnavailable
from ....vtables.script import blank
from ...follow import Follower
from ...formats.safe import plain, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ....vtables.database import Result
    from ..session import Session

# Columns that are shown first, as they are read best, and those that only the machine needs.
_LEAD = ("action", "operation", "cmdline", "name", "target_path", "path", "remote_address", "remote_port", "message")
_SILENT = ("eid", "time", "uptime", "publisher", "time_ns")


def tail(session: Session, argument: str) -> None:
    """Events as they come, a line each, until Ctrl-C: `.tail process_events WHERE uid = 0`, or a whole SELECT."""
    if not argument.strip():
        raise HostqlError(".tail takes an event table", "For example: .tail process_events WHERE cmdline LIKE '%curl%'")
    sql = _statement(session, argument)
    follower = Follower(session.database, sql, session.params)
    session.note(f"events of {follower.table} as they come; Ctrl-C returns to the prompt")

    def show(result: Result, rows: Iterator[tuple[Any, ...]]) -> None:
        with session.destination.opened() as out:
            for row in rows:
                (out or sys.stdout).write(event_line(result.columns, row) + "\n")
            (out or sys.stdout).flush()

    try:
        follower.follow(lambda text: session.runner.run(text, session.params, show))
    except KeyboardInterrupt:
        sys.stdout.write("\n")
    except TableUnavailable as error:
        raise HostqlError(error.message, error.hint) from error


def _statement(session: Session, argument: str) -> str:
    """The argument if it is a statement; else the statement that shows the table it names."""
    try:
        session.database.reads(argument, session.params)
    except QueryError as error:
        if error.offset is not None and not blank(argument[: error.offset]):
            return argument
        return f"SELECT * FROM {argument}"
    return argument


def event_line(columns: tuple[str, ...], row: tuple[Any, ...]) -> str:
    """An event in a line: when, what, (who), ← its parents.

    >>> event_line(("time", "cmdline", "pid", "uid", "ancestors"), (0, "curl -s", 5120, 33, "sh (7) ← nginx (1)"))[8:]
    '  curl -s (pid 5120, uid 33) ← sh (7) ← nginx (1)'
    """
    from time import localtime, strftime

    values = dict(zip(columns, row))
    when = strftime("%H:%M:%S", localtime(values["time"])) if isinstance(values.get("time"), int) else ""
    lead = [name for name in _LEAD if values.get(name) not in (None, "")]
    # Of a program that was started, the arguments say what its path would say again.
    if "cmdline" in lead and "path" in lead:
        lead.remove("path")
    what = " ".join(printable(plain(values[name])) for name in lead)
    who = ", ".join(
        f"{name} {printable(plain(values[name]))}"
        for name in ("pid", "uid", "exe", "container_id", "status", "success", "exit_code", "category", "sha256")
        if name in values and name not in lead and values[name] not in (None, "")
    )
    if not lead:
        rest = [name for name in columns if name not in _SILENT and values[name] not in (None, "")]
        what, who = " ".join(f"{name}={printable(plain(values[name]))}" for name in rest), ""
    ancestors = printable(plain(values.get("ancestors") or ""))
    return f"{when}  {what}" + (f" ({who})" if who else "") + (f" ← {ancestors}" if ancestors else "")
