"""`Glance`: what the agent of this host does, in a few words for the status bar. A thread asks: nobody waits for it."""

from __future__ import annotations

import os
import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# Seconds for which an answer holds.
FRESH = 5.0


class Glance:
    """At the agent whose state is in a folder; `told` is called from the thread when there is another answer."""

    def __init__(self, state: str, told: Callable[[], None]) -> None:
        self._path = os.path.join(state, "daemon.sock")
        self._told = told
        self._said = ""
        self._until = 0.0

    def words(self) -> str:
        """Such as 'agent' or 'agent: 1 query denied'; '' where there is none, or none that this user may ask."""
        if not os.path.exists(self._path):
            self._said = ""
        elif time.monotonic() >= self._until:
            self._until = time.monotonic() + FRESH
            threading.Thread(target=self._look, daemon=True).start()
        return self._said

    def _look(self) -> None:
        from ...watchdog.control import ask

        try:
            said = words(ask(self._path, do="status"))
        except OSError:
            said = "agent: no answer"
        if said != self._said:
            self._said = said
            self._told()


def words(status: dict[str, Any]) -> str:
    """What matters most of a watcher's status.

    >>> words({"children": [{"role": "worker", "state": "running"}], "denylist": []})
    'agent'
    >>> words({"children": [{"role": "worker", "state": "waiting"}], "denylist": [{}]})
    'agent: worker waiting, 1 query denied'
    """
    told = [f"{child['role']} {child['state']}" for child in status["children"] if child["state"] != "running"]
    denied = len(status["denylist"])
    if denied:
        told.append(f"{denied} {'query' if denied == 1 else 'queries'} denied")
    return "agent" + (f": {', '.join(told)}" if told else "")
