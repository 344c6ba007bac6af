"""`Trial`: what exclusion rules would have dropped of the events in a buffer; nothing is changed."""

from __future__ import annotations

import os
import time
from bisect import bisect_right

import apsw

from ...vtables.sources.sqlite_files import check_readable, connect
from ..catalog import catalog
from ..context import Contexts
from ..stream import event_class
from ..table import EventTable
from .match import mask_matcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ..context import Context
    from .rules import Rule, Rules

# Events of each rule that are shown.
SAMPLES = 3
# What tells an event of a table to a person; of other tables, their first texts.
_TELLING = {
    "process_events": ("cmdline", "path"),
    "socket_events": ("action", "remote_address", "remote_port", "local_port", "path"),
    "dns_events": ("name", "exe"),
    "file_events": ("action", "target_path"),
    "process_file_events": ("operation", "path", "dest_path"),
    "user_events": ("type_name", "account", "message"),
}
_UNKNOWN: Context = ("", None, "", "", "", "")


class Trial:
    """Rules over a buffer's events since a time (Unix seconds).

    events    events looked at
    dropped   those that at least one rule matches
    matched   {rule id: events it matches}, whether or not another does as well
    samples   {rule id: some of those, in words}
    unknown   events whose process or parent is not known any more: rules about comm or parent_path did not match
    """

    def __init__(self, path: str, rules: Rules, since: int) -> None:
        """Raises OSError where the buffer cannot be read, apsw.Error where it is none."""
        self.events = self.dropped = self.unknown = 0
        self.matched = {rule.id: 0 for rule in rules.rules}
        self.samples: dict[int, list[str]] = {rule.id: [] for rule in rules.rules}
        check_readable(path)
        self._connection = connect(path, apsw.SQLITE_OPEN_READONLY)
        try:
            self._connection.set_busy_timeout(2000)
            for name in self._tables():
                self._try(name, rules.of_class(event_class(name)), since)
            self._publishers = self._running()
            self._enforced = self._in_force()
        finally:
            self._connection.close(True)

    def where(self, rule: Rule, rules: Rules) -> str:
        """Where the rule would be decided, by publisher: as a collector says that has it in force, or as the publishers
        say."""
        if rule.key in self._enforced:
            return self._enforced[rule.key]
        from ..publishers import all_publishers

        found = []
        for kind in sorted(all_publishers(), key=lambda kind: kind.tier):
            tables = self._publishers.get(kind.name, kind.tables) if self._publishers else kind.tables
            if self._publishers and kind.name not in self._publishers:
                continue
            if not rule.event_class or rule.event_class in map(event_class, tables):
                where = kind.enforces if rule.id in kind.decides(rules, frozenset(tables)) else "collector"
                found.append(f"{kind.name}: {where}")
        return ", ".join(found)

    def _tables(self) -> Iterator[str]:
        present = {name for (name,) in self._connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        tables = catalog()
        for name in tables:
            if name in present and tables.subject(name) == "events" and issubclass(tables.load(name), EventTable):
                yield name

    def _try(self, table: str, rules: tuple[Rule, ...], since: int) -> None:
        cursor = self._connection.execute(f'SELECT * FROM "{table}" WHERE time >= ? ORDER BY eid', (since,))
        first = next(cursor, None)
        if first is None:
            return
        columns = tuple(name for name, _ in cursor.get_description())
        asks_who = any(rule.fields() & {"comm", "parent_path"} for rule in rules)
        contexts = Recorded(self._connection if asks_who else None)
        match = mask_matcher(rules, table, columns, contexts)
        when = columns.index("time")
        row: Any = first
        while row is not None:
            contexts.now = row[when] or 0
            mask = match(row)
            self.events += 1
            self.unknown += contexts.missed()
            if mask:
                self.dropped += 1
                self._count(rules, mask, table, columns, row)
            row = next(cursor, None)

    def _count(self, rules: tuple[Rule, ...], mask: int, table: str, columns: tuple[str, ...], row: Any) -> None:
        while mask:
            rule = rules[(mask & -mask).bit_length() - 1]
            mask &= mask - 1
            self.matched[rule.id] += 1
            samples = self.samples[rule.id]
            if len(samples) < SAMPLES:
                said = _said(table, columns, row)
                if said not in samples:
                    samples.append(said)

    def _running(self) -> dict[str, tuple[str, ...]]:
        """{publisher: its tables} of a collector that wrote the buffer."""
        sql = "SELECT name, tables FROM event_publishers WHERE state IN ('running', 'stopped')"
        return {name: tuple(tables.split(",")) for name, tables in self._connection.execute(sql) if tables}

    def _in_force(self) -> dict[tuple[str, str], str]:
        sql = "SELECT profile, fields, publisher || ': ' || enforced FROM event_exclusions WHERE publisher <> ''"
        found: dict[tuple[str, str], str] = {}
        for profile, fields, where in self._connection.execute(sql):
            found[profile, fields] = f"{found[profile, fields]}, {where}" if (profile, fields) in found else where
        return found


class Recorded(Contexts):
    """Who a process was when an event happened, by the programs that the buffer saw start; by /proc where it still runs
    and has since before the event. `now` is the event's time."""

    def __init__(self, connection: apsw.Connection | None) -> None:
        super().__init__()
        self.now = 0
        self._missed = False
        # {pid: (times of its execs, paths of the programs)}
        self._starts: dict[int, tuple[list[int], list[str]]] = {}
        if connection is not None:
            sql = "SELECT pid, time, coalesce(nullif(exe, ''), path), path FROM process_events ORDER BY time, eid"
            for pid, when, exe, path in connection.execute(sql):
                times, programs = self._starts.setdefault(pid, ([], []))
                times.append(when)
                programs.append((exe or "", path or ""))  # type: ignore[arg-type]

    def of(self, pid: int) -> Context:
        """The executable alone."""
        started = self._started(pid)
        if started is not None:
            return (started[0], *_UNKNOWN[1:])
        return super().of(pid) if self._lives_since(pid) else _UNKNOWN

    def comm(self, pid: int) -> str:
        """The command name, as the exec set it."""
        from .match import comm_of

        started = self._started(pid)
        if started is not None:
            return comm_of(started[1])
        return super().comm(pid) if self._lives_since(pid) else ""

    def missed(self) -> bool:
        """Whether a process was asked for that nothing is known of, since the last call."""
        missed, self._missed = self._missed, False
        return missed

    def _started(self, pid: int) -> tuple[str, str] | None:
        times, programs = self._starts.get(pid, ((), ()))
        place = bisect_right(times, self.now)
        return programs[place - 1] if place else None  # type: ignore[return-value]

    def _lives_since(self, pid: int) -> bool:
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:
                ticks = int(file.read().rpartition(b")")[2].split()[19])
        except (OSError, IndexError, ValueError):
            self._missed = True
            return False
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
        self._missed = time.time() - age > self.now + 1
        return not self._missed


def _said(table: str, columns: tuple[str, ...], row: Any) -> str:
    event = dict(zip(columns, row))
    names = _TELLING.get(table) or [name for name in columns if isinstance(event[name], str)][:3]
    if table == "process_events" and event.get("cmdline"):
        names = ("cmdline",)
    return " ".join([str(event[name]) for name in names if event.get(name) not in (None, "", 0)])
