"""The lines that are logged, in osquery's formats: everything that its readers expect is made here.

Values are text unless numbers are asked for; keys stand in osquery's order; control bytes are shown as \\xHH.
"""

from __future__ import annotations

import json
import re
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

_CONTROL = re.compile(r"[\x00-\x1f]")
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Format:
    """How lines are written, as the options say."""

    def __init__(
        self,
        host: str,
        *,
        events: bool = True,
        snapshot_events: bool = False,
        numerics: bool = False,
        top_level: bool = False,
    ) -> None:
        self.host = host
        self.events = events
        self.snapshot_events = snapshot_events
        self.numerics = numerics
        self.top_level = top_level


class Run:
    """What all lines of one run of a query say."""

    def __init__(
        self, name: str, when: int, epoch: int = 0, counter: int = 0, decorations: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.when = when
        self.epoch = epoch
        self.counter = counter
        self.decorations = dict(sorted((decorations or {}).items()))


def results(format: Format, run: Run, removed: Iterable[str], added: Iterable[str]) -> Iterator[str]:
    """The lines of a differential result; rows are JSON objects as `differential.key` makes them."""
    if not format.events:
        found = {"removed": [_row(format, row) for row in removed], "added": [_row(format, row) for row in added]}
        yield _line(format, run, {"diffResults": found}, {})
        return
    for action, rows in (("removed", removed), ("added", added)):
        for row in rows:
            yield _line(format, run, {}, {"columns": _row(format, row), "action": action})


def snapshot(format: Format, run: Run, rows: Iterable[str]) -> Iterator[str]:
    """The lines of a snapshot."""
    if format.snapshot_events:
        for row in rows:
            yield _line(format, run, {}, {"columns": _row(format, row), "action": "snapshot"})
        return
    head = {"snapshot": [_row(format, row) for row in rows], "action": "snapshot"}
    yield _line(format, run, head, {})


def _line(format: Format, run: Run, head: dict[str, Any], tail: dict[str, Any]) -> str:
    about: dict[str, Any] = {
        "name": run.name,
        "hostIdentifier": format.host,
        "calendarTime": calendar_time(run.when),
        "unixTime": run.when,
        "epoch": run.epoch,
        "counter": run.counter,
        "numerics": format.numerics,
    }
    if run.decorations and not format.top_level:
        about["decorations"] = run.decorations
    line = {**head, **about}
    if format.top_level:
        line.update(run.decorations)
    line.update(tail)
    return _encode(line)


def calendar_time(when: int) -> str:
    """
    >>> calendar_time(1700000000)
    'Tue Nov 14 22:13:20 2023 UTC'
    """
    return time.strftime("%a %b %e %H:%M:%S %Y UTC", time.gmtime(when))


def _row(format: Format, row: str) -> dict[str, Any]:
    return {name: shown(value, format.numerics) for name, value in json.loads(row).items()}


def shown(value: Any, numerics: bool = False) -> Any:
    """A value as a line has it.

    >>> shown(None), shown(2.0), shown(7), shown("a\\n"), shown(7, numerics=True)
    ('', '2.0', '7', 'a\\\\x0A', 7)
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02X}", value)
    return value if numerics else str(value)
