"""`Logger`: who takes lines. It is called from the delivery thread alone, and may be slow; nobody waits for it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import ClassVar

# Kinds of lines: differential results, snapshots, status lines.
RESULT, SNAPSHOT, STATUS = "result", "snapshot", "status"


class Logger:
    """A way out for lines. `name` is what `logger_plugin` calls it."""

    name: ClassVar[str]

    def write(self, kind: str, lines: Sequence[str]) -> None:
        """Hand on lines of one kind, all of them. Raises OSError where that cannot be: they come again later."""
        raise NotImplementedError

    def reopen(self) -> None:
        """Open files anew: they were moved away."""

    def close(self) -> None:
        """No more lines come."""
