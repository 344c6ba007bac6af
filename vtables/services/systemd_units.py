"""The table `systemd_units`: units of systemd, from their files."""

from __future__ import annotations

from ..scan import Scan
from ..sources.text import from_os
from ..sources.unitfiles import sections_of, unit_files
from ..table import BIGINT, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class SystemdUnits(Table):
    """Units of systemd that have a file. Their states at run time are not asked for and are ''."""

    id = Column(TEXT, "Name of the unit")
    description = Column(TEXT, "What it is, as its file says")
    load_state = Column(TEXT, "loaded, or masked")
    active_state = Column(TEXT, "Always '': only the running systemd knows")
    sub_state = Column(TEXT, "Always '': only the running systemd knows")
    unit_file_state = Column(TEXT, "enabled, disabled, static, masked or alias")
    following = Column(TEXT, "Always ''")
    object_path = Column(TEXT, "Always ''")
    job_id = Column(BIGINT, "Always NULL: no job is asked for")
    job_type = Column(TEXT, "Always ''")
    job_path = Column(TEXT, "Always ''")
    fragment_path = Column(TEXT, "File of the unit")
    user = Column(TEXT, "User it runs as; '' for root")
    source_path = Column(TEXT, "File it was generated from; '' for none")

    typical_rows = 200
    examples = ["SELECT id, unit_file_state FROM systemd_units WHERE id LIKE '%.service' LIMIT 5;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        if scan.wants("active_state", "sub_state"):
            scan.note("units are read from their files; whether they run is not known")
        for unit in unit_files(scan):
            sections = sections_of(scan, unit)
            about = sections.get("Unit", {})
            yield (
                from_os(unit.id),
                about.get("Description", [""])[-1],
                "masked" if unit.state == "masked" else "loaded",
                "",
                "",
                unit.state,
                "",
                "",
                None,
                "",
                "",
                from_os(unit.path),
                sections.get("Service", {}).get("User", [""])[-1],
                about.get("SourcePath", [""])[-1],
            )
