"""The table `cpu_info`: the CPU packages (/proc/cpuinfo, /sys/devices/system/cpu)."""

from __future__ import annotations

from ..scan import Scan
from ..sources.cpuinfo import Cpu, cpus_of, models
from ..sources.sysfs import number
from ..table import INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class CpuInfo(Table):
    """The CPU packages (sockets) of the machine."""

    device_id = Column(TEXT, "CPU and the number of its package")
    model = Column(TEXT, "Model name; of several kinds of cores in one package, all of them")
    manufacturer = Column(TEXT, "Maker, as the CPU says it, or by the number it has for it")
    processor_type = Column(TEXT, "Always '3': a central processor (SMBIOS)")
    cpu_status = Column(INTEGER, "Always 1: enabled")
    number_of_cores = Column(TEXT, "Cores in the package")
    logical_processors = Column(INTEGER, "Logical CPUs in the package")
    address_width = Column(TEXT, "Bits of a virtual address")
    current_clock_speed = Column(INTEGER, "Clock of its first CPU now, in MHz; NULL for unknown")
    max_clock_speed = Column(INTEGER, "Highest clock, in MHz; NULL for unknown")
    socket_designation = Column(TEXT, "Always '': the kernel does not tell")

    typical_rows = 1
    examples = ["SELECT model, number_of_cores, logical_processors FROM cpu_info;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        packages: dict[str, list[Cpu]] = {}
        for cpu in cpus_of(scan.host):
            packages.setdefault(cpu.package, []).append(cpu)
        for package, cpus in packages.items():
            first = cpus[0]
            top = number(scan.host, f"/sys/devices/system/cpu/cpu{first.number}/cpufreq/cpuinfo_max_freq")
            yield (
                f"CPU{package}",
                models(cpus),
                first.maker,
                "3",
                1,
                str(len({cpu.core for cpu in cpus})),
                len(cpus),
                first.address_width,
                first.clock,
                top // 1000 if top else first.top_clock,
                "",
            )
