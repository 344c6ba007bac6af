"""The table `disk_encryption`: which block devices are encrypted (dm-crypt, /sys/block/*/dm/uuid)."""

from __future__ import annotations

from ..scan import Scan
from ..sources.block import block_devices
from ..sources.sysfs import attribute
from ..sources.text import from_os
from ..table import INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class DiskEncryption(Table):
    """Block devices, and whether each rests on encryption by the kernel."""

    name = Column(TEXT, "Device node", key=True)
    uuid = Column(TEXT, "UUID of the encrypted volume; '' for none", collate="NOCASE")
    encrypted = Column(INTEGER, "1 if what is written to it is encrypted, else 0")
    type = Column(TEXT, "Kind of encryption: LUKS1, LUKS2, PLAIN and the like; '' for none")
    encryption_status = Column(TEXT, "encrypted or not encrypted")

    identity = ("name",)
    typical_rows = 20
    examples = ["SELECT name, type FROM disk_encryption WHERE encrypted = 1;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        root, names = block_devices(scan)
        for name in names:
            kind, uuid = _encryption(scan, root, name, set())
            status = "encrypted" if kind else "not encrypted"
            yield (from_os("/dev/" + name.replace("!", "/")), uuid, int(bool(kind)), kind, status)


def _encryption(scan: Scan, root: str, name: str, seen: set[str]) -> tuple[str, str]:
    """(kind, UUID) of the encryption a device is, or rests on."""
    seen.add(name)
    parts = attribute(scan.host, f"{root}/{name}/dm/uuid").split("-")
    if len(parts) > 2 and parts[0] == "CRYPT":
        return parts[1], _dashed(parts[2]) if parts[1].startswith("LUKS") else ""
    try:
        below = scan.host.listdir(f"{root}/{name}/slaves")
    except OSError:
        return "", ""
    for device in below:
        if device not in seen:
            found = _encryption(scan, root, device, seen)
            if found[0]:
                return found
    return "", ""


def _dashed(uuid: str) -> str:
    """The kernel's name of the device holds the UUID without its dashes."""
    if len(uuid) != 32:
        return uuid
    return "-".join([uuid[:8], uuid[8:12], uuid[12:16], uuid[16:20], uuid[20:]])
