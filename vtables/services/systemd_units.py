"""The table `systemd_units`: units of systemd, by D-Bus where it runs, and by their files."""

from __future__ import annotations

from ..scan import Scan
from ..sources.systemd_bus import LoadedUnit, SystemdBus, systemd_of
from ..sources.text import from_os
from ..sources.unit_loading import load_state, user_of
from ..sources.unitfiles import UnitFile, unit_files
from ..table import BIGINT, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class _Loaded:
    """A unit that systemd has loaded; what ListUnits does not tell is asked when it is wanted."""

    __slots__ = ("_bus", "_unit")

    def __init__(self, bus: SystemdBus, unit: LoadedUnit) -> None:
        self._bus = bus
        self._unit = unit

    def __getattr__(self, name: str) -> Any:
        return getattr(self._unit, name)

    unit_file_state = property(lambda self: self._ask("Unit", "UnitFileState"))
    fragment_path = property(lambda self: self._ask("Unit", "FragmentPath"))
    source_path = property(lambda self: self._ask("Unit", "SourcePath"))

    @property
    def user(self) -> str:
        kind = self._unit.id.rpartition(".")[2].capitalize()
        return self._ask(kind, "User") if kind in ("Service", "Socket", "Mount", "Swap") else ""

    def _ask(self, kind: str, name: str) -> str:
        return self._bus.property(self._unit.object_path, kind, name) or ""


class _OnDisk:
    """A unit by its file."""

    __slots__ = ("_file", "active_state", "load_state", "sub_state")

    following = object_path = job_type = job_path = ""
    job_id = None
    id = property(lambda self: from_os(self._file.id))
    unit_file_state = property(lambda self: self._file.state)
    fragment_path = property(lambda self: from_os(self._file.path))
    description = property(lambda self: self._file.last("Unit", "Description"))
    source_path = property(lambda self: self._file.last("Unit", "SourcePath"))
    user = property(lambda self: user_of(self._file))

    def __init__(self, file: UnitFile, load_state: str, active_state: str, sub_state: str) -> None:
        self._file = file
        self.load_state = load_state
        self.active_state = active_state
        self.sub_state = sub_state


class SystemdUnits(Table):
    """Units of systemd: those it has loaded, and those that only have a file.

    Where no systemd runs, or it cannot be asked, the files alone are read, and the states at run time are ''.
    """

    id = Column(TEXT, "Name of the unit")
    description = Column(TEXT, "What it is")
    load_state = Column(TEXT, "loaded, not-found, masked, error and so on; '' for a unit that systemd has not loaded")
    active_state = Column(TEXT, "active, inactive, failed, activating and so on; '' where systemd does not run")
    sub_state = Column(TEXT, "State by the kind of unit: running, exited, dead, mounted; '' where systemd does not run")
    unit_file_state = Column(TEXT, "enabled, disabled, static, masked, alias and so on, as systemctl(1) names it")
    following = Column(TEXT, "Unit whose state it follows; '' for none")
    object_path = Column(TEXT, "Path of its D-Bus object; '' for a unit that is not loaded")
    job_id = Column(BIGINT, "Number of the job that is queued for it, 0 for none; NULL for a unit that is not loaded")
    job_type = Column(TEXT, "Type of that job; '' for none")
    job_path = Column(TEXT, "Path of that job's D-Bus object")
    fragment_path = Column(TEXT, "File of the unit")
    user = Column(TEXT, "User it runs as; '' for root, NULL for one that systemd names as it starts")
    source_path = Column(TEXT, "File it was generated from; '' for none")

    identity = ("id",)
    typical_rows = 200
    examples = [
        "SELECT id, sub_state FROM systemd_units WHERE active_state = 'failed';",
        "SELECT id, unit_file_state FROM systemd_units WHERE id LIKE '%.service' LIMIT 5;",
    ]

    def rows(self, scan: Scan) -> Iterator[Any]:
        running = systemd_of(scan)
        loaded = {}
        if running is not None:
            bus, units = running
            for unit in units:
                loaded[unit.id] = unit
                yield _Loaded(bus, unit)
        elif scan.wants("active_state", "sub_state"):
            scan.note("units are read from their files; whether they run is not known")
        for file in unit_files(scan):
            if file.id in loaded:
                continue
            if running is not None:
                # systemd lists a unit under its main name alone.
                main = loaded.get(file.main_id)
                yield _OnDisk(file, "", *((main.active_state, main.sub_state) if main else ("inactive", "dead")))
            else:
                yield _OnDisk(file, load_state(file) if scan.wants("load_state") else "", "", "")
