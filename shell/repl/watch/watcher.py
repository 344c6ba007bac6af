"""`Watcher`: runs the query again and again in a thread of its own, and tells what there is to show."""

from __future__ import annotations

import time
from threading import Condition, Thread

from ....vtables.errors import HostqlError
from ...messages import error_lines
from .request import SHORTEST, order_column
from .rounds import Rounds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .query import Answer, Query
    from .request import Request


class Watcher:
    """The state of a watch; `changed` is called, from any thread, when there is something new to show.

    interval counts from the start of a run to the start of the next; a run that takes longer is followed at once.
    """

    def __init__(self, query: Query, request: Request, changed: Callable[[], None]) -> None:
        self.interval = request.seconds
        self.paused = False
        self.rounds: Rounds | None = None
        self.answer: Answer | None = None
        self.units: list[str] = []
        self.errors: list[str] = []
        self.clock = ""
        # Whether it has run as often as was asked.
        self.finished = False
        self._query = query
        self._request = request
        self._changed = changed
        self._started: float | None = None
        self._condition = Condition()
        self._stopping = False
        self._wanted = True
        self._thread = Thread(target=self._loop, name="watch", daemon=True)

    def start(self) -> None:
        """Begin watching."""
        self._thread.start()

    def stop(self) -> None:
        """Cancel a run that is under way, and wait until it has ended."""
        with self._condition:
            self._stopping = True
            self._condition.notify()
        while self._thread.is_alive():
            # Again and again, for the cancel is lost on a statement that is just about to begin.
            if self._started is not None:
                self._query.cancel()
            self._thread.join(0.02)

    def pause(self) -> None:
        """Pause, or go on with a run at once."""
        with self._condition:
            self.paused = not self.paused
            self._wanted = not self.paused
            self._condition.notify()

    def again(self) -> None:
        """Run now, also while pausing."""
        with self._condition:
            self._wanted = True
            self._condition.notify()

    def faster(self, factor: float) -> None:
        """Change the interval."""
        with self._condition:
            self.interval = min(86400.0, max(SHORTEST, round(self.interval / factor, 2)))
            self._condition.notify()

    @property
    def running(self) -> float | None:
        """Seconds since the run under way began; None between runs."""
        started = self._started
        return None if started is None else time.monotonic() - started

    def _loop(self) -> None:
        last = time.monotonic()
        while self._wait(last):
            last = time.monotonic()
            self._started = last
            self._changed()
            self._run()
            self._started = None
            self._changed()
            if self.rounds is not None and self.rounds.count == self._request.times:
                self.finished = True
                self._changed()
                return

    def _wait(self, last: float) -> bool:
        """Wait for the next run; False when there will be none."""
        with self._condition:
            while not self._stopping:
                left = last + self.interval - time.monotonic()
                if self._wanted or (left <= 0 and not self.paused):
                    self._wanted = False
                    return True
                self._condition.wait(None if self.paused else left)
        return False

    def _run(self) -> None:
        try:
            self.take(self._query.run())
            self.errors = []
        except HostqlError as error:
            self.errors = error_lines(error)
        except Exception as error:
            self.errors = [f"error: {type(error).__name__}: {error}"]

    def take(self, answer: Answer) -> None:
        """Compare a run's answer with the one before."""
        if self.rounds is None:
            self.rounds = rounds(answer, self._request, self._query.sql)
        elif answer.hints:
            # A result without rows does not tell where its columns come from.
            self.rounds.identity, self.rounds.hints = answer.identity, answer.hints
        self.rounds.add(answer.rows)
        if answer.rows or self.answer is None:
            self.units = answer.units
        self.answer = answer
        self.clock = time.strftime("%H:%M:%S")


def rounds(answer: Answer, request: Request, sql: str) -> Rounds:
    """The rounds that begin with this answer. HostqlError for a key column the result does not have."""
    columns = [column.lower() for column in answer.columns]
    by = None
    if request.by:
        missing = [name for name in request.by if name.lower() not in columns]
        if missing:
            raise HostqlError(f"the result has no column {missing[0]}", f"It has: {', '.join(answer.columns)}.")
        by = [columns.index(name.lower()) for name in request.by]
    first = order_column(sql, list(answer.columns))
    return Rounds(answer.columns, answer.identity, answer.hints, by, first)
