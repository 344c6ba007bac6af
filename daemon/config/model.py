"""`Config`: what a configuration says, after packs, platforms, versions and shards were looked at."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from ...events.exclusion.rules import Rules
    from ...events.options import Options as EventOptions
    from .options import Options


class Fault:
    """Something that is wrong: where, in which rule ('schedule.NAME.interval'), and what. `fatal` ones cost more than
    themselves: the file is not used. A `note` costs nothing: what it is about is accepted, and does nothing here."""

    __slots__ = ("fatal", "file", "line", "message", "note", "rule")

    def __init__(
        self, file: str, line: int, rule: str, message: str, *, fatal: bool = False, note: bool = False
    ) -> None:
        self.file = file
        self.line = line
        self.rule = rule
        self.message = message
        self.fatal = fatal
        self.note = note

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        place = f"{place}: note" if self.note else place
        return f"{place}: {self.rule}: {self.message}" if self.rule else f"{place}: {self.message}"


class ScheduledQuery:
    """A query and when it runs.

    name      as it is logged, with the pack's name before it
    interval  seconds
    snapshot  log all rows each time; else what was added and removed since the last time
    removed   whether removed rows are logged
    denylist  whether it may be denied for breaking limits
    pack      the pack it is from, '' for the schedule itself
    """

    __slots__ = ("denylist", "file", "interval", "line", "name", "pack", "removed", "snapshot", "sql")

    def __init__(
        self,
        name: str,
        sql: str,
        interval: int,
        *,
        snapshot: bool = False,
        removed: bool = True,
        denylist: bool = True,
        pack: str = "",
        file: str = "",
        line: int = 0,
    ) -> None:
        self.name = name
        self.sql = sql
        self.interval = interval
        self.snapshot = snapshot
        self.removed = removed
        self.denylist = denylist
        self.pack = pack
        self.file = file
        self.line = line


class Pack:
    """A pack: whether it is meant for this host, and the queries that decide whether it is active.

    discovery  queries that must all give a row
    meant      whether platform, version and shard fit
    """

    __slots__ = ("discovery", "meant", "name", "platform", "queries", "shard", "version")

    def __init__(
        self, name: str, platform: str, version: str, shard: int, discovery: Sequence[str], meant: bool
    ) -> None:
        self.name = name
        self.platform = platform
        self.version = version
        self.shard = shard
        self.discovery = tuple(discovery)
        self.meant = meant
        self.queries: list[ScheduledQuery] = []


class Decorators:
    """Queries whose columns go onto each line: run at load, before each query, every so many seconds (times of 60)."""

    __slots__ = ("always", "interval", "load")

    def __init__(self) -> None:
        self.load: list[str] = []
        self.always: list[str] = []
        self.interval: dict[int, list[str]] = {}


class DatabaseTable:
    """A table over SQLite files (`auto_table_construction`): the files, the query, the columns it gives."""

    __slots__ = ("columns", "name", "path", "query")

    def __init__(self, name: str, path: str, query: str, columns: Sequence[str]) -> None:
        self.name = name
        self.path = path
        self.query = query
        self.columns = tuple(columns)


class Config:
    """All of it. `packs` has the schedule itself first, as pack 'main'; `faults` is what was passed over, and why."""

    def __init__(self, options: Options, events: EventOptions, rules: Rules) -> None:
        self.options = options
        self.events = events
        self.rules = rules
        self.packs: list[Pack] = []
        self.decorators = Decorators()
        self.views: Mapping[str, str] = {}
        self.tables: list[DatabaseTable] = []
        self.faults: list[Fault] = []
        # Of files that packs are read from.
        self.pack_patterns: Sequence[str] = ()
        # (file, text) of what was read, to read it again where the files are broken by then.
        self.texts: list[tuple[str, str]] = []
        # SHA-256 of what was read.
        self.digest = ""
        # Whether `events` or `file_paths` ask for a collector, whatever the queries name.
        self.wants_events = False

    def queries(self) -> list[ScheduledQuery]:
        """The queries of all packs that are meant for this host."""
        return [query for pack in self.packs if pack.meant for query in pack.queries]

    def statements(self) -> Iterator[str]:
        """All that is run on this host: scheduled queries, discovery queries, decorators."""
        for pack in self.packs:
            if pack.meant:
                yield from (query.sql for query in pack.queries)
                yield from pack.discovery
        yield from (*self.decorators.load, *self.decorators.always)
        for queries in self.decorators.interval.values():
            yield from queries


def of(value: Any, kind: type) -> Any:
    """A value if it is of this kind, else an empty one."""
    return value if isinstance(value, kind) else kind()
