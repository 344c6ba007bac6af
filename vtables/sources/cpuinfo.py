"""/proc/cpuinfo in the words of every architecture, and what /sys adds: who is which CPU (proc_cpuinfo(5))."""

from __future__ import annotations

from .arm_cores import CORES, IMPLEMENTERS
from .text import decode, integer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .host import Host

# How the architectures call one thing: x86, ARM of old kernels, LoongArch, MIPS, POWER and SPARC, RISC-V, s390x.
_MODEL_NAMES = ("model name", "Model Name", "cpu model", "cpu", "uarch", "Processor")
# What 32-bit kernels call every core of a version of the architecture.
_ANY_ARM = ("ARMv", "AArch64 ")
_PACKAGE = ("physical id", "package")
_CORE = ("core id", "core")
_CLOCK = ("cpu MHz", "CPU MHz", "cpu MHz dynamic", "clock")
# `model` is a number on x86; elsewhere it is the machine's.
_SUBTYPE = ("model", "CPU part", "machine", "CPU Revision", "marchid")
# Makers of RISC-V cores by their JEDEC numbers.
_RISCV_VENDORS = {"0x31e": "Andes", "0x489": "SiFive", "0x5b7": "T-Head", "0x710": "SpacemiT"}


class Cpu:
    """One logical CPU.

    fields   what its own block says, and what the file says of all CPUs, by the kernel's names
    package  the number of the socket, as text; '' for unknown
    core     what tells the cores of a package apart; '' for unknown
    """

    __slots__ = ("_common", "_own", "core", "number", "package")

    def __init__(self, number: int, common: dict[str, str]) -> None:
        self.number = number
        self._own: dict[str, str] = {}
        self._common = common
        self.package = ""
        self.core = ""

    def first(self, names: tuple[str, ...]) -> str:
        """The value of the first of the fields that there is; ''."""
        return next((found for name in names for found in [self._own.get(name) or self._common.get(name)] if found), "")

    @property
    def model(self) -> str:
        """Its name, by the tables of ARM where the kernel says only numbers."""
        implementer, part = self.first(("CPU implementer",)), self.first(("CPU part",))
        said = self.first(("model name", "Processor"))
        if implementer and ("model name" not in self._own or said.startswith(_ANY_ARM)):
            known = CORES.get((implementer, part))
            return known or said or (f"part {part}" if part else "")
        machine = self._own.get("machine")
        return self.first(_MODEL_NAMES) or (f"IBM machine type {machine}" if machine else "")

    @property
    def maker(self) -> str:
        """Who made it; '' for unknown."""
        implementer, vendor = self.first(("CPU implementer",)), self.first(("mvendorid",))
        if implementer:
            return IMPLEMENTERS.get(implementer, implementer)
        if vendor.strip("0x"):
            return _RISCV_VENDORS.get(vendor, vendor)
        if self.first(("cpu",)).startswith("POWER"):
            return "IBM"
        return self.first(("vendor_id",)) or self.first(("CPU Family",)).partition("-")[0]

    @property
    def subtype(self) -> str:
        """The number of the model, as the architecture has it; ''."""
        own = next((self._own[name] for name in _SUBTYPE if self._own.get(name)), "")
        revision = self.first(("revision",))
        return own or (revision if "pvr" in revision else self.first(("CPU part",)))

    @property
    def microcode(self) -> str:
        """Version of its microcode; ''."""
        return self.first(("microcode",))

    @property
    def clock(self) -> int | None:
        """Its clock now, in MHz; None for unknown."""
        return integer(self.first(_CLOCK).partition(".")[0].rstrip("MHz"))

    @property
    def top_clock(self) -> int | None:
        """The clock it was made for, in MHz, where the file has it (s390x)."""
        return integer(self.first(("cpu MHz static",)))

    @property
    def address_width(self) -> str:
        """Bits of a virtual address; '' for unknown."""
        words = self.first(("address sizes", "Address Sizes")).partition(",")[2].split()
        mmu = self.first(("mmu",))
        return words[0] if words else mmu[2:] if mmu.startswith("sv") else ""

    def set(self, name: str, value: str) -> None:
        """Keep a field of its own."""
        self._own[name] = value


def parse_cpuinfo(raw: bytes) -> list[Cpu]:
    r"""The logical CPUs, by number. What stands in no CPU's block is true of all.

    >>> one, two = parse_cpuinfo(b"processor\t: 0\nmodel name\t: X\n\nprocessor\t: 1\n\nmicrocode\t: 5\n")
    >>> one.number, one.model, two.number, two.model, two.microcode
    (0, 'X', 1, '', '5')
    >>> (one,) = parse_cpuinfo(b"vendor_id : IBM/S390\nprocessor 0: version = FF,  machine = 8561\n")
    >>> one.model, one.maker
    ('IBM machine type 8561', 'IBM/S390')
    """
    common: dict[str, str] = {}
    cpus: dict[int, Cpu] = {}
    current: Cpu | None = None
    for line in decode(raw).split("\n"):
        name, colon, value = (part.strip() for part in line.partition(":"))
        if not name:
            current = None
            continue
        number = integer(value) if name in ("processor", "cpu number") else None
        if number is not None:
            current = cpus.setdefault(number, Cpu(number, common))
        elif name.startswith("processor ") and (number := integer(name[10:])) is not None:
            # A line for each CPU (s390x).
            cpu = cpus.setdefault(number, Cpu(number, common))
            for field in value.split(","):
                key, _, text = field.partition("=")
                cpu.set(key.strip(), text.strip())
        elif colon and current is not None:
            current.set(name, value)
        elif colon:
            common.setdefault(name, value)
    if not cpus and any(name in common for name in (*_MODEL_NAMES, "CPU implementer")):
        # Kernels for one CPU alone did not number it (ARM before Linux 3.8).
        cpus[0] = Cpu(0, common)
    for cpu in cpus.values():
        # Sockets are numbered anew in each book, and books in each drawer (s390x).
        above = [found for name in ("drawer id", "book id") for found in [cpu.first((name,))] if found]
        socket = cpu.first(_PACKAGE)
        cpu.package = ".".join([*above, socket]) if socket else ""
        cpu.core = cpu.first(_CORE)
    return list(cpus.values())


def cpus_of(host: Host) -> list[Cpu]:
    """The CPUs of a host, with what /sys says: which CPUs are one core, and the package where the file has none.

    Numbers of cores are not enough: they may begin anew in each cluster of a package. A package -1 is not known.
    Raises OSError where there is no /proc/cpuinfo.
    """
    cpus = parse_cpuinfo(host.read("/proc/cpuinfo"))
    for cpu in cpus:
        cpu.package = cpu.package or _number(_topology(host, cpu.number, "physical_package_id")) or "0"
        # The CPUs of its core, as a mask; the second is the name before Linux 5.3.
        threads = _topology(host, cpu.number, "core_cpus") or _topology(host, cpu.number, "thread_siblings")
        if threads.strip("0,"):
            cpu.core = threads
        cpu.core = cpu.core or _number(_topology(host, cpu.number, "core_id")) or str(cpu.number)
    return cpus


def models(cpus: list[Cpu]) -> str:
    """Their model names, each once."""
    return ", ".join(dict.fromkeys(cpu.model for cpu in cpus))


def _topology(host: Host, number: int, name: str) -> str:
    try:
        return decode(host.read(f"/sys/devices/system/cpu/cpu{number}/topology/{name}")).strip()
    except OSError:
        return ""


def _number(text: str) -> str:
    return text if text.isascii() and text.isdigit() else ""
