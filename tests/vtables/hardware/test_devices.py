"""CPUs and devices against lscpu, lspci and lsusb, and against trees of machines this host is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hostql.tests.conftest import query, tool
from hostql.vtables.database import Database


def write(root: Path, files: dict[str, str]) -> None:
    for path, content in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)


def lscpu() -> dict[str, str]:
    """Its fields by name, those within others too."""
    found: dict[str, str] = {}

    def gather(entries: list[dict[str, Any]]) -> None:
        for entry in entries:
            found.setdefault(entry["field"].rstrip(":"), entry["data"])
            gather(entry.get("children", []))

    gather(json.loads(tool("lscpu", "-J"))["lscpu"])
    return found


def test_cpus_are_those_of_lscpu(db: Database):
    shown = lscpu()
    if "Socket(s)" not in shown or "Model name" not in shown:
        pytest.skip("lscpu tells of no sockets here")
    rows = query(db, "SELECT * FROM cpu_info")
    (system,) = query(db, "SELECT * FROM system_info")
    assert len(rows) == system["cpu_sockets"] == int(shown["Socket(s)"])
    for row in rows:
        assert (row["model"], row["manufacturer"]) == (shown["Model name"], shown["Vendor ID"])
        assert int(row["number_of_cores"]) == int(shown["Core(s) per socket"])
        assert row["address_width"] == shown["Address sizes"].partition(",")[2].split()[0]
    assert sum(row["logical_processors"] for row in rows) == int(tool("nproc", "--all"))
    assert system["cpu_physical_cores"] == int(shown["Core(s) per socket"]) * int(shown["Socket(s)"])
    assert system["cpu_logical_cores"] == int(tool("nproc", "--all"))
    assert (system["cpu_brand"], system["cpu_subtype"]) == (shown["Model name"], shown["Model"])
    assert system["cpu_type"] == tool("uname", "-m").strip()


def test_two_packages_with_threads(tmp_path: Path, open_root: Callable[..., Database]):
    cpus = [(number, number // 4, number // 2 % 2) for number in range(8)]
    blocks = [
        f"processor\t: {n}\nvendor_id\t: GenuineIntel\nmodel name\t: Xeon 5\ncpu MHz\t\t: 2100.123\n"
        f"physical id\t: {package}\ncore id\t\t: {core}\naddress sizes\t: 46 bits physical, 48 bits virtual\n"
        for n, package, core in cpus
    ]
    top = {f"sys/devices/system/cpu/cpu{n}/cpufreq/cpuinfo_max_freq": "3900000\n" for n in (0, 4)}
    write(tmp_path, {"proc/cpuinfo": "\n".join(blocks) + "\n", **top})
    rows = query(open_root(), "SELECT * FROM cpu_info")
    assert [row["device_id"] for row in rows] == ["CPU0", "CPU1"]
    for row in rows:
        assert (row["number_of_cores"], row["logical_processors"], row["address_width"]) == ("2", 4, "48")
        assert (row["current_clock_speed"], row["max_clock_speed"], row["model"]) == (2100, 3900, "Xeon 5")


def test_an_arm_machine(tmp_path: Path, open_root: Callable[..., Database]):
    """It has neither names nor packages: the core has its name by its number, and all are in one package."""
    blocks = [f"processor\t: {n}\nBogoMIPS\t: 108.00\nCPU implementer\t: 0x41\nCPU part\t: 0xd08\n" for n in range(4)]
    write(tmp_path, {"proc/cpuinfo": "\n".join(blocks) + "\nModel\t\t: Raspberry Pi 4\n"})
    (row,) = query(open_root(), "SELECT * FROM cpu_info")
    assert (row["model"], row["number_of_cores"], row["logical_processors"]) == ("Cortex-A72", "4", 4)
    assert row["current_clock_speed"] is row["max_clock_speed"] is None


def test_pci_devices_are_those_of_lspci(db: Database):
    """Each device by its numbers: slot, class, maker, model, card and driver."""
    blocks = [block for block in tool("lspci", "-D", "-vmm", "-n", "-k").split("\n\n") if block.strip()]
    shown = {}
    for block in blocks:
        fields = dict(line.split(":\t", 1) for line in block.splitlines() if ":\t" in line)
        ids = [fields.get(key, "0000") for key in ("Class", "Vendor", "Device", "SVendor", "SDevice")]
        shown[fields["Slot"]] = (*ids, fields.get("Driver", ""))
    rows = query(db, "SELECT * FROM pci_devices")
    keys = ("vendor_id", "model_id", "subsystem_vendor_id", "subsystem_model_id", "driver")
    assert {
        row["pci_slot"]: (row["pci_class_id"] + row["pci_subclass_id"], *[row[key] for key in keys]) for row in rows
    } == shown


def test_names_of_pci_devices_are_those_of_lspci(db: Database):
    rows = query(db, "SELECT * FROM pci_devices")
    if not any(row["vendor"] for row in rows):
        pytest.skip("needs PCI devices and a pci.ids that names them")
    blocks = [block for block in tool("lspci", "-D", "-vmm").split("\n\n") if block.strip()]
    by_slot = {
        fields["Slot"]: fields for fields in (dict(line.split(":\t", 1) for line in b.splitlines()) for b in blocks)
    }
    for row in rows:
        fields = by_slot[row["pci_slot"]]
        if row["vendor"]:
            assert row["vendor"] == fields["Vendor"]
        if row["model"]:
            assert row["model"] == fields["Device"]
        if row["subsystem_model"]:
            assert row["subsystem_model"] == fields["SDevice"]


PCI_IDS = """\
8086  Intel Corporation
\t1237  440FX - 82441FX PMC
\t\t1af4 1100  Qemu virtual machine
1af4  Red Hat, Inc.
\t1041  Virtio network device
C 02  Network controller
\t00  Ethernet controller
C 06  Bridge
\t00  Host bridge
"""


def test_a_pci_tree(tmp_path: Path, open_root: Callable[..., Database]):
    def device(slot: str, *values: str) -> dict[str, str]:
        names = ("class", "vendor", "device", "subsystem_vendor", "subsystem_device")
        return {f"sys/bus/pci/devices/{slot}/{name}": value + "\n" for name, value in zip(names, values)}

    bridge = device("0000:00:00.0", "0x060000", "0x8086", "0x1237", "0x1af4", "0x1100")
    network = device("0000:00:03.0", "0x020000", "0x1af4", "0x1041", "0x1af4", "0x1041")
    unknown = device("0000:00:04.0", "0x123456", "0xabcd", "0x0001", "0x0000", "0x0000")
    write(tmp_path, {"usr/share/misc/pci.ids": PCI_IDS, **bridge, **network, **unknown})
    driver = tmp_path / "sys/bus/pci/drivers/virtio-pci"
    driver.mkdir(parents=True)
    (tmp_path / "sys/bus/pci/devices/0000:00:03.0/driver").symlink_to(driver)
    one, two, three = query(open_root(), "SELECT * FROM pci_devices ORDER BY pci_slot")
    assert (one["pci_class"], one["pci_subclass"], one["vendor"], one["model"], one["driver"]) == (
        "Bridge",
        "Host bridge",
        "Intel Corporation",
        "440FX - 82441FX PMC",
        "",
    )
    assert (one["subsystem_vendor"], one["subsystem_model"]) == ("Red Hat, Inc.", "Qemu virtual machine")
    assert (two["driver"], two["subsystem_model"]) == ("virtio-pci", "Virtio network device")
    assert (three["vendor_id"], three["vendor"], three["model"], three["pci_class_id"]) == ("abcd", "", "", "12")
    found = query(open_root(), "SELECT pci_slot FROM pci_devices WHERE vendor_id = 'ABCD'")
    assert found == [{"pci_slot": "0000:00:04.0"}]


def test_usb_devices_are_those_of_lsusb(db: Database):
    shown = set()
    for line in tool("lsusb").splitlines():
        words = line.split()
        shown.add((int(words[1]), int(words[3].rstrip(":")), *words[5].split(":")))
    rows = query(db, "SELECT usb_port, usb_address, vendor_id, model_id FROM usb_devices")
    assert {tuple(row.values()) for row in rows} == shown


def test_a_usb_tree(tmp_path: Path, open_root: Callable[..., Database]):
    """A hub that is built in, a stick that names itself, one that only has numbers, and an interface, which is none."""
    top = "sys/bus/usb/devices"
    hub = {"idVendor": "1d6b", "idProduct": "0002", "busnum": "1", "devnum": "1", "removable": "fixed"}
    hub |= {"bDeviceClass": "09", "bcdDevice": "0601"}
    stick = {"idVendor": "0781", "idProduct": "5581", "busnum": "1", "devnum": "4", "removable": "removable"}
    stick |= {
        "manufacturer": "SanDisk",
        "product": "Ultra",
        "serial": "4C53",
        "bDeviceClass": "00",
        "bcdDevice": "0100",
    }
    bare = {"idVendor": "0781", "idProduct": "5567", "busnum": "2", "devnum": "3", "removable": "unknown"}
    files = {
        f"{top}/{name}/{key}": f"{value}\n"
        for name, device in (("usb1", hub), ("1-4", stick), ("2-1", bare))
        for key, value in device.items()
    }
    files[f"{top}/1-4:1.0/bInterfaceClass"] = "08\n"
    files["usr/share/misc/usb.ids"] = (
        "0781  SanDisk Corp.\n\t5567  Cruzer Blade\nC 03  HID\n\t01  Boot\n\t\t01  Keyboard\n"
    )
    write(tmp_path, files)
    rows = {row["usb_address"]: row for row in query(open_root(), "SELECT * FROM usb_devices")}
    assert set(rows) == {1, 3, 4}
    assert (rows[1]["class"], rows[1]["removable"], rows[1]["serial"], rows[1]["version"]) == ("09", 0, "", "0601")
    assert (rows[4]["vendor"], rows[4]["model"], rows[4]["serial"], rows[4]["removable"]) == (
        "SanDisk",
        "Ultra",
        "4C53",
        1,
    )
    assert (rows[3]["vendor"], rows[3]["model"], rows[3]["removable"]) == ("SanDisk Corp.", "Cruzer Blade", -1)
