"""Decorations: columns of decorator queries, put onto each line."""

from __future__ import annotations

from .records import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .config.model import Decorators

    # Called with a query's name and SQL, gives its columns and rows; raises HostqlError.
    Ask = Callable[[str, str], tuple[tuple[str, ...], list[tuple[Any, ...]]]]


class Decorations:
    """Runs decorators when it is their time. One that fails or gives no row decorates nothing; `told` hears why."""

    def __init__(self, decorators: Decorators, ask: Ask, told: Callable[[str], None]) -> None:
        self._decorators = decorators
        self._ask = ask
        self._told = told
        self._values: dict[tuple[str, str], dict[str, str]] = {}
        self._ran: dict[int, int] = {}
        for sql in decorators.load:
            self._run("load", sql)

    def now(self, when: int) -> dict[str, str]:
        """All decorations at Unix time `when`: those of load, those of intervals, and `always` run anew."""
        for interval, queries in self._decorators.interval.items():
            turn = when // interval
            if self._ran.setdefault(interval, turn) != turn:
                self._ran[interval] = turn
                for sql in queries:
                    self._run(str(interval), sql)
        for sql in self._decorators.always:
            self._run("always", sql)
        return {name: value for found in self._values.values() for name, value in found.items()}

    def _run(self, kind: str, sql: str) -> None:
        from ..vtables.errors import HostqlError

        self._values[kind, sql] = {}
        try:
            columns, rows = self._ask(f"decorators.{kind}", sql)
        except HostqlError as error:
            self._told(f"decorator query failed: {error.message}: {sql}")
            return
        if len(rows) > 1:
            self._told(f"Multiple rows returned for decorator query: {sql}")
        if rows:
            self._values[kind, sql] = {name: str(shown(value)) for name, value in zip(columns, rows[0])}
