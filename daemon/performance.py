"""What scheduled queries cost, over all their runs: the rows of `osquery_schedule`, kept in the state."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from .config.model import ScheduledQuery
    from .runner import Usage
    from .state import State

TABLE = "osquery_schedule"
COLUMNS = (
    *("name", "query", "interval", "executions", "last_executed", "denylisted", "output_size", "wall_time"),
    *("wall_time_ms", "last_wall_time_ms", "user_time", "last_user_time", "system_time", "last_system_time"),
    *("average_memory", "last_memory", "next_execution", "outcome", "last_rows", "last_files"),
)
_TOTALS = ("executions", "last_executed", "output_size", "wall_time_ms", "user_time", "system_time", "average_memory")


class Performance:
    """Counts; `store` writes all at once."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._changed = True
        # What was counted before this start.
        self._totals: dict[str, dict[str, Any]] = {}
        for row in state.select(TABLE, COLUMNS):
            self._totals[str(row["name"])] = row

    def ran(self, query: ScheduledQuery, usage: Usage, when: int) -> None:
        """A query ran."""
        row = self._row(query.name)
        times = row["executions"]
        row.update(
            executions=times + 1,
            last_executed=when,
            output_size=row["output_size"] + usage.size,
            last_wall_time_ms=round(usage.wall * 1000),
            wall_time_ms=row["wall_time_ms"] + round(usage.wall * 1000),
            last_user_time=round(usage.user * 1000),
            user_time=row["user_time"] + round(usage.user * 1000),
            last_system_time=round(usage.system * 1000),
            system_time=row["system_time"] + round(usage.system * 1000),
            last_memory=usage.memory,
            average_memory=(row["average_memory"] * times + usage.memory) // (times + 1),
            outcome=usage.outcome,
            last_rows=usage.rows,
            last_files=usage.files,
        )
        row["wall_time"] = row["wall_time_ms"] // 1000
        self._changed = True

    def store(
        self, queries: Iterable[ScheduledQuery], denied: Callable[[ScheduledQuery], bool], next: Callable[[str], int]
    ) -> None:
        """Write the table, where something changed."""
        if not self._changed:
            return
        self._changed = False
        rows = []
        for query in queries:
            row = self._row(query.name)
            row.update(query=query.sql, interval=query.interval, denylisted=int(denied(query)))
            row["next_execution"] = next(query.name)
            rows.append([row.get(name) for name in COLUMNS])
        self._state.replace(TABLE, COLUMNS, rows)

    def changed(self) -> None:
        """Something that is not counted here changed."""
        self._changed = True

    def _row(self, name: str) -> dict[str, Any]:
        row = self._totals.get(name)
        if row is None:
            row = self._totals[name] = dict.fromkeys(COLUMNS, 0)
            row.update(name=name, outcome="")
        return row
