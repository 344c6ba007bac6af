"""The table `pci_devices` (/sys/bus/pci/devices), with names from the host's pci.ids where it has one."""

from __future__ import annotations

import os

from ..scan import Scan
from ..sources.hardware_ids import PCI_FILES, Names, names_of
from ..sources.sysfs import attribute
from ..sources.text import from_os
from ..table import TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class PciDevices(Table):
    """Devices on the PCI buses."""

    pci_slot = Column(TEXT, "Domain, bus, device and function")
    pci_class = Column(TEXT, "Class of the device; '' where it is not known by name")
    driver = Column(TEXT, "Kernel driver in charge; '' for none")
    vendor = Column(TEXT, "Maker; '' where it is not known by name")
    vendor_id = Column(TEXT, "Id of the maker, hexadecimal", collate="NOCASE")
    model = Column(TEXT, "Model; '' where it is not known by name")
    model_id = Column(TEXT, "Id of the model, hexadecimal", collate="NOCASE")
    pci_class_id = Column(TEXT, "Id of the class, hexadecimal", collate="NOCASE")
    pci_subclass_id = Column(TEXT, "Id of the subclass, hexadecimal", collate="NOCASE")
    pci_subclass = Column(TEXT, "Subclass of the device; '' where it is not known by name")
    subsystem_vendor_id = Column(TEXT, "Id of the card's maker, hexadecimal", collate="NOCASE")
    subsystem_vendor = Column(TEXT, "Maker of the card; '' where it is not known by name")
    subsystem_model_id = Column(TEXT, "Id of the card's model, hexadecimal", collate="NOCASE")
    subsystem_model = Column(TEXT, "Model of the card; '' where it is not known by name")

    typical_rows = 20
    examples = ["SELECT pci_slot, vendor_id, model_id, driver FROM pci_devices;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        scan.host.only_with("/sys")
        root = "/sys/bus/pci/devices"
        try:
            slots = sorted(scan.host.listdir(root))
        except OSError:
            # A machine without PCI.
            return
        names = names_of(scan, PCI_FILES)
        for slot in slots:
            yield _device(scan, f"{root}/{slot}", slot, names)


def _device(scan: Scan, folder: str, slot: str, names: Names) -> tuple[Any, ...]:
    vendor, model, card_vendor, card = (
        attribute(scan.host, f"{folder}/{key}")[2:]
        for key in ("vendor", "device", "subsystem_vendor", "subsystem_device")
    )
    kind = attribute(scan.host, folder + "/class")[2:].zfill(6)
    try:
        driver = from_os(os.path.basename(scan.host.readlink(folder + "/driver")))
    except OSError:
        driver = ""
    return (
        from_os(slot),
        names.classes.get(kind[:2], ""),
        driver,
        names.vendors.get(vendor, ""),
        vendor,
        names.models.get((vendor, model), ""),
        model,
        kind[:2],
        kind[2:4],
        names.subclasses.get((kind[:2], kind[2:4]), ""),
        card_vendor,
        names.vendors.get(card_vendor, ""),
        card,
        names.cards.get((vendor, model, card_vendor, card))
        or (names.models.get((vendor, model), "") if (card_vendor, card) == (vendor, model) else ""),
    )
