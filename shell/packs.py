"""The queries of a file: SQL, an osquery configuration or pack (JSON with comments), or a JSON list of queries."""

from __future__ import annotations

import os

from ..daemon.config.values import is_for_linux, matching_files
from ..events.document import plain, text_of, value_of
from ..vtables.database import split
from ..vtables.errors import ConfigError
from ..vtables.sources.text import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Queries:
    """What a source holds: `found`, (name, SQL) in its order, and `skipped`, what was left out and why, in words."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []
        self.skipped: list[str] = []
        self._files: set[str] = set()

    def add_pack(self, prefix: str, pack: Any, file: str) -> None:
        """The queries of a configuration or a pack, and of the packs it names, each file once."""
        self._files.add(os.path.realpath(file))
        if not isinstance(pack, dict):
            self.skipped.append(f"{prefix.rstrip('/') or file} is no pack (expected a JSON object)")
            return
        if not self._ours(prefix.rstrip("/") or file, pack):
            return
        for section in ("schedule", "queries"):
            entries = pack.get(section)
            for name, entry in entries.items() if isinstance(entries, dict) else ():
                self._add(prefix + name, entry)
        packs = pack.get("packs")
        for name, inner in packs.items() if isinstance(packs, dict) else ():
            if isinstance(inner, dict):
                self.add_pack(f"{prefix}{name}/", inner, file)
            elif isinstance(inner, str):
                self._add_files(f"{prefix}{name}/", inner, file)

    def add_list(self, entries: list[Any]) -> None:
        """The queries of a list of objects with `name` and `query` (or `sql`)."""
        for number, entry in enumerate(entries, 1):
            if isinstance(entry, dict):
                self._add(str(entry.get("name", number)), entry)

    def _add(self, name: str, entry: Any) -> None:
        sql = (entry.get("query") or entry.get("sql")) if isinstance(entry, dict) else None
        if isinstance(sql, str) and self._ours(name, entry):
            self.found.append((name, sql.strip()))

    def _ours(self, name: str, entry: dict[str, Any]) -> bool:
        if not is_for_linux(entry.get("platform"))[0]:
            self.skipped.append(f"{name} is for {entry['platform']}: not run")
            return False
        return True

    def _add_files(self, prefix: str, pattern: str, of: str) -> None:
        """The packs a configuration names by path; where the name is `*/`, each file is a pack of its own name."""
        files = matching_files(os.path.join(os.path.dirname(of), pattern))
        if not files:
            self.skipped.append(f"pack {prefix.rstrip('/')}: there is no file {pattern}")
        for file in files:
            if os.path.realpath(file) in self._files:
                self.skipped.append(f"pack {prefix.rstrip('/')}: {file} is read already")
            elif not prefix.endswith("*/"):
                self.add_pack(prefix, _json(file), file)
            else:
                own = os.path.splitext(os.path.basename(file))[0]
                self.add_pack(f"{prefix[:-2]}{own}/", _json(file), file)


def queries(source: str) -> Queries:
    """The queries of SQL or of a file. ConfigError for a file that cannot be read as one."""
    found = Queries()
    if not os.path.isfile(source):
        if " " not in source.strip() and ("/" in source or source.endswith((".json", ".conf", ".sql"))):
            reason = "it is no regular file" if os.path.exists(source) else "there is no such file"
            raise ConfigError(f"cannot read {source}: {reason}", file=source)
        text = clean(source)
    else:
        text = text_of(source)
        if text.lstrip()[:1] in ("{", "[", "#"):
            parsed = value_of(source, plain(text))
            if not isinstance(parsed, dict):
                found.add_list(parsed)
            else:
                try:
                    found.add_pack("", parsed, source)
                except RecursionError:
                    # Since Python 3.14 json reads what is nested deeper than functions may call themselves.
                    raise ConfigError(f"{source} is nested too deeply", file=source) from None
            if not found.found and not found.skipped:
                expected = "expected `schedule`, `packs` or `queries`, or a list of objects with `query`"
                raise ConfigError(f"{source} holds no queries ({expected})", file=source)
            return found
    found.found = [(f"{number}", sql.strip()) for number, (_, sql) in enumerate(split(text), 1)]
    return found


def _json(file: str) -> Any:
    return value_of(file, plain(text_of(file)))
