"""`Store`: where the collector puts events: the buffer on disk (`buffer.py`), or straight to a sink (`direct.py`)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Protocol

    from .options import Options

    Row = tuple[Any, ...]

    class Store(Protocol):
        """What the collector asks of it; it never blocks for long and never raises for what is wrong with a disk.

        problem  what is wrong with it, '' while all is well
        stored   rows handed on, by table
        dropped  rows that were dropped, since they could not be handed on, by table
        """

        problem: str
        stored: dict[str, int]
        dropped: dict[str, int]

        def add(self, table: str, columns: tuple[str, ...], rows: list[Row]) -> None:
            """Rows of a table, written at the next commit. `columns` is a constant, known by its identity."""

        def ended(self, rows: list[Row]) -> None:
            """(exit code, duration in ms, pid) of processes that ended, as `publisher.Stream` has it."""

        @property
        def waiting(self) -> int:
            """Rows that wait for a commit; 0 for none."""

        def commit(self) -> None:
            """Hand on what waits."""

        def replace(self, table: str, rows: Sequence[Row]) -> None:
            """The rows of a table of the machinery, in place of those that were there."""

        def keep(self, options: Options) -> None:
            """Let go of what is more than the options say is kept; called once a second."""

        def close(self) -> None:
            """Hand on what waits, as far as that goes, and end."""
