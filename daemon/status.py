"""What `hostql daemon status` tells: the watcher's word, and what stands in the agent's state."""

from __future__ import annotations

import os
import time

import apsw

from ..vtables.sources.sqlite_files import connect
from .catalog import FILE
from .performance import COLUMNS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_SHOWN = (
    *("name", "interval", "executions", "last_executed", "next_execution", "last_wall_time_ms", "denylisted"),
    "outcome",
)


def gathered(answer: dict[str, Any], state: str) -> dict[str, Any]:
    """All of it, as JSON has it."""
    found = dict(answer)
    found.update(schedule=[], spool={}, lost={}, config_problem="", publishers=[])
    for row in _select(os.path.join(state, FILE), f"SELECT {', '.join(COLUMNS)} FROM osquery_schedule"):
        found["schedule"].append({k: v for k, v in zip(COLUMNS, row) if k in _SHOWN})
    spool = "SELECT logger, count(*), sum(length(line)) FROM spool GROUP BY logger"
    for logger, lines, size in _select(os.path.join(state, FILE), spool):
        found["spool"][logger] = {"lines": lines, "bytes": size}
    found["lost"] = dict(_select(os.path.join(state, FILE), "SELECT logger, lines FROM lost"))
    for (value,) in _select(os.path.join(state, FILE), "SELECT value FROM about WHERE name = 'config_problem'"):
        found["config_problem"] = value
    publishers = "SELECT name, state, tables, reason, seen, stored, lost FROM event_publishers"
    for row in _select(os.path.join(state, "events.db"), publishers):
        found["publishers"].append(dict(zip(("name", "state", "tables", "reason", "seen", "stored", "lost"), row)))
    return found


def remembered_config(state: str) -> str:
    """The configuration that was in force last, as the worker keeps it; '' for none."""
    found = _select(os.path.join(state, FILE), "SELECT value FROM about WHERE name = 'config'")
    return str(found[0][0]) if found else ""


def lines(status: dict[str, Any], now: float) -> Iterator[str]:
    """The same for people."""
    yield f"watcher {status['pid']}, up {_span(now - status['started'])}"
    cpu = f"{status['cpu_limit'] * 100:.0f} % of a core" if status["cpu_limit"] else "no limit of CPU"
    memory = f"{status['memory_limit'] >> 20} MiB to grow by" if status["memory_limit"] else "no limit of memory"
    yield f"limits: {memory}, {cpu}"
    for child in status["children"]:
        busy = f", runs {child['query']}" if child["query"] else ""
        why = f" ({child['reason']})" if child["reason"] else ""
        yield (
            f"{child['role']} {child['pid']}: {child['state']}{why}, {child['memory'] >> 20} MiB "
            f"(grown {child['grown'] >> 20}), {child['cpu']:.1f} s of CPU, {child['restarts']} restarts{busy}"
        )
    if status["abandoned"]:
        yield f"given up, since nothing ends them: {', '.join(map(str, status['abandoned']))}"
    if status["config_problem"]:
        yield f"configuration: {status['config_problem']}"
    yield f"schedule: {len(status['schedule'])} queries"
    for row in sorted(status["schedule"], key=lambda each: each["next_execution"] or 0):
        yield _query_line(row, now)
    for entry in status["denylist"]:
        until = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(entry["until"]))
        yield f"denied until {until}: {entry['query']}: {entry['reason']}"
    for logger, spool in status["spool"].items():
        yield f"logger {logger}: {spool['lines']} lines wait ({spool['bytes']} bytes)"
    for logger, lost in status["lost"].items():
        yield f"logger {logger}: {lost} lines were dropped"
    for each in status["publishers"]:
        if each["state"] in ("running", "restarting"):
            counts = f"{each['seen']} seen, {each['stored']} stored, {each['lost']} lost"
            yield f"publisher {each['name']}: {each['state']}, {counts}"


def _query_line(row: dict[str, Any], now: float) -> str:
    told = "denied" if row["denylisted"] else f"next in {_span(max((row['next_execution'] or 0) - now, 0))}"
    last = "has not run"
    if row["executions"]:
        last = f"ran {row['executions']} times, last {row['last_wall_time_ms']} ms"
    outcome = f": {row['outcome']}" if row["outcome"] else ""
    return f"  {row['name']}: every {row['interval']} s, {told}, {last}{outcome}"


def _select(path: str, sql: str) -> list[tuple[Any, ...]]:
    """Rows of a file that may not be there, or be an older one."""
    try:
        connection = connect(path, apsw.SQLITE_OPEN_READONLY)
    except (OSError, apsw.Error):
        return []
    try:
        connection.set_busy_timeout(2000)
        return connection.execute(sql).fetchall()
    except apsw.Error:
        return []
    finally:
        connection.close()


def _span(seconds: float) -> str:
    """
    >>> _span(59), _span(3661), _span(90000)
    ('59 s', '1 h 1 min', '1 d 1 h')
    """
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"
