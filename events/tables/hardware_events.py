"""The event table `hardware_events`: devices that came and went."""

from __future__ import annotations

from ...vtables.table import TEXT, Column
from ..table import EventTable, eid, time


class HardwareEvents(EventTable):
    """Devices that the kernel announced: plugged in, removed, changed."""

    action = Column(TEXT, "add, remove, change, bind, unbind, move, online or offline")
    path = Column(TEXT, "Path of the device below /sys")
    type = Column(TEXT, "Subsystem: usb, block, net and others")
    driver = Column(TEXT, "Driver")
    vendor = Column(TEXT, "Name of the vendor")
    vendor_id = Column(TEXT, "Number of the vendor, in hexadecimal", collate="NOCASE")
    model = Column(TEXT, "Name of the model")
    model_id = Column(TEXT, "Number of the model, in hexadecimal", collate="NOCASE")
    serial = Column(TEXT, "Serial number")
    revision = Column(TEXT, "Revision")
    time = time()
    eid = eid()

    event_class = "hardware"
    publishers = ("udev",)
    examples = [
        "SELECT time, action, type, path, model FROM hardware_events ORDER BY eid DESC LIMIT 10;",
    ]
