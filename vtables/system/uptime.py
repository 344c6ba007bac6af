"""The table `uptime`: how long the host has been up (/proc/uptime, proc_uptime(5))."""

from __future__ import annotations

from ..scan import Scan
from ..sources.text import decode, integer
from ..table import BIGINT, INTEGER, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


class Uptime(Table):
    """Time since the host started; one row."""

    days = Column(INTEGER, "Whole days")
    hours = Column(INTEGER, "Hours beyond the days, 0 to 23")
    minutes = Column(INTEGER, "Minutes beyond the hours, 0 to 59")
    seconds = Column(INTEGER, "Seconds beyond the minutes, 0 to 59")
    total_seconds = Column(BIGINT, "All of it, in seconds")

    typical_rows = 1
    examples = ["SELECT days, human_time(total_seconds) FROM uptime;"]

    def rows(self, scan: Scan) -> Iterator[tuple[int, ...]]:
        total = integer(decode(scan.host.read("/proc/uptime")).partition(".")[0])
        if total is None:
            scan.note("/proc/uptime makes no sense")
            return
        yield total // 86400, total // 3600 % 24, total // 60 % 60, total % 60, total
