"""`Assignment`: which publisher feeds which event tables: of those that work, the best."""

from __future__ import annotations

import time

from .publisher import Counters
from .stream import event_class

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from .exclusion.rules import Rule, Rules
    from .publisher import Publisher, Unavailable
    from .store import Store
    from .stream import Stream
    from .table import EventTable

# Seconds before a publisher that broke is tried again; doubled each time, up to the last.
BACKOFF = (1.0, 60.0)
# Seconds it must have run for the backoff to begin anew.
FORGIVEN = 300.0


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
        self.opened_at = 0.0
        # Unix seconds since when it does not run, where it ran before.
        self.broke_at: int | None = None
        self.broke = ""
        # Whether it runs without a table that it was given since.
        self.outdated = False
        # Tables it could feed elsewhere, and why not here.
        self.refused: dict[str, str] = {}
        self.fd: int | None = None
        self.enforced: frozenset[int] = frozenset()
        self._past = Counters()
        self._wait = BACKOFF[0]

    def unavailable(self, why: Unavailable) -> None:
        """It cannot work on this host."""
        self.state = "unavailable"
        self.reason = f"{why.reason}; {why.hint}" if why.hint else why.reason

    def cannot_feed(self, unfed: Mapping[str, Unavailable]) -> None:
        """It runs, but not for these tables."""
        self.refused = {table: why.reason for table, why in unfed.items()}
        self.tables -= frozenset(unfed)

    def failed(self, reason: str) -> None:
        """It broke: to be tried again, later each time."""
        self.state, self.reason = "restarting", reason
        if self.broke_at is None:
            self.broke_at, self.broke = int(time.time()), f"{self.publisher.name} broke: {reason}"
        self.restarts += 1
        # One that ran for long does not pay for what was long ago.
        if time.monotonic() - self.opened_at > FORGIVEN:
            self._wait = BACKOFF[0]
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
            self._give(name)

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

    def reconsider(self, changed: set[str]) -> list[Assigned]:
        """Settings of these names changed: those that run and look at them, to be opened anew. Those that could not
        work before may be able to now, and get their tables back from the next best."""
        affected = [a for a in self._all if changed.intersection(a.publisher.settings)]
        for assigned in affected:
            assigned.refused = {}
            if assigned.state == "unavailable":
                assigned.state, assigned.reason = "standby", ""
        for name in self._tables:
            before = self._feeding(name)
            best = next(iter(self._able(name)), None)
            if best is not None and best is not before:
                best.tables |= {name}
                if before is not None:
                    before.tables -= {name}
                    affected.append(before)
        return [a for a in dict.fromkeys(affected) if a.state == "running"]

    def pass_on(self, tables: Iterable[str]) -> None:
        """Give tables to the best of those that may be able to feed them."""
        for name in tables:
            self._give(name)

    def report(self, rules: Rules, store: Store, problem: str = "") -> dict[str, list[tuple[Any, ...]]]:
        """The rows of event_publishers, event_exclusions and osquery_events; `problem` concerns all."""
        return {
            "event_publishers": [_publisher_row(assigned, store, problem) for assigned in self._all],
            "event_exclusions": [row for rule in rules.rules for row in _exclusion_rows(rule, rules, self.opened())],
            "osquery_events": self._osquery_rows(store),
        }

    def _give(self, table: str) -> None:
        for assigned in self._able(table):
            assigned.tables |= {table}
            assigned.outdated = assigned.state == "running"
            return

    def _able(self, table: str) -> Iterator[Assigned]:
        """Those that may be able to feed a table, the best first."""
        for name in self._tables[table].publishers:
            for assigned in self._all:
                fits = assigned.publisher.name == name and table in assigned.publisher.tables
                if fits and assigned.state != "unavailable" and table not in assigned.refused:
                    yield assigned

    def _feeding(self, table: str) -> Assigned | None:
        return next((a for a in self._all if table in a.tables), None)

    def _osquery_rows(self, store: Store) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = []
        for a in self._all:
            active = a.state == "running"
            stored = a.stream.stored if active else 0
            rows.append((a.publisher.name, a.publisher.name, "publisher", len(a.tables), stored, a.restarts, active))
        for name in self._tables:
            feeding = [a.publisher.name for a in self.opened() if name in a.tables]
            publisher = feeding[0] if feeding else ""
            rows.append((name, publisher, "subscriber", len(feeding), store.stored.get(name, 0), 0, bool(feeding)))
        return rows


def _publisher_row(assigned: Assigned, store: Store, problem: str) -> tuple[Any, ...]:
    counters = assigned.counters()
    stream = getattr(assigned, "stream", None)
    stored = stream.stored if stream is not None else 0
    here = stream.excluded if stream is not None else 0
    lost = counters.lost + (stream.unstorable if stream is not None else 0)
    lost += sum(store.dropped.get(name, 0) for name in assigned.tables)
    reason = assigned.reason or store.problem or problem
    if not reason and stream is not None:
        reason = stream.trouble or "; ".join(f"{table}: {why}" for table, why in sorted(assigned.refused.items()))
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
        dropped = assigned.publisher.dropped().get(rule.key)
        if not kernel:
            # In part it may have been decided below.
            dropped = assigned.stream.dropped.get(rule.id, 0) + (dropped or 0)
        yield (*head, assigned.publisher.name, assigned.publisher.enforces if kernel else "collector", dropped)
    if not concerned:
        yield (*head, "", "", 0)
