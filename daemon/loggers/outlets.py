"""`Outlets`: all loggers that the options name, each with its thread, and where lines wait for them."""

from __future__ import annotations

from functools import partial

from ..state import State
from . import make
from .delivery import Delivery
from .waiting import Waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from ..config.options import Options


class Outlets:
    """names   of the loggers in use"""

    def __init__(self, state: State, beat: Callable[[], None]) -> None:
        self.names: list[str] = []
        self._state = state
        self._beat = beat
        self._deliveries: list[Delivery] = []
        # What the loggers in use were made of, and what is wrong with others.
        self._told: dict[str, Any] = {}
        self._problems: list[str] = []
        # With `logger_direct`, the lines of each logger.
        self._direct: dict[str, Waiting] = {}

    def use(self, options: Options) -> list[str]:
        """Have the loggers that the options name, in place of others; what is wrong with them. Where they are the same
        as before they go on: one that waits for a reader may be amid a line."""
        told = {option.name: value for option, value, _ in options if option.name.startswith("logger_")}
        if told == self._told:
            return self._problems
        wanted, self._problems = make(options)
        self.close()
        self._told = told
        self.names = [logger.name for logger in wanted]
        if options.logger_direct:
            self._direct = {name: Waiting(options.logger_spool_bytes) for name in self.names}
            self._state.outlet = self._hand_out
        for logger in wanted:
            # Each thread opens the state for itself.
            direct = partial(self._direct.__getitem__, logger.name)
            spool = direct if options.logger_direct else partial(State, self._state.path)
            self._deliveries.append(Delivery(logger, spool, self._beat))
            self._deliveries[-1].start()
        return self._problems

    def wake(self, *, reopen: bool = False) -> None:
        """There are lines; or files are to be opened anew."""
        for delivery in self._deliveries:
            delivery.wake(reopen=reopen)

    def problems(self) -> list[str]:
        """What is wrong with the loggers: of those that take nothing, why."""
        return [delivery.problem for delivery in self._deliveries if delivery.problem]

    def bound(self, most: int) -> int:
        """Drop the oldest lines where more than `most` bytes wait; how many went since this was asked last. Counted."""
        gone = self._state.bound(most)
        for name, waiting in self._direct.items():
            gone += self._count(name, waiting.dropped())
        return gone

    def close(self) -> None:
        """Hand on what waits, for a while; then what waits in memory alone is lost."""
        for delivery in self._deliveries:
            delivery.close()
        for name, waiting in self._direct.items():
            self._count(name, waiting.dropped(all=True))
        self._state.outlet = None
        self._deliveries, self._direct, self._told = [], {}, {}

    def _hand_out(self, lines: Sequence[tuple[str, str]]) -> None:
        for waiting in self._direct.values():
            waiting.add(lines)
        self.wake()

    def _count(self, name: str, lines: int) -> int:
        if lines:
            self._state.count_lost(name, lines)
        return lines
