"""The table `load_average` (/proc/loadavg, proc_loadavg(5))."""

from __future__ import annotations

from ..scan import Scan
from ..sources.text import decode
from ..table import TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_PERIODS = ("1m", "5m", "15m")


class LoadAverage(Table):
    """Tasks running or waiting for the disk, averaged; a row for each period."""

    period = Column(TEXT, "Period of the average: 1m, 5m or 15m")
    average = Column(TEXT, "Average number of tasks, a decimal number as text")

    typical_rows = 3
    examples = ["SELECT period, average FROM load_average;"]

    def rows(self, scan: Scan) -> Iterator[tuple[str, str]]:
        values = decode(scan.host.read("/proc/loadavg")).split()
        yield from zip(_PERIODS, values)
