"""From files to a `Config`: sections merged, queries and packs taken apart, everything odd told as a fault.

A fault costs what it is about, no more: a query that cannot be is left out, the others run.
"""

from __future__ import annotations

import glob
import hashlib
import re

from ...events.config import KEYS as EVENTS
from ...events.config import options as event_options
from ...events.document import Document, parsed, read
from ...events.exclusion.profiles import SECTION, Profiles
from .keys import DECORATORS, TABLE, unknown
from .model import Config, DatabaseTable, Fault, Pack, of
from .options import OPTIONS, WITHOUT_MEANING, Options, parse
from .queries import Queries
from .values import is_for_linux, whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

SECTIONS = frozenset(
    (
        *("options", "schedule", "packs", "decorators", "file_paths", "exclude_paths", "file_accesses", "events"),
        *("views", "auto_table_construction", SECTION),
    )
)
# Sections of osquery's that are for parts that are not here.
_ELSEWHERE = frozenset(("yara", "prometheus_targets", "feature_vectors", "kafka_topics", "file_paths_query"))
# Keys of `events` that are for subscribers of osquery's.
_EVENTS_ELSEWHERE = frozenset(("disable_subscribers", "enable_subscribers", "environment_variables"))
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def load(
    path: str,
    *,
    shard: Callable[[], int] | None = None,
    given: Mapping[str, Any] | None = None,
    reader: Callable[[str], Document] = read,
) -> Config:
    """The configuration at `path` with what is in `path.d/*.conf` or `*.json`, later files over earlier ones. Options
    that were `given` on the command line count before all of them. `reader` reads each file.

    Raises ConfigError for a file that cannot be used at all; all else is in `Config.faults`.
    """
    documents = [reader(path)]
    for more in sorted(name for ending in ("conf", "json") for name in glob.glob(f"{glob.escape(path)}.d/*.{ending}")):
        documents.append(reader(more))
    return Builder(documents, shard or host_shard, given, reader).config()


def load_again(texts: list[tuple[str, str]], given: Mapping[str, Any] | None = None) -> Config:
    """A configuration as it was read before (`Config.texts`). Raises ConfigError."""
    return Builder([parsed(file, text) for file, text in texts], host_shard, given).config()


def host_shard() -> int:
    """This host's number from 1 to 100, always the same: by it a part of a fleet is chosen."""
    from .identity import machine_id

    return int(hashlib.md5(machine_id().encode(), usedforsecurity=False).hexdigest()[:8], 16) % 100 + 1


class Builder:
    """Takes documents apart; `faults` grows meanwhile."""

    def __init__(
        self,
        documents: list[Document],
        shard: Callable[[], int],
        given: Mapping[str, Any] | None = None,
        reader: Callable[[str], Document] = read,
    ) -> None:
        self.faults: list[Fault] = []
        self._given = dict(given or {})
        self._documents = documents
        self._shard = shard
        self._reader = reader

    def config(self) -> Config:
        """The whole."""
        for document in self._documents:
            self._look_over(document)
        options = Options(self._options())
        queries = Queries(options, self._fault, self._read, self._shard)
        main = Pack("main", "", "", 0, (), True)
        packs = [main]
        for document in self._documents:
            main.queries += queries.schedule(document)
            packs += queries.packs(document)
        merged = {name: self._merged(name) for name in ("file_paths", "exclude_paths", "events")}
        for section, categories in queries.paths.items():
            for category, patterns in categories.items():
                known = merged[section].get(category)
                merged[section][category] = [*(known if isinstance(known, list) else ()), *patterns]
        accesses = [name for d in self._documents for name in of(d.value.get("file_accesses"), list)]
        first = self._documents[0]
        events = event_options({**merged, "file_accesses": accesses}, first.file, self._fault_somewhere)
        for category in events.exclude_paths:
            if category not in events.file_paths:
                self._fault_somewhere(("exclude_paths", category), "there is no such category in file_paths")
        for category in events.file_accesses:
            if category not in events.file_paths:
                self._fault_somewhere(("file_accesses",), f"there is no category {category} in file_paths")
        events.keep_seconds = events.keep_seconds if "keep_seconds" in merged["events"] else options.events_expiry
        events.keep_rows = events.keep_rows if "keep_rows" in merged["events"] else options.events_max
        config = Config(options, events, self._profiles(merged["events"]).rules())
        config.wants_events = bool(merged["events"] or any(events.file_paths.values()))
        config.texts = [(document.file, document.text) for document in self._documents]
        config.packs = packs
        config.pack_patterns = queries.patterns
        self._decorators(config)
        config.views = self._views()
        config.tables = list(self._tables())
        self._unique(config)
        config.faults = self.faults
        texts = "\0".join(document.text for document in self._documents)
        config.digest = hashlib.sha256(texts.encode("utf-8", "surrogateescape")).hexdigest()
        return config

    def _fault(self, document: Document, path: tuple[str | int, ...], message: str, *, note: bool = False) -> None:
        rule = ".".join(map(str, path))
        self.faults.append(Fault(document.file, document.line(*path), rule, message, note=note))

    def _fault_somewhere(self, path: tuple[str | int, ...], message: str) -> None:
        """Of a section that was merged: the last file that has it."""
        having = [document for document in self._documents if document.line(*path[:2])]
        self._fault((having or self._documents)[-1], path, message)

    def _read(self, file: str) -> Document:
        document = self._reader(file)
        self._duplicates(document)
        return document

    def _duplicates(self, document: Document) -> None:
        for path, line in document.positions.duplicates.items():
            rule = ".".join(map(str, path))
            self.faults.append(Fault(document.file, line, rule, "duplicate key; the last one is used"))

    def _look_over(self, document: Document) -> None:
        """Sections that there are not, and members that stand twice."""
        for name, value in document.value.items():
            if name in _ELSEWHERE:
                self._fault(document, (name,), "has no effect", note=True)
            elif name not in SECTIONS:
                for _, message in unknown([name], SECTIONS):
                    self._fault(document, (name,), message.replace("key", "section"))
            elif name == "file_accesses":
                if not isinstance(value, list) or not all(isinstance(category, str) for category in value):
                    self._fault(document, (name,), "is no list of categories")
            elif not isinstance(value, dict):
                self._fault(document, (name,), "is no object, and is passed over")
                document.value[name] = {}
        self._duplicates(document)
        events = of(document.value.get("events"), dict)
        for key in _EVENTS_ELSEWHERE.intersection(events):
            self._fault(document, ("events", key), "has no effect", note=True)
        for key, message in unknown(events, EVENTS | _EVENTS_ELSEWHERE):
            self._fault(document, ("events", key), message)

    def _merged(self, section: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for document in self._documents:
            found.update(of(document.value.get(section), dict))
        return found

    def _profiles(self, events: dict[str, Any]) -> Profiles:
        """Profiles are taken from the document that names them; their faults are fatal, as they cost events."""
        sections = [document for document in self._documents if SECTION in document.value]
        document = sections[-1] if sections else self._documents[0]
        return Profiles({**document.value, "events": events}, document.text, document.file)

    def _options(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for document in self._documents:
            for name, value in of(document.value.get("options"), dict).items():
                if name in WITHOUT_MEANING or name.startswith(("custom_", "aws_", "logger_kafka", "tls_")):
                    self._fault(document, ("options", name), "has no effect", note=True)
                elif name not in OPTIONS:
                    for _, message in unknown([name], OPTIONS):
                        self._fault(document, ("options", name), message.replace("key", "option"))
                else:
                    try:
                        found[name] = parse(name, value)
                    except ValueError as error:
                        self._fault(document, ("options", name), f"{error}; using the default")
                        continue
                    for message in OPTIONS[name].doubts(found[name]):
                        self._fault(document, ("options", name), message)
        if found.get("host_identifier") == "specified" and not found.get("specified_identifier"):
            message = "'specified' requires specified_identifier; using the host's name"
            self._fault_somewhere(("options", "host_identifier"), message)
        return {**found, **self._given}

    def _decorators(self, config: Config) -> None:
        for document in self._documents:
            section = of(document.value.get("decorators"), dict)
            for key, message in unknown(section, DECORATORS):
                self._fault(document, ("decorators", key), message)
            for name, into in (("load", config.decorators.load), ("always", config.decorators.always)):
                into += self._statements(document, ("decorators", name), section.get(name))
            intervals = section.get("interval")
            if intervals is not None and not isinstance(intervals, dict):
                self._fault(document, ("decorators", "interval"), "is no object of intervals, and is left out")
            for text, queries in of(intervals, dict).items():
                path = ("decorators", "interval", text)
                try:
                    seconds = whole(text)
                except ValueError:
                    seconds = 0
                if seconds <= 0 or seconds % 60:
                    self._fault(document, path, "is no multiple of 60 seconds: left out")
                else:
                    known = config.decorators.interval.setdefault(seconds, [])
                    known += self._statements(document, path, queries)

    def _statements(self, document: Document, path: tuple[str | int, ...], value: Any) -> list[str]:
        """The queries of a list."""
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(sql, str) for sql in value):
            self._fault(document, path, "is no list of queries; what is none is left out")
        return [sql for sql in of(value, list) if isinstance(sql, str)]

    def _views(self) -> dict[str, str]:
        found = {}
        for document in self._documents:
            for name, sql in of(document.value.get("views"), dict).items():
                if isinstance(sql, str):
                    found[name] = sql
                else:
                    self._fault(document, ("views", name), "is no query, and is left out")
        return found

    def _tables(self) -> Iterator[DatabaseTable]:
        for document in self._documents:
            for name, value in of(document.value.get("auto_table_construction"), dict).items():
                path = ("auto_table_construction", name)
                entry = of(value, dict)
                columns = entry.get("columns")
                texts = [entry.get("query"), entry.get("path"), *(columns if isinstance(columns, list) else [None])]
                if not _NAME.fullmatch(name) or len(texts) < 3 or not all(isinstance(text, str) for text in texts):
                    self._fault(document, path, "needs a name, query, path and columns, and is left out")
                    continue
                for key, message in unknown(entry, TABLE):
                    self._fault(document, (*path, key), message)
                if is_for_linux(entry.get("platform"))[0]:
                    yield DatabaseTable(name, entry["path"], entry["query"], columns)

    def _unique(self, config: Config) -> None:
        seen: set[str] = set()
        for pack in config.packs:
            for query in list(pack.queries):
                if query.name in seen:
                    self.faults.append(
                        Fault(query.file, query.line, query.name, "is the name of another query; this one is left out")
                    )
                    pack.queries.remove(query)
                seen.add(query.name)
