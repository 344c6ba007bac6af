"""The prompt: one module for each concern, put together here."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..options import Arguments


def run(given: Arguments) -> int:
    """Open the prompt with the options of the command line; returns the exit code."""
    import sys

    from ..cli import database
    from ..messages import write_error, write_notes
    from .prompt import loop
    from .record import Record
    from .session import Session
    from .settings import Settings, config_path, load, take

    settings = Settings()
    for problem in load(settings, config_path()):
        write_error(problem, sys.stderr)
    take(settings, given)

    def note(text: str) -> None:
        write_notes([text], sys.stderr)

    record = Record.kept(note) if settings.history else Record.nowhere()
    with database(given) as db:
        session = Session(db, settings, record)
        session.params.update(given.params)
        try:
            return loop(session)
        finally:
            session.destination.to_terminal()
            record.close()
