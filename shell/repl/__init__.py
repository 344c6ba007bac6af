"""The prompt: one module for each concern, put together in `session`."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..options import Arguments


def run(given: Arguments) -> int:
    """Open the prompt with the options of the command line; returns the exit code."""
    from ..cli import database, format_of, limits
    from .prompt import loop
    from .session import Session

    with database(given) as db:
        return loop(Session(db, limits(given), format_of(given, "table")))
