"""Status lines: what the agent has to say of itself, for the loggers and for standard error."""

from __future__ import annotations

import json
import time

import apsw

from ..watchdog.voice import say
from .loggers.logger import STATUS
from .records import calendar_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .config.options import Options
    from .state import State

INFO, WARNING, ERROR = 0, 1, 2
NAMES = ("info", "warning", "error")


class StatusLines:
    """Says things; what is said again and again is said once in a while."""

    def __init__(self, state: State, host: str) -> None:
        self._state = state
        self._host = host
        self._said: dict[str, float] = {}
        self.loggers: Sequence[str] = ()
        self.options: Options | None = None

    def say(self, severity: int, text: str, *, every: float = 0.0) -> None:
        """Say something; `every` so many seconds at most, for what may be true for long."""
        now = time.monotonic()
        if every and now - self._said.get(text, -every) < every:
            return
        if len(self._said) > 1000:
            self._said.clear()
        self._said[text] = now
        options = self.options
        if options is None or (options.logger_stderr and severity >= options.logger_min_stderr):
            say(f"{NAMES[severity]}: {text}")
        if options is not None and severity >= options.logger_min_status:
            when = int(time.time())
            line = {
                "hostIdentifier": self._host,
                "calendarTime": calendar_time(when),
                "unixTime": when,
                "severity": NAMES[severity],
                "message": text,
            }
            try:
                self._state.say(STATUS, [json.dumps(line, ensure_ascii=False, separators=(",", ":"))], self.loggers)
            except apsw.Error:
                # Standard error has it.
                pass
