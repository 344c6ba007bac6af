"""The table `system_info`: the machine, from /proc/cpuinfo and the firmware's tables in /sys/class/dmi/id."""

from __future__ import annotations

import os

from ..scan import Scan
from ..sources.cpuinfo import cpus_of, models
from ..sources.hostname import configured_name
from ..sources.procfs import kib, parse_fields
from ..sources.sysfs import attribute
from ..table import BIGINT, INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, TypeVar

    from ..sources.cpuinfo import Cpu

    T = TypeVar("T")


_FIRMWARE = (
    "product_uuid",
    *("sys_vendor", "product_name", "product_version", "product_serial"),
    *("board_vendor", "board_name", "board_version", "board_serial"),
)


class SystemInfo(Table):
    """The machine hostql runs on; one row."""

    hostname = Column(TEXT, "Host name, with the domain where it is part of it")
    uuid = Column(
        TEXT, "The firmware's id of the machine; '' where it has none or only root may know", collate="NOCASE"
    )
    cpu_type = Column(TEXT, "Machine architecture; '' for the files of another host")
    cpu_subtype = Column(TEXT, "Model number of the CPU")
    cpu_brand = Column(TEXT, "Model name of the CPU; of several kinds of cores, all of them")
    cpu_physical_cores = Column(INTEGER, "Number of cores")
    cpu_logical_cores = Column(INTEGER, "Number of logical CPUs")
    cpu_sockets = Column(INTEGER, "Number of CPU packages")
    cpu_microcode = Column(TEXT, "Version of the CPU's microcode")
    physical_memory = Column(BIGINT, "Usable RAM, in bytes")
    hardware_vendor = Column(TEXT, "Maker of the machine")
    hardware_model = Column(TEXT, "Model of the machine")
    hardware_version = Column(TEXT, "Version of the machine")
    hardware_serial = Column(TEXT, "Serial number of the machine; only root may know")
    board_vendor = Column(TEXT, "Maker of the main board")
    board_model = Column(TEXT, "Model of the main board")
    board_version = Column(TEXT, "Version of the main board")
    board_serial = Column(TEXT, "Serial number of the main board; only root may know")
    computer_name = Column(TEXT, "Host name")
    local_hostname = Column(TEXT, "Host name")

    typical_rows = 1
    examples = ["SELECT hostname, cpu_brand, cpu_logical_cores, human_size(physical_memory) FROM system_info;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        cpus: list[Cpu] = _told(scan, lambda: cpus_of(scan.host), [])
        first = cpus[0] if cpus else None
        memory = parse_fields(_told(scan, lambda: scan.host.read("/proc/meminfo"), b"")).get(b"MemTotal", b"")
        firmware = [attribute(scan.host, "/sys/class/dmi/id/" + key) for key in _FIRMWARE]
        name = _hostname(scan)
        yield (
            name,
            firmware[0],
            os.uname().machine if scan.host.live else "",
            first.subtype if first else "",
            models(cpus),
            len({(cpu.package, cpu.core) for cpu in cpus}) or None,
            len(cpus) or None,
            len({cpu.package for cpu in cpus}) or None,
            first.microcode if first else "",
            kib(memory),
            *firmware[1:],
            name,
            name,
        )


def _told(scan: Scan, read: Callable[[], T], none: T) -> T:
    """What a file of the kernel says; none in an image, whose other columns are answered all the same."""
    try:
        return read()
    except FileNotFoundError as error:
        if scan.host.live:
            raise
        scan.note(f"there is no {error.filename}: a running kernel fills it")
        return none


def _hostname(scan: Scan) -> str:
    """The name that is set, or that is to be set at boot; the kernel tells no other namespace's (uts_namespaces(7))."""
    name = "" if scan.host.kernel_proc else attribute(scan.host, "/proc/sys/kernel/hostname")
    if not name and not scan.host.live:
        name = configured_name(scan)
    return name
