"""CPUs of other architectures, from what their kernels write; against lscpu(1), which reads the same files."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hostql.tests.conftest import query
from hostql.vtables.database import Database

FILES = Path(__file__).parents[2] / "data/cpuinfo"
# model, maker, packages, cores, CPUs, subtype, address width, clock, highest clock
EXPECTED = {
    "aarch64-neoverse": ("Neoverse-N1", "ARM", 1, 4, 4, "0xd0c", "", None, None),
    "armv7-old": ("Cortex-A9", "ARM", 1, 2, 2, "0xc09", "", None, None),
    "armv7-raspberry": ("Cortex-A53", "ARM", 1, 4, 4, "0xd03", "", None, None),
    "loongarch64": ("Loongson-3A5000", "Loongson", 2, 4, 4, "0x11", "47", 2500, None),
    "mips": ("MIPS 74Kc V4.12", "", 1, 1, 1, "", "", None, None),
    "power9": ("POWER9, altivec supported", "IBM", 1, 4, 4, "2.3 (pvr 004e 1203)", "", 3800, None),
    "riscv64": ("sifive,u74-mc", "SiFive", 1, 4, 4, "0x8000000000000007", "39", None, None),
    "s390x": ("IBM machine type 8561", "IBM/S390", 2, 2, 2, "8561", "", 5200, 5200),
    "s390x-old": ("IBM machine type 2827", "IBM/S390", 1, 2, 2, "2827", "", None, None),
    "x86_64": ("Intel(R) Xeon(R) CPU           E5520  @ 2.27GHz", "GenuineIntel", 2, 4, 8, "26", "48", 1600, None),
}


@pytest.fixture
def place(tmp_path: Path) -> Callable[[bytes], None]:
    """place(text): that is /proc/cpuinfo below tmp_path."""
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal:  1000 kB\n")

    def write(text: bytes) -> None:
        (tmp_path / "proc/cpuinfo").write_bytes(text)

    return write


def facts(db: Database) -> tuple[object, ...]:
    info = query(db, "SELECT * FROM cpu_info")
    (system,) = query(db, "SELECT * FROM system_info")
    first = info[0]
    assert sum(int(row["number_of_cores"]) for row in info) == system["cpu_physical_cores"]
    assert sum(row["logical_processors"] for row in info) == system["cpu_logical_cores"]
    assert (len(info), first["model"]) == (system["cpu_sockets"], system["cpu_brand"])
    counts = (system["cpu_sockets"], system["cpu_physical_cores"], system["cpu_logical_cores"])
    clocks = (first["current_clock_speed"], first["max_clock_speed"])
    return (first["model"], first["manufacturer"], *counts, system["cpu_subtype"], first["address_width"], *clocks)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_facts_of_every_architecture(tmp_path: Path, open_root: Callable[..., Database], place, name: str) -> None:
    place((FILES / name).read_bytes())
    assert facts(open_root()) == EXPECTED[name]


def test_every_file_is_expected() -> None:
    assert sorted(EXPECTED) == sorted(path.name for path in FILES.iterdir())


@pytest.mark.parametrize("name", ["aarch64-neoverse", "armv7-old", "power9", "s390x", "x86_64"])
def test_names_are_those_of_lscpu(tmp_path: Path, open_root: Callable[..., Database], place, name: str) -> None:
    if not shutil.which("lscpu"):
        pytest.skip("needs lscpu")
    place((FILES / name).read_bytes())
    (tmp_path / "sys/devices/system/cpu/cpu0").mkdir(parents=True)
    (tmp_path / "sys/devices/system/cpu/possible").write_text("0\n")
    environment = {"LC_ALL": "C", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(["lscpu", "--sysroot", tmp_path], capture_output=True, text=True, check=True, env=environment)
    theirs = dict(line.partition(":")[::2] for line in done.stdout.splitlines())
    model, maker, *_ = EXPECTED[name]
    if name != "s390x":  # lscpu has no name for these
        assert theirs["Model name"].strip() == model
    assert theirs.get("Vendor ID", maker).strip() == maker


def test_packages_and_cores_by_sys(tmp_path: Path, open_root: Callable[..., Database], place) -> None:
    """Four threads of two cores in two packages; -1 is what a kernel says that does not know."""
    place((FILES / "power9").read_bytes())
    for number, (package, core) in {0: (0, 8), 1: (0, 8), 4: (1, 8), 5: (1, 8)}.items():
        folder = tmp_path / f"sys/devices/system/cpu/cpu{number}/topology"
        folder.mkdir(parents=True)
        (folder / "physical_package_id").write_text(f"{package}\n")
        (folder / "core_id").write_text(f"{core}\n")
    assert facts(open_root())[2:5] == (2, 2, 4)
    for folder in (tmp_path / "sys/devices/system/cpu").iterdir():
        (folder / "topology/physical_package_id").write_text("-1\n")
    assert facts(open_root())[2:5] == (1, 1, 4)


@pytest.mark.parametrize("name", ["core_cpus", "thread_siblings"])
def test_cores_are_numbered_anew_in_each_cluster(
    tmp_path: Path, open_root: Callable[..., Database], place, name: str
) -> None:
    """Four cores and two of another kind, with one thread each, and two of one core of two threads."""
    place("".join(f"processor\t: {number}\nCPU implementer\t: 0x41\n\n" for number in range(8)).encode())
    cpus = tmp_path / "sys/devices/system/cpu"
    for number, (core, mask) in enumerate(zip([0, 1, 2, 3, 0, 1, 2, 2], [1, 2, 4, 8, 16, 32, 192, 192])):
        folder = cpus / f"cpu{number}/topology"
        folder.mkdir(parents=True)
        for file, text in {"physical_package_id": "0", "core_id": core, name: f"{mask:x}"}.items():
            (folder / file).write_text(f"{text}\n")
        for file in ("core_siblings", "package_cpus"):
            (folder / file).write_text("ff\n")
    assert facts(open_root())[2:5] == (1, 7, 8)
    if shutil.which("lscpu") and name == "thread_siblings":
        for file in ("possible", "present", "online"):
            (cpus / file).write_text("0-7\n")
        done = subprocess.run(["lscpu", "--sysroot", tmp_path, "-p=core"], capture_output=True, text=True, check=True)
        assert len({line for line in done.stdout.splitlines() if line[:1] != "#"}) == 7


def test_an_old_kernel_for_one_cpu(tmp_path: Path, open_root: Callable[..., Database], place) -> None:
    text = b"Processor\t: ARM926EJ-S rev 5 (v5l)\nBogoMIPS\t: 1192.75\nCPU implementer\t: 0x41\nCPU part\t: %b\n\n"
    place(text % b"0x926" + b"Hardware\t: Feroceon\n")
    assert facts(open_root())[:6] == ("ARM926", "ARM", 1, 1, 1, "0x926")
    place(text % b"0xfff")
    assert facts(open_root())[0] == "ARM926EJ-S rev 5 (v5l)"


def test_kinds_of_cores_beside_each_other(tmp_path: Path, open_root: Callable[..., Database], place) -> None:
    text = (FILES / "aarch64-neoverse").read_bytes().replace(b"0xd0c", b"0xd03", 2).replace(b"0xd0c", b"0xd08", 1)
    place(text.replace(b"0xd0c", b"0xfff"))
    assert facts(open_root())[:2] == ("Cortex-A53, Cortex-A72, part 0xfff", "ARM")


def test_a_file_that_names_no_cpu(tmp_path: Path, open_root: Callable[..., Database], place) -> None:
    place(b"\xff\0junk\n: x\nprocessor\nprocessor : x\nprocessor 1x: y\n")
    assert query(open_root(), "SELECT * FROM cpu_info") == []
    (row,) = query(open_root(), "SELECT cpu_brand, cpu_logical_cores, cpu_subtype FROM system_info")
    assert [*row.values()] == ["", None, ""]
