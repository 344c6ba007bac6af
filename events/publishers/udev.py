"""The publisher `udev`: what the kernel announces of devices (NETLINK_KOBJECT_UEVENT, lib/kobject_uevent.c).

The kernel's own messages are read, not those that udevd sends on: they come without udevd, too. Who made a device is
read from /sys; of one that is gone, it is what was known before.
"""

from __future__ import annotations

import errno
import os
import socket
import time

from ...vtables.sources.hardware_ids import PCI_FILES, USB_FILES, find_names
from ...vtables.sources.host import LIVE
from ...vtables.sources.sysfs import attribute
from ...vtables.sources.text import decode
from ..publisher import Counters, Publisher, Unavailable
from .receive_buffer import Queue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..options import Options
    from ..publisher import Stream

    # vendor, vendor_id, model, model_id, serial, revision
    Maker = tuple[str, str, str, str, str, str]

COLUMNS = (
    *("action", "path", "type", "driver", "vendor", "vendor_id", "model", "model_id", "serial", "revision", "time"),
)
# linux/netlink.h, and the group that the kernel sends to; udevd sends to the second.
_NETLINK_KOBJECT_UEVENT, _KERNEL = 15, 1
_BUFFER = 4 << 20
# The kernel's messages are 2 KiB at most (UEVENT_BUFFER_SIZE), and its header.
_LONGEST = 8192
_MOST = 2_000
_REMEMBERED = 2_000
_NOBODY: Maker = ("", "", "", "", "", "")


class Udev(Publisher):
    """Devices that come, go and change."""

    name = "udev"
    tier = 1
    tables = ("hardware_events",)

    def __init__(self, sys: str = "/sys", ids: str = "") -> None:
        """`ids`: a folder that stands for the root where the lists of ids are looked for."""
        self._sys = sys
        self._ids = ids
        self._counters = Counters()
        self._makers: dict[str, Maker] = {}

    def open(self, tables: frozenset[str], options: Options) -> None:
        """Listen to the kernel's announcements; anybody may."""
        self._counters = Counters()
        flags = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        try:
            link = socket.socket(socket.AF_NETLINK, flags, _NETLINK_KOBJECT_UEVENT)
        except OSError as error:
            raise Unavailable(f"the kernel announces no devices here ({error.strerror})") from None
        try:
            link.bind((0, _KERNEL))
            self._queue = Queue(link, _BUFFER)
        except OSError as error:
            link.close()
            raise Unavailable(f"the kernel's announcements of devices cannot be had ({error.strerror})") from None
        self._link = link
        self._remember_present()

    def fileno(self) -> int:
        """The socket."""
        return self._link.fileno()

    def drain(self, stream: Stream) -> None:
        """Hand over the announcements that wait."""
        rows = []
        now = int(time.time())
        for _ in range(_MOST):
            try:
                raw, sender = self._link.recvfrom(_LONGEST)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                lost = self._queue.overflowed()
                self._counters.lost += lost
                self._counters.seen += lost
                stream.gap(f"{lost} announcements of devices found no room in the socket's buffer", lost)
                continue
            self._counters.seen += 1
            told = parse(raw) if sender[0] == 0 else None
            if told is None:
                self._counters.lost += 1
                continue
            path = told["DEVPATH"]
            maker = self._maker(told)
            rows.append((told["ACTION"], path, told.get("SUBSYSTEM", ""), told.get("DRIVER", ""), *maker, now))
        stream.add("hardware_events", COLUMNS, rows)

    def counters(self) -> Counters:
        """Announcements; lost are those that found no room, that made no sense, or that were not the kernel's."""
        return self._counters

    def close(self) -> None:
        """Stop listening."""
        self._link.close()

    def _maker(self, told: dict[str, str]) -> Maker:
        path, action = told["DEVPATH"], told["ACTION"]
        if action == "remove":
            return self._makers.pop(path, None) or self._named(*_own_ids(told), "", "", "", "")
        found = self._read(path, told)
        self._remember(path, found)
        return found

    def _remember_present(self) -> None:
        """Take in the devices most likely to be pulled out: nothing is left in /sys to read then."""
        for folder in ("bus/usb/devices", "block"):
            try:
                names = os.listdir(f"{self._sys}/{folder}")
            except OSError:
                continue
            root = os.path.realpath(self._sys)
            for name in names:
                path = os.path.realpath(f"{self._sys}/{folder}/{name}").removeprefix(root)
                self._remember(path, self._read(path, {}))

    def _remember(self, path: str, maker: Maker) -> None:
        if maker != _NOBODY:
            self._makers.pop(path, None)
            self._makers[path] = maker
            if len(self._makers) > _REMEMBERED:
                del self._makers[next(iter(self._makers))]

    def _read(self, path: str, told: dict[str, str]) -> Maker:
        """Who made the device, or the nearest one above it that says so: a disk's partition is the disk's maker's."""
        if ".." in path.split("/") or not os.path.isdir(self._sys + path):
            return self._named(*_own_ids(told), "", "", "", "")
        vendor = model = serial = revision = ""
        at = self._sys + path
        while len(at) > len(self._sys) + len("/devices"):
            usb = attribute(LIVE, at + "/idVendor")
            if usb:
                serial = serial or attribute(LIVE, at + "/serial")
                revision = revision or attribute(LIVE, at + "/bcdDevice")
                vendor = vendor or attribute(LIVE, at + "/manufacturer")
                model = model or attribute(LIVE, at + "/product")
                return self._named("usb", usb, attribute(LIVE, at + "/idProduct"), vendor, model, serial, revision)
            number = attribute(LIVE, at + "/vendor")
            if number.startswith("0x"):
                if vendor:
                    # What is above is the disk's controller.
                    break
                device = attribute(LIVE, at + "/device")
                revision = revision or attribute(LIVE, at + "/revision")
                return self._named("pci", number[2:], device[2:], vendor, model, serial, revision)
            vendor, model = vendor or number, model or attribute(LIVE, at + "/model")
            serial = serial or attribute(LIVE, at + "/serial")
            revision = revision or attribute(LIVE, at + "/rev") or attribute(LIVE, at + "/firmware_rev")
            at = at.rpartition("/")[0]
        return (vendor, "", model, "", serial, revision)

    def _named(
        self, bus: str, vendor_id: str, model_id: str, vendor: str, model: str, serial: str, revision: str
    ) -> Maker:
        """With names from the host's list of ids where the device does not tell its own."""
        if vendor_id and not (vendor and model):
            files = [self._ids + file for file in (USB_FILES if bus == "usb" else PCI_FILES)]
            listed = find_names(files, vendor_id, model_id)
            vendor, model = vendor or listed[0], model or listed[1]
        return (vendor, vendor_id, model, model_id, serial, revision)


def parse(raw: bytes) -> dict[str, str] | None:
    r"""What the kernel announces: `action@path`, then KEY=value, a NUL after each; None for what is no such thing.

    >>> parse(b"add@/devices/a\0ACTION=add\0DEVPATH=/devices/a\0SUBSYSTEM=net\0SEQNUM=7\0")["SUBSYSTEM"]
    'net'
    >>> parse(b"libudev\0\xfe\xed\xca\xfe") is None
    True
    """
    head, _, rest = raw.partition(b"\0")
    told = {}
    for line in rest.split(b"\0"):
        key, equals, value = line.partition(b"=")
        if equals:
            told[decode(key)] = decode(value)
    if head != f"{told.get('ACTION', '')}@{told.get('DEVPATH', '')}".encode() or not told.get("DEVPATH", ""):
        return None
    return told


def _own_ids(told: dict[str, str]) -> tuple[str, str, str]:
    """(bus, vendor's number, model's number) as an announcement itself has them, four hexadecimal digits each.

    >>> _own_ids({"SUBSYSTEM": "usb", "PRODUCT": "46d/c52b/1211"}), _own_ids({"PCI_ID": "8086:10D3"})
    (('usb', '046d', 'c52b'), ('pci', '8086', '10d3'))
    """
    vendor, _, model = told.get("PCI_ID", "").lower().partition(":")
    if model:
        return "pci", vendor, model
    product = told.get("PRODUCT", "").lower().split("/")
    if told.get("SUBSYSTEM") == "usb" and len(product) == 3:
        return "usb", product[0].zfill(4), product[1].zfill(4)
    return "", "", ""
