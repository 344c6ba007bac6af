"""Announcements of devices taken apart, and who made the device, with a /sys of files."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hostql.events.publishers.udev import Udev, parse

ADD = (
    b"add@/devices/pci0/usb1/1-1/1-1:1.0\0ACTION=add\0DEVPATH=/devices/pci0/usb1/1-1/1-1:1.0\0"
    b"SUBSYSTEM=usb\0PRODUCT=46d/c52b/1211\0SEQNUM=77\0"
)
USB_IDS = "# list\n046c  Other\n\tc52b  Not this\n046d  Logitech, Inc.\n\tc52a  First\n\tc52b  Receiver\n046e  Next\n"


@pytest.fixture
def sys(tmp_path: Path) -> Path:
    files = {
        "pci0/vendor": "0x8086",
        "pci0/device": "0x1237",
        "pci0/revision": "0x02",
        "pci0/usb1/1-1/idVendor": "046d",
        "pci0/usb1/1-1/idProduct": "c52b",
        "pci0/usb1/1-1/product": "USB Receiver",
        "pci0/usb1/1-1/serial": "S1",
        "pci0/usb1/1-1/bcdDevice": "1211",
        "pci0/usb1/1-1/1-1:1.0/bInterfaceNumber": "00",
        "pci0/ata1/host0/0:0:0:0/vendor": "ATA     ",
        "pci0/ata1/host0/0:0:0:0/model": "DISK 9000",
        "pci0/ata1/host0/0:0:0:0/rev": "1.0",
        "pci0/ata1/host0/0:0:0:0/block/sda/sda1/partition": "1",
    }
    for name, content in files.items():
        path = tmp_path / "sys/devices" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content + "\n")
    ids = tmp_path / "usr/share/misc"
    ids.mkdir(parents=True)
    (ids / "usb.ids").write_text(USB_IDS)
    (ids / "pci.ids").write_text("8086  Intel Corporation\n\t1237  440FX\n")
    return tmp_path / "sys"


def test_an_announcement():
    told = parse(ADD)
    assert told is not None
    assert (told["ACTION"], told["SUBSYSTEM"], told["PRODUCT"]) == ("add", "usb", "46d/c52b/1211")


def test_what_is_no_announcement_is_none():
    draw = random.Random(4)
    assert parse(b"") is None
    assert parse(b"libudev\0\xfe\xed\xca\xfe\0ACTION=add\0") is None
    assert parse(ADD.replace(b"add@", b"remove@")) is None
    for _ in range(3000):
        changed = bytearray(ADD[: draw.randrange(len(ADD) + 1)])
        for _ in range(draw.randrange(4)):
            if changed:
                changed[draw.randrange(len(changed))] = draw.randrange(256)
        told = parse(bytes(changed))
        assert told is None or (told["DEVPATH"] and "ACTION" in told)


def test_who_made_it_is_read_from_sys_and_remembered(sys: Path):
    publisher = Udev(str(sys), str(sys.parent))
    told = parse(ADD)
    assert told is not None
    maker = ("Logitech, Inc.", "046d", "USB Receiver", "c52b", "S1", "1211")
    assert publisher._maker(told) == maker
    gone = {**told, "ACTION": "remove"}
    assert publisher._maker(gone) == maker
    # Once more, with nothing remembered: what the announcement says, by its names in the list.
    assert publisher._maker(gone) == ("Logitech, Inc.", "046d", "Receiver", "c52b", "", "")


@pytest.mark.parametrize(
    ("path", "maker"),
    [
        ("/devices/pci0/ata1/host0/0:0:0:0/block/sda/sda1", ("ATA", "", "DISK 9000", "", "", "1.0")),
        ("/devices/pci0/ata1", ("", "8086", "", "1237", "", "0x02")),
        ("/devices/virtual/net/dummy0", ("", "", "", "", "", "")),
        ("/devices/../../etc", ("", "", "", "", "", "")),
    ],
)
def test_a_device_has_the_nearest_maker(sys: Path, path: str, maker: tuple[str, ...]):
    told = {"ACTION": "add", "DEVPATH": path, "SUBSYSTEM": "block"}
    (sys.parent / "usr/share/misc/pci.ids").unlink()
    assert Udev(str(sys), str(sys.parent))._maker(told) == maker
