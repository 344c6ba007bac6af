"""`Runner`: runs statements under limits and gives each result to whoever shows it, one-shot or prompt."""

from __future__ import annotations

from time import monotonic

import apsw

from ..vtables.errors import HostqlError, QueryLimitExceeded
from ..watchdog.guard import Breach, Guard
from ..watchdog.limits import Limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from ..vtables.database import Database, Params, Result

    Show = Callable[[Result, Iterator[tuple[Any, ...]]], None]

# SQLite calls back after this many of its instructions, so that Ctrl-C is noticed within a query that reads no table.
PROGRESS_STEPS = 20_000
# Seconds a query that broke a limit has to end by itself before the process ends without it.
GRACE = 2.0

_ADVICE = "Narrow the query, or raise the limit."


class Runner:
    """Runs statements on one database.

    final  ends the process when a query that broke a limit is stuck in the kernel; None keeps waiting for it.
    clock  the seconds that count against a timeout.
    """

    def __init__(
        self,
        database: Database,
        limits: Limits,
        final: Callable[[Breach], None] | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.database = database
        self.limits = limits
        self._final = final
        self._clock = clock
        database.connection.set_progress_handler(_go_on, PROGRESS_STEPS)

    def run(self, sql: str, params: Params, show: Show, *, traced: bool = False) -> None:
        """Run each statement; `show` gets the result and its rows. Raises HostqlError, KeyboardInterrupt."""
        heap = self._bound_heap()
        try:
            results = self.database.run(sql, params, traced=traced)
            while True:
                with Guard(self.limits, self._stop, self._clock):
                    result = next(results, None)
                    if result is None:
                        return
                    show(result, self._counted(result))
        except HostqlError as error:
            if self.limits.memory is not None and isinstance(error.__cause__, (apsw.NoMemError, MemoryError)):
                raise self._exceeded(Breach("memory", self.limits.memory, self.limits.memory)) from error
            raise
        finally:
            if heap is not None:
                apsw.hard_heap_limit(heap)

    def _bound_heap(self) -> int | None:
        """SQLite's own heap obeys the memory limit at once, without waiting for the guard to look."""
        if self.limits.memory is None:
            return None
        return apsw.hard_heap_limit(apsw.memory_used() + self.limits.memory)

    def _counted(self, result: Result) -> Iterator[tuple[Any, ...]]:
        if self.limits.rows is None:
            return iter(result)
        return self._bounded(result, self.limits.rows)

    def _bounded(self, result: Result, most: int) -> Iterator[tuple[Any, ...]]:
        for count, row in enumerate(result):
            if count == most:
                raise self._exceeded(Breach("rows", most, most))
            yield row

    def _stop(self, breach: Breach) -> QueryLimitExceeded:
        error = self._exceeded(breach)
        self.database.cancel(error)
        if self._final is not None:
            import threading

            timer = threading.Timer(GRACE, self._final, (breach,))
            timer.daemon = True
            timer.start()
        return error

    def _exceeded(self, breach: Breach) -> QueryLimitExceeded:
        return QueryLimitExceeded(breach.limit, breach.allowed, breach.used, breach.message, _ADVICE)


def _go_on() -> bool:
    """Python looks at pending signals when it is called; the query goes on."""
    return False
