"""The table `systemd_timers`: what systemd starts when (systemd.timer(5)), by its files, and D-Bus where it runs."""

from __future__ import annotations

import time

from ..scan import Scan
from ..sources.systemd_bus import SystemdBus, systemd_of
from ..sources.text import from_os
from ..sources.unit_loading import INTERVALS, timer_values
from ..sources.unit_syntax import is_true, is_unit_name
from ..sources.unitfiles import KINDS, UnitFile, unit_files
from ..table import BIGINT, INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


_STAMPS = "/var/lib/systemd/timers"
# systemd's "never", in microseconds.
_INFINITY = (1 << 64) - 1


class _Timer:
    """One timer; when it comes is asked when that is wanted."""

    __slots__ = ("_bus", "_file", "_object", "_scan", "active_state")

    id = property(lambda self: from_os(self._file.id))
    calendar = property(lambda self: ",".join(timer_values(self._file, "OnCalendar")))
    state = property(lambda self: self._file.state)
    fragment_path = property(lambda self: from_os(self._file.path))

    def __init__(self, scan: Scan, file: UnitFile, bus: SystemdBus | None, active_state: str, object_path: str) -> None:
        self._scan = scan
        self._file = file
        self._bus = bus
        self._object = object_path
        self.active_state = active_state

    @property
    def unit(self) -> str:
        """The first that is a unit counts; systemd ignores all others."""
        file: UnitFile = self._file
        names = [name for name in file.raw("Timer", "Unit") if is_unit_name(name) and name.endswith(KINDS)]
        return [*[name for name in names if "@." not in name], f"{self.id[: -len('.timer')]}.service"][0]

    @property
    def intervals(self) -> str:
        return ",".join([f"{name}={value}" for name in INTERVALS for value in timer_values(self._file, name)])

    @property
    def persistent(self) -> int:
        given = [is_true(value) for value in self._file.raw("Timer", "Persistent")]
        return int([value for value in given if value is not None][-1:] == [True])

    @property
    def next_elapse(self) -> int | None:
        """The earlier of the next time of the calendar and the next end of an interval."""
        realtime, monotonic = self._ask("NextElapseUSecRealtime"), self._ask("NextElapseUSecMonotonic")
        if monotonic:
            monotonic += time.time_ns() // 1000 - time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000
        times = [each for each in (realtime, monotonic) if each]
        return min(times) // 1_000_000 if times else None

    @property
    def last_trigger(self) -> int | None:
        """By the stamp that systemd keeps of persistent timers where it cannot be asked."""
        if self._bus is not None:
            found = self._ask("LastTriggerUSec")
            return found // 1_000_000 if found else None
        return int(self._scan.host.stat(f"{_STAMPS}/stamp-{self._file.id}").st_mtime)

    def _ask(self, name: str) -> int | None:
        if self._bus is None or not self._object:
            return None
        found = self._bus.property(self._object, "Timer", name)
        return int(found) if found and found != _INFINITY else None


class SystemdTimers(Table):
    """Timers of systemd. When each comes next only the running systemd knows."""

    id = Column(TEXT, "Name of the timer")
    unit = Column(TEXT, "Unit it starts")
    calendar = Column(TEXT, "Times of the calendar it starts at, separated by commas; '' for none")
    intervals = Column(TEXT, "Intervals it starts after, as name=value, separated by commas; '' for none")
    persistent = Column(INTEGER, "1 if a time missed while the host was off is made up for, else 0")
    state = Column(TEXT, "enabled, disabled, static, masked, alias and so on")
    fragment_path = Column(TEXT, "File of the timer")
    next_elapse = Column(BIGINT, "When it comes next, in Unix seconds; NULL for never or where systemd does not run")
    last_trigger = Column(BIGINT, "When it came last, in Unix seconds; NULL for never or unknown")
    active_state = Column(TEXT, "active for one that waits or runs; '' where systemd does not run")

    identity = ("id",)
    typical_rows = 10
    examples = [
        "SELECT unit, calendar, intervals FROM systemd_timers WHERE state = 'enabled';",
        "SELECT id, ago(last_trigger) AS last FROM systemd_timers WHERE last_trigger IS NOT NULL;",
    ]

    def rows(self, scan: Scan) -> Iterator[_Timer]:
        running = None
        if scan.wants("next_elapse", "last_trigger", "active_state"):
            running = systemd_of(scan)
            if running is None and scan.wants("next_elapse", "active_state"):
                scan.note("timers are read from their files; when they come next is not known")
        bus, units = running or (None, [])
        loaded = {unit.id: unit for unit in units}
        for file in unit_files(scan, (".timer",)):
            unit = loaded.get(file.id)
            if unit is not None:
                yield _Timer(scan, file, bus, unit.active_state, unit.object_path)
            else:
                yield _Timer(scan, file, bus, "inactive" if bus else "", "")
