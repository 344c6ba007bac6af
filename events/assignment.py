"""`Assignment`: which publisher feeds which event tables: of those that work, the best."""

from __future__ import annotations

import time

from .publisher import Counters
from .stream import event_class

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from .buffer import Buffer
    from .exclusion.rules import Rule, Rules
    from .publisher import Publisher, Unavailable
    from .stream import Stream
    from .table import EventTable

# Seconds before a publisher that broke is tried again; doubled each time, up to the last.
BACKOFF = (1.0, 60.0)


class Assigned:
    """A publisher, the tables it is to feed, and how it fares."""

    stream: Stream

    def __init__(self, publisher: Publisher) -> None:
        self.publisher = publisher
        self.tables: frozenset[str] = frozenset()
        self.state = "standby"
        self.reason = ""
        self.restarts = 0
        self.retry_at = 0.0
        self.fd: int | None = None
        self.enforced: frozenset[int] = frozenset()
        self._past = Counters()
        self._wait = BACKOFF[0]

    def unavailable(self, why: Unavailable) -> None:
        """It cannot work on this host."""
        self.state = "unavailable"
        self.reason = f"{why.reason}; {why.hint}" if why.hint else why.reason

    def failed(self, reason: str) -> None:
        """It broke: to be tried again, later each time."""
        self.state, self.reason = "restarting", reason
        self.restarts += 1
        self.retry_at = time.monotonic() + self._wait
        self._wait = min(self._wait * 2, BACKOFF[1])

    def keep_counters(self) -> None:
        """Before it is closed: what it counted stays counted."""
        self._past = self.counters()

    def counters(self) -> Counters:
        """What it counted since the collector started."""
        past = self._past
        if self.state != "running":
            return past
        now = self.publisher.counters()
        return Counters(past.seen + now.seen, past.excluded + now.excluded, past.lost + now.lost)


class Assignment:
    """All publishers, the best for each table first in line."""

    def __init__(self, tables: Iterable[type[EventTable]], publishers: Iterable[type[Publisher]]) -> None:
        self._tables = {table.name: table for table in tables}
        self._all = [Assigned(kind()) for kind in sorted(publishers, key=lambda kind: kind.tier)]
        for name in self._tables:
            self._give(name, set())

    def opened(self) -> list[Assigned]:
        """Those at work."""
        return [assigned for assigned in self._all if assigned.state == "running"]

    def closed(self) -> Iterator[Assigned]:
        """Those that have tables to feed and are not yet open; one that opens next may be given more meanwhile."""
        for assigned in self._all:
            if assigned.tables and assigned.state == "standby":
                yield assigned

    def due(self, now: float) -> list[Assigned]:
        """Those that broke and are to be tried again now."""
        return [a for a in self._all if a.state == "restarting" and a.retry_at <= now]

    def pass_on(self, assigned: Assigned) -> None:
        """Give the tables of one that is not available to the next best. Those come after it in `closed`."""
        for name in assigned.tables:
            self._give(name, {a.publisher.name for a in self._all if a.state == "unavailable"})
        assigned.tables = frozenset()

    def report(self, rules: Rules, buffer: Buffer, problem: str = "") -> dict[str, list[tuple[Any, ...]]]:
        """The rows of event_publishers, event_exclusions and osquery_events; `problem` concerns all."""
        return {
            "event_publishers": [_publisher_row(assigned, buffer, problem) for assigned in self._all],
            "event_exclusions": [row for rule in rules.rules for row in _exclusion_rows(rule, rules, self.opened())],
            "osquery_events": self._osquery_rows(buffer),
        }

    def _give(self, table: str, without: set[str]) -> None:
        for name in self._tables[table].publishers:
            for assigned in self._all:
                if assigned.publisher.name == name and name not in without and table in assigned.publisher.tables:
                    assigned.tables |= {table}
                    return

    def _osquery_rows(self, buffer: Buffer) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = []
        for a in self._all:
            active = a.state == "running"
            stored = a.stream.stored if active else 0
            rows.append((a.publisher.name, a.publisher.name, "publisher", len(a.tables), stored, a.restarts, active))
        for name in self._tables:
            feeding = [a.publisher.name for a in self.opened() if name in a.tables]
            publisher = feeding[0] if feeding else ""
            rows.append((name, publisher, "subscriber", len(feeding), buffer.stored.get(name, 0), 0, bool(feeding)))
        return rows


def _publisher_row(assigned: Assigned, buffer: Buffer, problem: str) -> tuple[Any, ...]:
    counters = assigned.counters()
    stream = getattr(assigned, "stream", None)
    stored = stream.stored if stream is not None else 0
    here = stream.excluded if stream is not None else 0
    lost = counters.lost + sum(buffer.dropped.get(name, 0) for name in assigned.tables)
    reason = assigned.reason or buffer.problem or problem
    if not reason and stream is not None and stream.gaps:
        reason = stream.gaps[-1][1]
    return (
        assigned.publisher.name,
        assigned.state,
        assigned.publisher.tier,
        ",".join(sorted(assigned.tables)),
        reason,
        counters.seen,
        stored,
        counters.excluded + here,
        lost,
        stream.last if stream is not None else None,
        assigned.restarts,
    )


def _exclusion_rows(rule: Rule, rules: Rules, opened: list[Assigned]) -> Iterator[tuple[Any, ...]]:
    """One for each publisher that sees events of the rule's class; where there is none, one without a publisher."""
    head = (rule.profile or rules.profile, rule.number, rule.event_class, rule.source)
    concerned = [a for a in opened if not rule.event_class or rule.event_class in map(event_class, a.tables)]
    for assigned in concerned:
        kernel = rule.id in assigned.enforced
        dropped = None if kernel else assigned.stream.dropped.get(rule.id, 0)
        yield (*head, assigned.publisher.name, assigned.publisher.enforces if kernel else "collector", dropped)
    if not concerned:
        yield (*head, "", "", 0)
