"""The table `pressure`: how much time tasks lose waiting (pressure stall information, /proc/pressure)."""

from __future__ import annotations

from ..errors import TableUnavailable
from ..scan import Scan
from ..sources.text import integer
from ..table import BIGINT, DOUBLE, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_RESOURCES = ("cpu", "memory", "io", "irq")


def parse_pressure(raw: bytes) -> list[tuple[str, float, float, float, int]]:
    r"""(scope, averages over 10, 60 and 300 s, total) of each line; a broken line is left out.

    >>> parse_pressure(b"some avg10=0.50 avg60=0.10 avg300=0.00 total=42\n")
    [('some', 0.5, 0.1, 0.0, 42)]
    """
    found = []
    for line in raw.decode("ascii", "replace").split("\n"):
        scope, *fields = line.split() or [""]
        values = dict(field.partition("=")[::2] for field in fields)
        try:
            averages = (float(values["avg10"]), float(values["avg60"]), float(values["avg300"]))
            total = integer(values["total"])
        except (KeyError, ValueError):
            continue
        if total is not None:
            found.append((scope, *averages, total))
    return found


class Pressure(Table):
    """Share of time in which tasks waited for CPU, memory or I/O; a row for each resource and scope."""

    resource = Column(TEXT, "What was waited for: cpu, memory, io or irq")
    scope = Column(TEXT, "some: at least one task waited; full: all tasks that could run did")
    avg10 = Column(DOUBLE, "Share of the last 10 s, in percent")
    avg60 = Column(DOUBLE, "Share of the last 60 s, in percent")
    avg300 = Column(DOUBLE, "Share of the last 300 s, in percent")
    total = Column(BIGINT, "Time waited since the host started, in microseconds")

    typical_rows = 7
    examples = ["SELECT resource, scope, avg10, avg60 FROM pressure ORDER BY avg10 DESC;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        scan.host.only_with("/proc")
        missing = 0
        for resource in _RESOURCES:
            try:
                raw = scan.host.read(f"/proc/pressure/{resource}")
            except OSError:
                missing += 1
                continue
            for line in parse_pressure(raw):
                yield (resource, *line)
        if missing == len(_RESOURCES) and not (scan.host.live or scan.host.kernel_proc):
            raise TableUnavailable(f"there is no /proc/pressure in {scan.host.root}, which a running kernel fills")
        if missing == len(_RESOURCES):
            raise TableUnavailable("the kernel keeps no pressure information", "Boot Linux 4.20 or newer with psi=1.")
