"""The table `usb_devices` (/sys/bus/usb/devices)."""

from __future__ import annotations

from ..scan import Scan
from ..sources.hardware_ids import USB_FILES, names_of
from ..sources.sysfs import attribute, number
from ..table import INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


_REMOVABLE = {"removable": 1, "fixed": 0}


class UsbDevices(Table):
    """Devices on the USB buses, hubs too."""

    usb_address = Column(INTEGER, "Number of the device on its bus")
    usb_port = Column(INTEGER, "Number of the bus")
    vendor = Column(TEXT, "Maker, as the device says it, else by its id")
    vendor_id = Column(TEXT, "Id of the maker, hexadecimal", collate="NOCASE")
    version = Column(TEXT, "Version of the device, as four decimal digits", collate="VERSION")
    model = Column(TEXT, "Model, as the device says it, else by its id")
    model_id = Column(TEXT, "Id of the model, hexadecimal", collate="NOCASE")
    serial = Column(TEXT, "Serial number; '' for none")
    # A word of Python's own, so it cannot be written as a name.
    vars()["class"] = Column(TEXT, "Class of the device, hexadecimal")
    subclass = Column(TEXT, "Subclass of the device, hexadecimal")
    protocol = Column(TEXT, "Protocol of the device, hexadecimal")
    removable = Column(INTEGER, "1 if it can be unplugged, 0 if it is built in, -1 for unknown")

    typical_rows = 10
    examples = ["SELECT vendor, model, serial FROM usb_devices WHERE removable = 1;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        scan.host.only_with("/sys")
        root = "/sys/bus/usb/devices"
        try:
            names = sorted(scan.host.listdir(root))
        except OSError:
            # A machine without USB.
            return
        known = names_of(scan, USB_FILES)
        for name in names:
            folder = f"{root}/{name}/"
            vendor, model = attribute(scan.host, folder + "idVendor"), attribute(scan.host, folder + "idProduct")
            if not vendor:
                # An interface of a device, not a device.
                continue
            yield (
                number(scan.host, folder + "devnum"),
                number(scan.host, folder + "busnum"),
                attribute(scan.host, folder + "manufacturer") or known.vendors.get(vendor, ""),
                vendor,
                attribute(scan.host, folder + "bcdDevice"),
                attribute(scan.host, folder + "product") or known.models.get((vendor, model), ""),
                model,
                attribute(scan.host, folder + "serial"),
                attribute(scan.host, folder + "bDeviceClass"),
                attribute(scan.host, folder + "bDeviceSubClass"),
                attribute(scan.host, folder + "bDeviceProtocol"),
                _REMOVABLE.get(attribute(scan.host, folder + "removable"), -1),
            )
