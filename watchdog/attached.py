"""`Attached`: the child's side of the watchdog: it beats, tells what runs, hears what it shall do, and does not outlive
its watcher."""

from __future__ import annotations

import ctypes
import os
import signal
import threading
import time

from .channel import Channel, inherited
from .guard import resident

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_PR_SET_PDEATHSIG = 1
# Seconds without a word of the watcher after which it is taken to be stuck.
SILENCE = 45.0


def _taken() -> dict[str, Any]:
    """What this process has taken so far: told from here it is exact, however late the watcher hears it."""
    return {"memory": resident(), "cpu": time.process_time()}


class Attached:
    """Listens in a thread of its own, so that it hears while a query runs.

    interrupt  called with the reason when the running query is to end
    reload     called when the configuration is to be read again
    denied     called with the queries that may not run: a set of (name, SHA-256 of the SQL)
    """

    def __init__(
        self,
        channel: Channel,
        *,
        interrupt: Callable[[str], None] = lambda reason: None,
        reload: Callable[[], None] = lambda: None,
        denied: Callable[[set[tuple[str, str]]], None] = lambda queries: None,
    ) -> None:
        self._channel = channel
        self._handlers = (interrupt, reload, denied)
        self._watcher = os.getppid()
        self._heard = time.monotonic()
        self._told = threading.Event()
        self._silence = float(os.environ.get("HOSTQL_WATCHER_SILENCE", SILENCE))
        die_with_parent()
        if os.getppid() != self._watcher:
            os._exit(1)
        threading.Thread(target=self._listen, name="watchdog", daemon=True).start()

    def ready(self) -> None:
        """Set up: from now on limits hold. Returns once it is known which queries may not run: one that would stop this
        process, too, is not to be faster than the word of it."""
        self._told.wait()
        self._channel.send(ready=_taken())

    def beat(self, name: str) -> None:
        """A part of the work has made progress."""
        self._channel.send(beat=name)

    def begin(self, query: str, sql: str, seconds: float, *, deniable: bool = True) -> None:
        """A query begins; `sql` is the SHA-256 of its text, `seconds` what it may take."""
        about = {"query": query, "sql": sql, "seconds": seconds, "deniable": deniable}
        self._channel.send(begin={**about, **_taken()})

    def deny(self, query: str, sql: str, reason: str, usage: dict[str, Any]) -> None:
        """A query broke a limit and was stopped in here: it is to be denied."""
        self._channel.send(deny={"query": query, "sql": sql, "reason": reason, "usage": usage})

    def end(self, **usage: Any) -> None:
        """It is over; what it took."""
        self._channel.send(end=usage)

    def say(self, severity: int, text: str) -> None:
        """A status line for the watcher's standard error."""
        self._channel.send(say=text, severity=severity)

    def limits(self, **values: Any) -> None:
        """The configuration asks for other limits."""
        self._channel.send(limits=values)

    def _listen(self) -> None:
        import select

        poll = select.poll()
        poll.register(self._channel.fileno(), select.POLLIN)
        while True:
            poll.poll(1000)
            for message in self._channel.receive():
                self._heard = time.monotonic()
                self._obey(message)
            if self._channel.closed:
                # Nobody supervises any more: nothing is to run on.
                os.kill(os.getpid(), signal.SIGKILL)
            if time.monotonic() - self._heard > self._silence:
                self._replace_watcher()

    def _obey(self, message: dict[str, Any]) -> None:
        interrupt, reload, denied = self._handlers
        if "ping" in message:
            self._channel.send(pong=message["ping"])
        if "interrupt" in message:
            interrupt(str(message["interrupt"]))
        if "reload" in message:
            reload()
        if "denylist" in message:
            denied({(str(query), str(sql)) for query, sql in message["denylist"]})
            self._told.set()

    def _replace_watcher(self) -> None:
        """The watcher is stuck: it is killed, and this process with it. Who started it starts another: the service
        manager, or, where there is none, the guardian that `watcher.py` leaves behind for this."""
        os.kill(self._watcher, signal.SIGKILL)
        time.sleep(5)
        os.kill(os.getpid(), signal.SIGKILL)


def attach(**handlers: Any) -> Attached | None:
    """The watcher's other end, where a watcher started this process; None for a process on its own."""
    channel = inherited()
    return None if channel is None else Attached(channel, **handlers)


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends (prctl(2), PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
