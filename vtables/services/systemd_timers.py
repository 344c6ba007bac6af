"""The table `systemd_timers`: what systemd starts when (systemd.timer(5)), from the units' files."""

from __future__ import annotations

from ..scan import Scan
from ..sources.text import from_os
from ..sources.unitfiles import sections_of, unit_files
from ..table import INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


_SINCE = ("OnActiveSec", "OnBootSec", "OnStartupSec", "OnUnitActiveSec", "OnUnitInactiveSec")


class SystemdTimers(Table):
    """Timers of systemd; when each comes next is known to the running systemd alone."""

    id = Column(TEXT, "Name of the timer")
    unit = Column(TEXT, "Unit it starts")
    calendar = Column(TEXT, "Times of the calendar it starts at, separated by commas; '' for none")
    intervals = Column(TEXT, "Intervals it starts after, as name=value, separated by commas; '' for none")
    persistent = Column(INTEGER, "1 if a time missed while the host was off is made up for, else 0")
    state = Column(TEXT, "enabled, disabled, static, masked or alias")
    fragment_path = Column(TEXT, "File of the timer")

    typical_rows = 10
    examples = ["SELECT unit, calendar, intervals FROM systemd_timers WHERE state = 'enabled';"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        for unit in unit_files(scan, (".timer",)):
            timer = sections_of(scan, unit).get("Timer", {})
            starts = timer.get("Unit", [unit.id[: -len(".timer")] + ".service"])[-1]
            intervals = ",".join([f"{name}={value}" for name in _SINCE for value in timer.get(name, [])])
            persistent = timer.get("Persistent", [""])[-1].lower() in ("yes", "true", "1", "on")
            calendar = ",".join(timer.get("OnCalendar", []))
            yield (from_os(unit.id), starts, calendar, intervals, int(persistent), unit.state, from_os(unit.path))
