"""Queries and packs of a configuration: which are meant for this host, and what is wrong with others."""

from __future__ import annotations

import os

from ...vtables.errors import ConfigError
from .keys import PACK, PACK_PATHS, QUERY, unknown
from .model import Pack, ScheduledQuery, of
from .values import MAX_INTERVAL, boolean, is_for_linux, matching_files, version, whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from ...events.document import Document
    from .options import Options

    Path = tuple["str | int", ...]

# What osquery's `version` of a query is compared with: its schema is the one that ours is compatible with.
COMPATIBLE = (5, 23, 0)


class Queries:
    """Takes schedules and packs apart.

    paths     what packs that are meant for this host add to `file_paths` and `exclude_paths`: by category
    patterns  of files of packs
    """

    def __init__(
        self,
        options: Options,
        fault: Callable[..., None],
        read: Callable[[str], Document],
        shard: Callable[[], int],
    ) -> None:
        """`fault(document, path, message, note=False)` reports what is wrong, `read` reads another file."""
        self.paths: dict[str, dict[str, Any]] = {name: {} for name in PACK_PATHS}
        self.patterns: list[str] = []
        self._options = options
        self._fault = fault
        self._read = read
        self._shard = shard

    def schedule(self, document: Document) -> Iterator[ScheduledQuery]:
        """The queries of `schedule`."""
        return self._queries(document, ("schedule",), of(document.value.get("schedule"), dict), "", "")

    def packs(self, document: Document) -> Iterator[Pack]:
        """The packs of `packs`, those in other files too."""
        for name, value in of(document.value.get("packs"), dict).items():
            path: Path = ("packs", name)
            if isinstance(value, dict):
                yield self._pack(document, path, name, value)
            elif not isinstance(value, str) or "\0" in value:
                self._fault(document, path, "is neither a pack nor the path of one, and is left out")
            else:
                yield from self._pack_files(document, path, name, value)

    def _pack_files(self, document: Document, path: Path, name: str, pattern: str) -> Iterator[Pack]:
        """A pack by its path; where the name is `*`, each file that the pattern finds is a pack of its own name."""
        whole_pattern = os.path.join(os.path.dirname(document.file), pattern)
        self.patterns.append(whole_pattern)
        files = matching_files(whole_pattern)
        if not files:
            self._fault(document, path, f"the pack is left out: there is no file {pattern}")
        for file in files:
            own = os.path.splitext(os.path.basename(file))[0] if name == "*" else name
            try:
                inner = self._read(file)
            except ConfigError as error:
                self._fault(document, path, f"the pack is left out: {error.message}")
                continue
            # A file may be a configuration with one pack, or several, in it.
            if "queries" not in inner.value and isinstance(inner.value.get("packs"), dict):
                for inside, pack in inner.value["packs"].items():
                    yield self._pack(inner, ("packs", inside), inside, of(pack, dict))
            else:
                yield self._pack(inner, (), own, inner.value)

    def _pack(self, document: Document, path: Path, name: str, value: dict[str, Any]) -> Pack:
        self._keys(document, path, value, PACK)
        discovery = value.get("discovery") or []
        if not isinstance(discovery, list) or not all(isinstance(sql, str) for sql in discovery):
            self._fault(document, (*path, "discovery"), "is no list of queries: the pack is not active")
            discovery = ["SELECT 1 WHERE 0"]
        pack = Pack(
            name,
            str(value.get("platform") or ""),
            str(value.get("version") or ""),
            self._shard_of(document, path, value, report=False),
            discovery,
            self._meant(document, path, value),
        )
        given = [section for section in ("queries", "schedule") if value.get(section) is not None]
        if not given and not any(section in value for section in PACK_PATHS):
            self._fault(document, path, "has no queries")
        prefix = f"pack{self._options.pack_delimiter}{name}{self._options.pack_delimiter}"
        for section in given:
            if isinstance(value[section], dict):
                pack.queries += self._queries(document, (*path, section), value[section], prefix, name)
            else:
                self._fault(document, (*path, section), "is no object of queries")
        for section in PACK_PATHS if pack.meant else ():
            for category, patterns in of(value.get(section), dict).items():
                known = self.paths[section].setdefault(category, [])
                if isinstance(patterns, list):
                    known += patterns
                else:
                    self._fault(document, (*path, section, category), "is no list of paths, and is left out")
        return pack

    def _queries(
        self, document: Document, path: Path, entries: dict[str, Any], prefix: str, pack: str
    ) -> Iterator[ScheduledQuery]:
        for name, entry in entries.items():
            here = (*path, name)
            if not isinstance(entry, dict):
                self._fault(document, here, "is no object with a query, and is left out")
                continue
            self._keys(document, here, entry, QUERY)
            sql = entry.get("query")
            if not isinstance(sql, str) or not sql.strip():
                self._fault(document, here, "has no query, and is left out")
                continue
            meant = self._meant(document, here, entry)
            interval = self._interval(document, here, entry)
            if interval is None or not meant:
                continue
            denylist = "blacklist" if "blacklist" in entry and "denylist" not in entry else "denylist"
            yield ScheduledQuery(
                prefix + name,
                sql.strip(),
                interval,
                snapshot=self._flag(document, here, entry, "snapshot", False),
                removed=self._flag(document, here, entry, "removed", True),
                denylist=self._flag(document, here, entry, denylist, True),
                pack=pack,
                file=document.file,
                line=document.line(*here),
            )

    def _keys(self, document: Document, path: Path, entry: dict[str, Any], known: frozenset[str]) -> None:
        for key, message in unknown(entry, known):
            self._fault(document, (*path, key), message)

    def _interval(self, document: Document, path: Path, entry: dict[str, Any]) -> int | None:
        given = entry.get("interval")
        given = self._options.schedule_default_interval if given is None else given
        try:
            interval = whole(given)
        except ValueError:
            interval = 0
        if not 0 < interval <= MAX_INTERVAL:
            self._fault(
                document, (*path, "interval"), f"{given!r} is no interval (1 to {MAX_INTERVAL} s): it does not run"
            )
            return None
        return interval

    def _flag(self, document: Document, path: Path, entry: dict[str, Any], name: str, default: bool) -> bool:
        value = entry.get(name)
        try:
            return default if value is None else boolean(value)
        except ValueError as error:
            self._fault(document, (*path, name), f"{error}; using {str(default).lower()}")
            return default

    def _meant(self, document: Document, path: Path, entry: dict[str, Any]) -> bool:
        """Whether platform, version and shard fit this host."""
        ours, names = is_for_linux(entry.get("platform"))
        for name in names:
            self._fault(document, (*path, "platform"), f"unknown platform {name!r}")
        wanted = str(entry.get("version") or "")
        shard = self._shard_of(document, path, entry)
        if not ours or (wanted and version(wanted) > COMPATIBLE):
            return False
        return not 0 < shard < 100 or self._shard() <= shard

    def _shard_of(self, document: Document, path: Path, entry: dict[str, Any], *, report: bool = True) -> int:
        """The percentage of hosts; 0 for all."""
        value = entry.get("shard")
        try:
            shard = 0 if value is None else whole(value)
            if not 0 <= shard <= 100:
                raise ValueError(f"{value!r} is no percentage of hosts (0 to 100)")
        except ValueError as error:
            if report:
                self._fault(document, (*path, "shard"), f"{error}; it runs on all hosts")
            return 0
        return shard
