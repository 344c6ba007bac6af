"""The table `memory_info` (/proc/meminfo, proc_meminfo(5))."""

from __future__ import annotations

from ..scan import Scan
from ..sources.procfs import kib, parse_fields
from ..table import BIGINT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_KEYS = (
    b"MemTotal",
    b"MemFree",
    b"MemAvailable",
    b"Buffers",
    b"Cached",
    b"SwapCached",
    b"Active",
    b"Inactive",
    b"SwapTotal",
    b"SwapFree",
)


class MemoryInfo(Table):
    """How the host's memory is used, in bytes; one row."""

    memory_total = Column(BIGINT, "Usable RAM, in bytes")
    memory_free = Column(BIGINT, "RAM used by nobody, in bytes")
    memory_available = Column(BIGINT, "RAM that new programs could have without swapping, in bytes")
    buffers = Column(BIGINT, "Cache of block devices, in bytes")
    cached = Column(BIGINT, "Cache of files, in bytes")
    swap_cached = Column(BIGINT, "Memory that is both in RAM and in swap, in bytes")
    active = Column(BIGINT, "Memory used recently, in bytes")
    inactive = Column(BIGINT, "Memory not used for some time, in bytes")
    swap_total = Column(BIGINT, "Swap space, in bytes")
    swap_free = Column(BIGINT, "Swap space not used, in bytes")

    typical_rows = 1
    examples = ["SELECT human_size(memory_available) AS available FROM memory_info;"]

    def rows(self, scan: Scan) -> Iterator[tuple[int | None, ...]]:
        fields = parse_fields(scan.host.read("/proc/meminfo"))
        yield tuple([kib(fields.get(key, b"")) for key in _KEYS])
