"""`Logger`: who takes lines. It is called from the delivery thread alone, and may be slow; nobody waits for it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import ClassVar

# Kinds of lines: differential results, snapshots, status lines.
RESULT, SNAPSHOT, STATUS = "result", "snapshot", "status"


class Logger:
    """A way out for lines.

    name     what `logger_plugin` calls it
    problem  what is wrong though it takes lines, '' for nothing
    """

    name: ClassVar[str]
    problem = ""

    def write(self, kind: str, lines: Sequence[str]) -> int:
        """Hand on lines of one kind; how many it took, from the first. Raises OSError where it takes none: they come
        again later."""
        raise NotImplementedError

    def place(self, kind: str) -> str:
        """Where the lines of this kind end now, as `written` understands it; '' for a logger that cannot tell."""
        return ""

    def written(self, kind: str, place: str, lines: Sequence[str]) -> int:
        """How many of these lines, from the first, stand behind `place` already: they were written, and the process
        ended before that could be noted. Raises OSError."""
        return 0

    def reopen(self) -> None:
        """Open files anew: they were moved away."""

    def close(self) -> None:
        """No more lines come."""
