"""`Guardian`: starts the watcher again whenever it is killed, where no service manager does.

It does nothing else, so it cannot be stuck.
"""

from __future__ import annotations

import os
import signal
import time

from .child import SOON
from .voice import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
# The exit code of a watcher that is to be started again; of one that was killed, too.
BROKEN = 70


class Guardian:
    """Passes signals on to the watcher; while there is none, they wait.

    told  whether it was told to end
    """

    def __init__(self, watch: Callable[[int], int], started: Callable[[], None], most_wait: float) -> None:
        """`watch` is the watcher's work, in a process of its own: it is given a file descriptor that is at its end when
        the guardian is no more, and signals blocked. `started` is called once the first was started."""
        self.told = False
        self._watch = watch
        self._started = started
        self._most_wait = most_wait
        self._watcher = 0

    def run(self) -> int:
        """Until a watcher ends by itself, or it is told to; the exit code."""
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        for number in SIGNALS:
            signal.signal(number, self._pass_on)
        wait, first = 1.0, True
        while True:
            began = time.monotonic()
            status = self._one_watcher()
            code = BROKEN if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
            # One that ran before is to run again, whatever keeps it from that now.
            if self.told or code == 0 or (first and code != BROKEN):
                return 0 if self.told else code
            say(f"the watcher ({self._watcher}) is dead (status {status:#x}); another is started")
            first = False
            wait = 1.0 if time.monotonic() - began > SOON else min(wait * 2, 60.0, self._most_wait)
            self.told = signal.sigtimedwait((signal.SIGTERM, signal.SIGINT), wait) is not None
            if self.told:
                return 0

    def _one_watcher(self) -> int:
        """Start a watcher; the status that it ended with."""
        theirs, ours = os.pipe()
        self._watcher = os.fork()
        if not self._watcher:
            os.close(ours)
            self._become(theirs)
        os.close(theirs)
        self._started()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        pid = status = 0
        # One that was a watcher before has other children, too.
        while pid != self._watcher:
            pid, status = os.waitpid(-1, 0)
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        os.close(ours)
        return status

    def _become(self, alive: int) -> NoReturn:
        code = BROKEN
        try:
            code = self._watch(alive)
        except Exception as error:
            say(f"the watcher broke: {type(error).__name__}: {error}")
        finally:
            os._exit(code)

    def _pass_on(self, number: int, _frame: object) -> None:
        self.told = self.told or number != signal.SIGHUP
        try:
            os.kill(self._watcher, number)
        except ProcessLookupError:
            pass
