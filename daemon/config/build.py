"""From files to a `Config`: sections merged, queries and packs taken apart, everything odd told as a fault.

A fault costs what it is about, no more: a query that cannot be is left out, the others run.
"""

from __future__ import annotations

import glob
import hashlib
import os
import re

from ...events.config import options as event_options
from ...events.exclusion.profiles import SECTION, Profiles
from ...vtables.errors import ConfigError
from .model import Config, DatabaseTable, Fault, Pack, ScheduledQuery, of
from .options import OPTIONS, WITHOUT_MEANING, Options, parse
from .reader import Document, parsed, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

# What osquery's `version` of a query is compared with: its schema is the one that ours is compatible with.
COMPATIBLE = (5, 23, 0)
MOST_INTERVAL = 592_200
_OURS = frozenset(("", "linux", "posix", "any", "all"))
SECTIONS = frozenset(
    (
        *("options", "schedule", "packs", "decorators", "file_paths", "exclude_paths", "file_accesses", "events"),
        *("views", "auto_table_construction", SECTION),
    )
)
# Sections of osquery's that are for parts that are not here.
_ELSEWHERE = frozenset(("yara", "prometheus_targets", "feature_vectors", "kafka_topics", "file_paths_query"))
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def load(path: str, *, shard: Callable[[], int] | None = None, given: Mapping[str, Any] | None = None) -> Config:
    """The configuration at `path` with what is in `path.d/*.conf` or `*.json`, later files over earlier ones. Options
    that were `given` on the command line count before all of them.

    Raises ConfigError for a file that cannot be used at all; all else is in `Config.faults`.
    """
    documents = [read(path)]
    for more in sorted(name for ending in ("conf", "json") for name in glob.glob(f"{glob.escape(path)}.d/*.{ending}")):
        documents.append(read(more))
    return Builder(documents, shard or host_shard, given).config()


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
        self, documents: list[Document], shard: Callable[[], int], given: Mapping[str, Any] | None = None
    ) -> None:
        self.faults: list[Fault] = []
        self._given = dict(given or {})
        self._documents = documents
        self._shard = shard

    def config(self) -> Config:
        """The whole."""
        for document in self._documents:
            self._look_over(document)
        options = Options(self._options())
        first = self._documents[0]
        merged = {name: self._merged(name) for name in ("file_paths", "exclude_paths", "events")}
        accesses = [name for d in self._documents for name in of(d.value.get("file_accesses"), list)]
        events = event_options({**merged, "file_accesses": accesses}, first.file)
        events.keep_seconds = events.keep_seconds if "keep_seconds" in merged["events"] else options.events_expiry
        events.keep_rows = events.keep_rows if "keep_rows" in merged["events"] else options.events_max
        config = Config(options, events, self._profiles(merged["events"]).rules())
        config.wants_events = bool(merged["events"] or any(events.file_paths.values()))
        config.texts = [(document.file, document.text) for document in self._documents]
        config.packs = [self._main(options)]
        for document in self._documents:
            config.packs += self._packs(document, options)
        self._decorators(config)
        config.views = {name: sql for name, sql in self._merged("views").items() if isinstance(sql, str)}
        config.tables = list(self._tables())
        self._unique(config)
        config.faults = self.faults
        texts = "\0".join(document.text for document in self._documents)
        config.digest = hashlib.sha256(texts.encode("utf-8", "surrogateescape")).hexdigest()
        return config

    def _fault(self, document: Document, path: tuple[str | int, ...], message: str, *, note: bool = False) -> None:
        rule = ".".join(map(str, path))
        self.faults.append(Fault(document.file, document.line(*path), rule, message, note=note))

    def _look_over(self, document: Document) -> None:
        """Sections that there are not, and members that stand twice."""
        for name, value in document.value.items():
            if name in _ELSEWHERE:
                self._fault(document, (name,), "is accepted, and without meaning here", note=True)
            elif name not in SECTIONS:
                self._fault(document, (name,), "is no section of a configuration")
            elif name == "file_accesses":
                if not isinstance(value, list):
                    self._fault(document, (name,), "is no list of categories")
            elif not isinstance(value, dict):
                self._fault(document, (name,), "is no object, and is passed over")
                document.value[name] = {}
        for path, line in document.positions.duplicates.items():
            rule = ".".join(map(str, path))
            self.faults.append(Fault(document.file, line, rule, "stands there twice; the last one counts"))

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
                    message = "is an option of osquery's, without meaning here"
                    self._fault(document, ("options", name), message, note=True)
                elif name not in OPTIONS:
                    self._fault(document, ("options", name), "is no option")
                else:
                    try:
                        found[name] = parse(name, value)
                    except ValueError as error:
                        self._fault(document, ("options", name), f"{error}; the default counts")
        return {**found, **self._given}

    def _main(self, options: Options) -> Pack:
        main = Pack("main", "", "", 0, (), True)
        for document in self._documents:
            entries = of(document.value.get("schedule"), dict)
            main.queries += self._queries(document, ("schedule",), entries, "", "", options)
        return main

    def _queries(
        self,
        document: Document,
        path: tuple[str | int, ...],
        entries: dict[str, Any],
        prefix: str,
        pack: str,
        options: Options,
    ) -> Iterator[ScheduledQuery]:
        for name, entry in entries.items():
            here = (*path, name)
            if not isinstance(entry, dict):
                self._fault(document, here, "is no object with a query, and is left out")
                continue
            sql = entry.get("query")
            if not isinstance(sql, str) or not sql.strip():
                self._fault(document, here, "has no query, and is left out")
                continue
            interval = self._interval(document, here, entry, options)
            if interval is None or not self._meant(document, here, entry):
                continue
            yield ScheduledQuery(
                prefix + name,
                sql.strip(),
                interval,
                snapshot=self._flag(document, here, entry, "snapshot", False),
                removed=self._flag(document, here, entry, "removed", True),
                denylist=self._flag(document, here, entry, "denylist", True),
                pack=pack,
                file=document.file,
                line=document.line(*here),
            )

    def _interval(
        self, document: Document, path: tuple[str | int, ...], entry: dict[str, Any], options: Options
    ) -> int | None:
        given = entry.get("interval", options.schedule_default_interval)
        try:
            interval = -1 if isinstance(given, (bool, float)) else int(given)
        except (TypeError, ValueError):
            interval = -1
        if not 0 < interval < MOST_INTERVAL:
            self._fault(
                document, (*path, "interval"), f"{given!r} is no interval (1 to {MOST_INTERVAL} s): it does not run"
            )
            return None
        return interval

    def _flag(
        self, document: Document, path: tuple[str | int, ...], entry: dict[str, Any], name: str, default: bool
    ) -> bool:
        value = entry.get(name, default)
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        if value in (0, 1):
            return bool(value)
        self._fault(document, (*path, name), f"{value!r} is neither true nor false; {str(default).lower()} counts")
        return default

    def _meant(self, document: Document, path: tuple[str | int, ...], entry: dict[str, Any]) -> bool:
        """Whether platform, version and shard fit this host."""
        platforms = {word.strip().lower() for word in str(entry.get("platform") or "").split(",")}
        if platforms.isdisjoint(_OURS):
            return False
        wanted = str(entry.get("version") or "")
        if wanted and _numbers(wanted) > COMPATIBLE:
            return False
        return self._in_shard(self._number(document, path, entry, "shard"))

    def _in_shard(self, shard: int) -> bool:
        return not 0 < shard < 100 or self._shard() <= shard

    def _number(self, document: Document, path: tuple[str | int, ...], entry: dict[str, Any], name: str) -> int:
        value = entry.get(name, 0)
        try:
            return int(value)
        except (TypeError, ValueError):
            self._fault(document, (*path, name), f"{value!r} is no number; 0 counts")
            return 0

    def _packs(self, document: Document, options: Options) -> Iterator[Pack]:
        for name, value in of(document.value.get("packs"), dict).items():
            path: tuple[str | int, ...] = ("packs", name)
            if isinstance(value, dict):
                yield self._pack(document, path, name, value, options)
            elif not isinstance(value, str) or "\0" in value:
                self._fault(document, path, "is neither a pack nor the path of one, and is left out")
            else:
                yield from self._pack_files(document, path, name, value, options)

    def _pack_files(
        self, document: Document, path: tuple[str | int, ...], name: str, pattern: str, options: Options
    ) -> Iterator[Pack]:
        """A pack by its path; where the name is `*`, each file that the pattern finds is a pack of its own name."""
        whole = os.path.join(os.path.dirname(document.file), pattern)
        files = sorted(glob.glob(whole)) if glob.has_magic(whole) else [whole]
        if not files:
            self._fault(document, path, f"there is no file {pattern}")
        for file in files:
            own = os.path.splitext(os.path.basename(file))[0] if name == "*" else name
            try:
                inner = read(file)
            except ConfigError as error:
                self._fault(document, path, f"the pack is left out: {error.message}")
                continue
            # A file may be a configuration with one pack, or several, in it.
            if "queries" not in inner.value and isinstance(inner.value.get("packs"), dict):
                for inside, pack in inner.value["packs"].items():
                    yield self._pack(inner, ("packs", inside), inside, of(pack, dict), options)
            else:
                yield self._pack(inner, (), own, inner.value, options)

    def _pack(
        self, document: Document, path: tuple[str | int, ...], name: str, value: dict[str, Any], options: Options
    ) -> Pack:
        discovery = value.get("discovery", [])
        if not isinstance(discovery, list) or not all(isinstance(sql, str) for sql in discovery):
            self._fault(document, (*path, "discovery"), "is no list of queries: the pack is not active")
            discovery = ["SELECT 1 WHERE 0"]
        pack = Pack(
            name,
            str(value.get("platform") or ""),
            str(value.get("version") or ""),
            self._number(document, path, value, "shard"),
            discovery,
            self._meant(document, path, value),
        )
        queries = value.get("queries", value.get("schedule", {}))
        if not isinstance(queries, dict):
            self._fault(document, (*path, "queries"), "is no object of queries")
            queries = {}
        prefix = f"pack{options.pack_delimiter}{name}{options.pack_delimiter}"
        pack.queries += self._queries(document, (*path, "queries"), queries, prefix, name, options)
        return pack

    def _decorators(self, config: Config) -> None:
        for document in self._documents:
            section = of(document.value.get("decorators"), dict)
            for name, into in (("load", config.decorators.load), ("always", config.decorators.always)):
                into += [sql for sql in of(section.get(name), list) if isinstance(sql, str)]
            for text, queries in of(section.get("interval"), dict).items():
                if not text.isdigit() or int(text) % 60 or not int(text):
                    self._fault(document, ("decorators", "interval", text), "is no multiple of 60 seconds: left out")
                else:
                    known = config.decorators.interval.setdefault(int(text), [])
                    known += [sql for sql in of(queries, list) if isinstance(sql, str)]

    def _tables(self) -> Iterator[DatabaseTable]:
        for document in self._documents:
            for name, value in of(document.value.get("auto_table_construction"), dict).items():
                path = ("auto_table_construction", name)
                entry = of(value, dict)
                columns = entry.get("columns")
                texts = [entry.get("query"), entry.get("path"), *(columns if isinstance(columns, list) else [None])]
                if not _NAME.fullmatch(name) or len(texts) < 3 or not all(isinstance(text, str) for text in texts):
                    self._fault(document, path, "needs a name, query, path and columns, and is left out")
                else:
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


def _numbers(version: str) -> tuple[int, ...]:
    """
    >>> _numbers("1.4.5"), _numbers("5.x")
    ((1, 4, 5), (5, 0))
    """
    return tuple(int(part) if part.isdigit() else 0 for part in version.split("."))
