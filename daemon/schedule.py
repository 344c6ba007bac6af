"""What is due, and when: pure, by a clock that is given.

A query runs in the first second of each of its slots. A slot begins where Unix time, less the query's splay, is a
multiple of the interval: so runs do not drift, do not depend on when the agent started, and are spread over a fleet.
The splay is the same for a query on a host at all times. Slots that were missed (suspended, clock set, a long query)
are let go but for one.
"""

from __future__ import annotations

import hashlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from .config.model import ScheduledQuery


def splay(name: str, interval: int, percent: int, host: str) -> int:
    """Seconds by which a query's slots are put off: from 0 to `percent` of the interval, by its name and the host's.

    >>> splay("q", 3600, 0, "host"), splay("q", 1, 100, "host")
    (0, 0)
    """
    most = interval * min(max(percent, 0), 100) // 100
    if most <= 1:
        return 0
    number = int.from_bytes(hashlib.sha256(f"{host}\0{name}".encode("utf-8", "surrogateescape")).digest()[:8], "big")
    return number % most


class Slot:
    """A query's place in time; `ran` is the number of the slot it ran in last, None before the first."""

    __slots__ = ("interval", "name", "offset", "ran")

    def __init__(self, name: str, interval: int, offset: int) -> None:
        self.name = name
        self.interval = interval
        self.offset = offset
        self.ran: int | None = None

    def number(self, now: float) -> int:
        """The number of the slot that this time is in."""
        return int(now - self.offset) // self.interval

    def next(self, now: float) -> int:
        """Unix seconds of the next slot's beginning."""
        return (self.number(now) + 1) * self.interval + self.offset


class Schedule:
    """Says what is due. `start` is Unix seconds of the agent's start: what began before is not run."""

    def __init__(self, start: float, *, percent: int = 0, host: str = "", max_drift: int = 60) -> None:
        self._start = start
        self._percent = percent
        self._host = host
        self._max_drift = max_drift
        self._slots: dict[str, Slot] = {}
        self._queries: dict[str, ScheduledQuery] = {}
        self._looked = start

    def use(self, queries: Iterable[ScheduledQuery], now: float) -> None:
        """These queries from now on. One that was there before with the same interval keeps its place."""
        old, self._slots, self._queries = self._slots, {}, {}
        for query in queries:
            before = old.get(query.name)
            if before is None or before.interval != query.interval:
                offset = splay(query.name, query.interval, self._percent, self._host)
                before = Slot(query.name, query.interval, offset)
                before.ran = before.number(now - 1)
            self._slots[query.name], self._queries[query.name] = before, query

    def due(self, now: float) -> list[ScheduledQuery]:
        """The queries to run now, in the schedule's order; each is taken as run. A clock that was set back makes none
        wait for the old time to come again."""
        found = []
        for name, slot in self._slots.items():
            number = slot.number(now)
            if slot.ran is None or number == slot.ran:
                slot.ran = number
                continue
            late = now - (number * slot.interval + slot.offset)
            back = number < slot.ran
            slot.ran = number
            # After a step of the clock, or a sleep, a run that is late by much waits for its next slot.
            if not back and (late <= self._max_drift or slot.interval > self._max_drift):
                found.append(self._queries[name])
        return found

    def next(self, now: float) -> float | None:
        """Unix seconds at which something is due next; None for an empty schedule."""
        return min((slot.next(now) for slot in self._slots.values()), default=None)

    def next_of(self, name: str, now: float) -> int:
        """Unix seconds of a query's next run."""
        return self._slots[name].next(now)
