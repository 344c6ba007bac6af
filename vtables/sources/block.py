"""The block devices as the kernel lists them: /sys/class/block (sysfs-block)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..scan import Scan


def block_devices(scan: Scan) -> tuple[str, list[str]]:
    """The folder that has a link for each block device, and their names, sorted; a note where it cannot be read."""
    folder = "/sys/class/block"
    try:
        return folder, sorted(scan.host.listdir(folder))
    except OSError as error:
        scan.note(f"cannot read the block devices: {error.strerror}")
        return folder, []
