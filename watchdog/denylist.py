"""`Denylist`: queries that are not to run for a while, because they broke limits or somebody said so. A private file.

The watcher writes it, for the worker may be dead; so there is no SQL. A query is known by its name and the SHA-256 of
its text: one that was changed may run again.
"""

from __future__ import annotations

import json
import time

from ..vtables.files.trust import read_trusted
from ..vtables.files.write import NewFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Seconds for which a query is denied.
PERIOD = 86_400
# Deaths of the worker at the same query, without a limit being broken, that deny it too.
DEATHS = 3
# Bytes of the file.
LARGEST = 16 << 20


class Denylist:
    """entries   [{query, sql, reason, usage, since, until}]; `sql` is '' for one that was named by hand: any text
    deaths    how often the worker died at a query, without a limit being broken: {"QUERY SQL": times}
    problem   why the file is not used; '' where it is, or there is none
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.entries: list[dict[str, Any]] = []
        self.deaths: dict[str, int] = {}
        self.problem = ""
        self.read()

    def read(self) -> None:
        """Read the file, if there is one. One that is damaged, or that others can write, counts for nothing."""
        self.problem = ""
        try:
            found = json.loads(read_trusted(self.path, LARGEST))
            self.entries = [
                entry
                for entry in found["entries"]
                if isinstance(entry["query"], str) and entry["until"] > 0 and entry["since"] > 0
            ]
            self.deaths = {str(name): int(times) for name, times in found["deaths"].items()}
        except FileNotFoundError:
            self.entries, self.deaths = [], {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            self.entries, self.deaths = [], {}
            self.problem = f"cannot read {self.path}: {getattr(error, 'strerror', None) or 'it is damaged'}"

    def deny(
        self, query: str, sql: str, reason: str, usage: dict[str, Any] | None = None, seconds: float = PERIOD
    ) -> None:
        """Let a query not run for a day, from now on."""
        self.entries = [entry for entry in self.entries if (entry["query"], entry["sql"]) != (query, sql)]
        now = int(time.time())
        entry = {"query": query, "sql": sql, "reason": reason, "usage": usage or {}, "since": now}
        self.entries.append({**entry, "until": now + int(seconds)})
        self.deaths.pop(f"{query} {sql}", None)
        self._write()

    def pardon(self, query: str) -> bool:
        """Let a query run again; whether it was denied."""
        kept = [entry for entry in self.entries if entry["query"] != query]
        pardoned = len(kept) != len(self.entries)
        self.entries = kept
        if pardoned:
            self._write()
        return pardoned

    def died(self, query: str, sql: str) -> int:
        """The worker died while a query ran; how often that was by now."""
        name = f"{query} {sql}"
        self.deaths[name] = self.deaths.get(name, 0) + 1
        self._write()
        return self.deaths[name]

    def denied(self, query: str, sql: str) -> dict[str, Any] | None:
        """The entry by which a query is denied now; None where it may run."""
        for entry in self.current():
            if entry["query"] == query and entry["sql"] in ("", sql):
                return entry
        return None

    def current(self) -> list[dict[str, Any]]:
        """The entries that still hold. One from the future is from before the clock was set back: had that been by
        years, it would hold for years."""
        now = time.time()
        return [entry for entry in self.entries if entry["since"] - PERIOD <= now < entry["until"]]

    def _write(self) -> None:
        """The file is the old one or the new one, whenever the power fails."""
        content = json.dumps({"entries": self.current(), "deaths": self.deaths}, indent=1)
        try:
            with NewFile(self.path, mode=0o600, durable=True) as file:
                file.text().write(content)
        except OSError:
            # A full disk: what is known here holds all the same, as long as this process lives.
            pass
