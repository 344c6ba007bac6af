"""`Delivery`: hands lines from the spool to a logger, in a thread of its own. A logger that is down blocks nobody."""

from __future__ import annotations

import threading

from ..state import State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .logger import Logger

# Lines handed over at once, and seconds before a logger that refused is tried again, doubled up to the last.
BATCH = 1000
WAITS = (0.5, 60.0)
# Seconds between beats where nothing is to do.
BEAT = 5.0


class Delivery:
    """One logger's thread.

    problem  why the logger takes nothing, '' while it does
    """

    def __init__(self, logger: Logger, state: str, beat: Callable[[], None] = lambda: None) -> None:
        self.logger = logger
        self.problem = ""
        self._path = state
        self._beat = beat
        self._wake = threading.Event()
        self._reopen = self._closing = False
        self._thread = threading.Thread(target=self._run, name=f"logger {logger.name}", daemon=True)
        self._thread.start()

    def wake(self, *, reopen: bool = False) -> None:
        """There are lines; `reopen` asks for the logger's files to be opened anew."""
        self._reopen = self._reopen or reopen
        self._wake.set()

    def close(self, patience: float = 3.0) -> None:
        """Hand on what waits, for `patience` seconds at most: the rest stays in the spool."""
        self._closing = True
        self._wake.set()
        self._thread.join(patience)

    def _run(self) -> None:
        # A connection of its own: SQLite's are not for two threads at once.
        state = State(self._path)
        wait = WAITS[0]
        while True:
            self._beat()
            if self._reopen:
                self._reopen = False
                self.logger.reopen()
            try:
                delivered = self._deliver(state)
            except OSError as error:
                self.problem = f"the {self.logger.name} logger takes no lines: {error.strerror or error}"
                if self._closing:
                    break
                self._pause(wait)
                wait = min(wait * 2, WAITS[1])
                continue
            self.problem, wait = "", WAITS[0]
            if not delivered:
                if self._closing:
                    break
                self._pause(BEAT)
        self.logger.close()
        state.close()

    def _pause(self, seconds: float) -> None:
        self._wake.wait(seconds)
        self._wake.clear()

    def _deliver(self, state: State) -> int:
        """Hand over a batch; how many lines that was."""
        lines = state.waiting(self.logger.name, BATCH)
        at = 0
        while at < len(lines):
            kind, end = lines[at][1], at
            while end < len(lines) and lines[end][1] == kind:
                end += 1
            self.logger.write(kind, [line for _, _, line in lines[at:end]])
            state.taken(self.logger.name, lines[end - 1][0])
            at = end
        return len(lines)
