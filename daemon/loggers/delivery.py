"""`Delivery`: hands lines from the spool to a logger, in a thread of its own. A logger that is down blocks nobody."""

from __future__ import annotations

import threading
from itertools import groupby

import apsw

from ...watchdog.allowance import ram
from ...watchdog.memory import Trimming

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..state import State
    from .logger import Logger
    from .waiting import Waiting

# Lines handed over at once, and seconds before a logger that refused is tried again, doubled up to the last.
BATCH = 1000
WAITS = (0.5, 60.0)
# Seconds between beats where nothing is to do.
BEAT = 5.0


class Delivery:
    """One logger's thread.

    problem  why the logger takes nothing, or what else is wrong with it; '' for nothing
    """

    def __init__(
        self, logger: Logger, spool: Callable[[], State | Waiting], beat: Callable[[], None] = lambda: None
    ) -> None:
        """`spool` opens what holds the lines: in the thread, for SQLite's connections are not for two at once."""
        self.logger = logger
        self.problem = ""
        self._trimming = Trimming(ram())
        self._open = spool
        # Kinds of lines of which it is known that none that wait was written already.
        self._sure: set[str] = set()
        self._beat = beat
        self._wake = threading.Event()
        self._reopen = self._closing = False
        self._thread = threading.Thread(target=self._run, name=f"logger {logger.name}", daemon=True)

    def start(self) -> None:
        """Deliver from now on."""
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
        spool: State | Waiting | None = None
        wait = WAITS[0]
        while True:
            self._beat()
            if self._reopen:
                self._reopen = False
                self.logger.reopen()
            try:
                spool = spool or self._open()
                delivered = self.deliver(spool)
            except (OSError, apsw.Error) as error:
                said = getattr(error, "strerror", None) or error
                self.problem = f"the {self.logger.name} logger takes no lines: {said}"
                self._sure.clear()
                if self._closing:
                    break
                self._pause(wait)
                wait = min(wait * 2, WAITS[1])
                continue
            self.problem, wait = self.logger.problem, WAITS[0]
            if not delivered:
                if self._closing:
                    break
                self._pause(BEAT)
        self.logger.close()
        if spool is not None:
            spool.close()

    def _pause(self, seconds: float) -> None:
        self._wake.wait(seconds)
        self._wake.clear()

    def deliver(self, spool: State | Waiting) -> int:
        """Hand over a batch; how many lines that was."""
        lines = spool.waiting(self.logger.name, BATCH)
        for kind, group in groupby(lines, lambda each: each[1]):
            self._hand_over(spool, kind, list(group))
        count, size = len(lines), sum(len(line) for _, _, line in lines)
        del lines
        self._trimming.after(0, size)
        return count

    def _hand_over(self, spool: State | Waiting, kind: str, lines: list[tuple[int, str, str]]) -> None:
        name, texts = self.logger.name, [line for _, _, line in lines]
        begun = 0
        if kind not in self._sure:
            here, place = self.logger.place(kind), spool.place(name, kind)
            if place:
                begun = self.logger.written(kind, place, texts)
            elif here:
                spool.taken(name, 0, kind, here)
            self._sure.add(kind)
        if begun == len(texts):
            spool.taken(name, lines[-1][0], kind, self.logger.place(kind))
        while begun < len(texts):
            begun += self.logger.write(kind, texts[begun:])
            spool.taken(name, lines[begun - 1][0], kind, self.logger.place(kind))
