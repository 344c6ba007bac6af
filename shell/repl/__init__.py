"""The prompt: one module for each concern, put together here."""

from __future__ import annotations

from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..options import Arguments
    from .session import Session


def run(given: Arguments) -> int:
    """Open the prompt with the options of the command line; returns the exit code."""
    from .prompt import loop

    with _session(given) as session:
        return loop(session)


def watch(given: Arguments, sql: str) -> int:
    """`--watch SECONDS`: watch one query without a prompt around it. Raises HostqlError."""
    from ..options import UsageError
    from .commands.live import watch
    from .watch.request import LONGEST, SHORTEST

    seconds = given.number("watch")
    if not SHORTEST <= seconds <= LONGEST:
        raise UsageError(f"--watch takes {SHORTEST:g} s to a day ({LONGEST} s), not {given.get('watch')!r}")
    with _session(given) as session:
        watch(session, f"{seconds} {sql.strip().rstrip(';')}")
    return 0


def commanded(text: str) -> bool:
    """Whether commands that begin with a dot are among the statements of a script."""
    from .session import pieces

    return any(piece.startswith(".") for _, piece in pieces(text))


def script(given: Arguments, text: str) -> int:
    """Run a script of commands and statements, plainly: no config file, no history, no words below the rows.

    The first error ends it. Raises HostqlError.
    """
    import sys

    from ..cli import database
    from ..options import UsageError
    from .session import Session
    from .settings import Settings, take

    if "output" in given:
        raise UsageError("--output does not go with commands", "Write .output FILE into the script instead.")
    settings = Settings()
    settings.timer = False
    settings.pager = "off"
    settings.mode = "auto" if sys.stdout.isatty() else "tsv"
    take(settings, given)
    file = given.get("file") or ("standard input" if given.words in ([], ["-"]) else "")
    with database(given) as db:
        session = Session(db, settings)
        session.params.update(given.params)
        try:
            if file:
                session.reading("standard input" if file == "-" else file, text)
            else:
                session.script(text)
        finally:
            session.destination.to_terminal()
    return 0


@contextmanager
def _session(given: Arguments) -> Iterator[Session]:
    """A session by the config file and the options of the command line."""
    import sys

    from ..cli import database
    from ..messages import write_error, write_notes
    from .record import Record
    from .session import Session
    from .settings import Settings, config_path, load, take

    settings = Settings()
    for problem in load(settings, config_path()):
        write_error(problem, sys.stderr)
    take(settings, given)

    def note(text: str) -> None:
        write_notes([text], sys.stderr)

    record = Record.kept(note) if settings.history and "watch" not in given else Record.nowhere()
    with database(given) as db:
        session = Session(db, settings, record)
        session.params.update(given.params)
        try:
            yield session
        finally:
            session.destination.to_terminal()
            record.close()
