"""The table `block_devices`: disks and partitions (/sys/class/block), and what udev or libblkid know of them."""

from __future__ import annotations

import os

from ..scan import Scan
from ..sources.block import block_devices
from ..sources.sysfs import attribute, number
from ..sources.text import from_os
from ..table import BIGINT, INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


_SECTOR = 512


def parse_udev(text: str) -> dict[str, str]:
    r"""Properties from a file of /run/udev/data: lines `E:NAME=value`.

    >>> parse_udev("S:disk/by-uuid/x\nE:ID_FS_TYPE=ext4\n")
    {'ID_FS_TYPE': 'ext4'}
    """
    lines = [line[2:].partition("=") for line in text.split("\n") if line.startswith("E:")]
    return {name: value for name, equals, value in lines if equals}


class BlockDevices(Table):
    """Disks, partitions and mapped devices."""

    name = Column(TEXT, "Device node", key=True)
    parent = Column(TEXT, "Device node of the disk a partition is on; '' for none")
    vendor = Column(TEXT, "Maker of the disk; '' for unknown")
    model = Column(TEXT, "Model of the disk; '' for unknown")
    serial = Column(TEXT, "Serial number of the disk; '' for unknown")
    size = Column(BIGINT, "Size, in sectors of 512 bytes")
    block_size = Column(INTEGER, "Logical block size, in bytes")
    uuid = Column(TEXT, "UUID of the file system; '' for none or unknown", collate="NOCASE")
    type = Column(TEXT, "Type of the file system; '' for none or unknown")
    label = Column(TEXT, "Label of the file system; '' for none or unknown")

    identity = ("name",)
    typical_rows = 20
    examples = ["SELECT name, human_size(size * 512) AS size, model FROM block_devices WHERE block_devices.size > 0;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        root, names = block_devices(scan)
        asked = scan.equals("name")
        for name in names:
            if asked is None or from_os(f"/dev/{name}".replace("!", "/")) in asked:
                yield _device(scan, f"{root}/{name}", name)


def _device(scan: Scan, folder: str, name: str) -> tuple[Any, ...]:
    host = scan.host
    partition = host.exists(folder + "/partition")
    above = os.path.dirname(host.realpath(folder)) if partition else folder
    udev = parse_udev(attribute(host, f"/run/udev/data/b{attribute(host, folder + '/dev')}"))
    if not udev and scan.wants("uuid", "type", "label"):
        udev = _probed(scan, name)
    return (
        from_os("/dev/" + name.replace("!", "/")),
        from_os("/dev/" + os.path.basename(above)) if partition else "",
        attribute(host, above + "/device/vendor"),
        attribute(host, above + "/device/model"),
        udev.get("ID_SERIAL_SHORT", "") or attribute(host, above + "/device/serial"),
        number(host, folder + "/size"),
        number(host, above + "/queue/logical_block_size") or _SECTOR,
        udev.get("ID_FS_UUID", ""),
        udev.get("ID_FS_TYPE", ""),
        udev.get("ID_FS_LABEL", ""),
    )


def _probed(scan: Scan, name: str) -> dict[str, str]:
    """What is on the device itself, where udev keeps no record of it; needs root."""
    if not scan.host.live:
        return {}
    from ..sources.blkid import probe

    device = "/dev/" + name.replace("!", "/")
    scan.tried("devices", device)
    try:
        return probe(device)
    except PermissionError:
        scan.denied("devices", device)
    except OSError:
        # Nothing in it (a loop device without file, a drive without medium), or no node for it.
        pass
    return {}
