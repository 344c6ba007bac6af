"""The table `secureboot`: UEFI Secure Boot, from the firmware's variables (efivarfs)."""

from __future__ import annotations

from ..scan import Scan
from ..table import INTEGER, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


# The global variable namespace of the UEFI specification.
_GLOBAL = "8be4df61-93ca-11d2-aa0d-00e098032b8c"


class Secureboot(Table):
    """Whether UEFI Secure Boot is on; one row, none on a machine that was not booted by UEFI."""

    secure_boot = Column(INTEGER, "1 if only signed boot loaders run, else 0")
    setup_mode = Column(INTEGER, "1 if keys can be enrolled without authentication, else 0")

    typical_rows = 1
    examples = ["SELECT secure_boot, setup_mode FROM secureboot;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        values: list[int | None] = []
        for name in ("SecureBoot", "SetupMode"):
            try:
                # Four bytes of attributes, then the value.
                values.append(scan.host.read(f"/sys/firmware/efi/efivars/{name}-{_GLOBAL}")[4])
            except (OSError, IndexError):
                values.append(None)
        if values == [None, None]:
            scan.note("the firmware has no UEFI variables (not booted by UEFI, or efivarfs is not mounted)")
        else:
            yield tuple(values)
