"""The table `deb_packages`: Debian packages (dpkg(1), the file /var/lib/dpkg/status)."""

from __future__ import annotations

from ..scan import Scan
from ..sources.configuration import text_of, understood
from ..sources.text import integer, lines
from ..table import BIGINT, INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


ADMINDIR = "/var/lib/dpkg"
# Ten thousand packages make some 15 MB.
_LARGEST = 64 << 20


def parse_status(text: str) -> Iterator[dict[str, str] | None]:
    r"""The fields of each package by name, the first line of a longer field alone; None for one without a name.

    >>> list(parse_status("Package: a\nVersion: 1-2\nDescription: x\n more\n\nPackage: b\n"))
    [{'Package': 'a', 'Version': '1-2', 'Description': 'x'}, {'Package': 'b'}]
    """
    for block in lines(text, "\n\n"):
        fields = {}
        for line in block.split("\n"):
            name, colon, value = line.partition(":")
            if colon and line[:1] not in (" ", "\t"):
                fields[name] = value.strip()
        if block.strip():
            yield fields if fields.get("Package") else None


class DebPackages(Table):
    """Packages dpkg knows: installed ones, and those removed whose configuration is left."""

    name = Column(TEXT, "Name of the package")
    version = Column(TEXT, "Version", collate="VERSION_DPKG")
    source = Column(TEXT, "Source package where its name or version differs, else ''")
    size = Column(BIGINT, "Installed size, in KiB")
    arch = Column(TEXT, "Architecture")
    revision = Column(TEXT, "Debian revision: what follows the last - of the version; '' for a native package")
    status = Column(TEXT, "What is wanted, whether it is right, what is so: 'install ok installed'")
    maintainer = Column(TEXT, "Who maintains it")
    section = Column(TEXT, "Section of the archive")
    priority = Column(TEXT, "Priority")
    admindir = Column(TEXT, "Folder of dpkg's data", additional=True)
    pid_with_namespace = Column(INTEGER, "Not offered; always 0", hidden=True)
    mount_namespace_id = Column(TEXT, "Not offered; always ''", hidden=True)

    typical_rows = 500
    examples = ["SELECT name, version FROM deb_packages WHERE name = 'bash';"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        for admindir in scan.equals("admindir") or [ADMINDIR]:
            if not isinstance(admindir, str) or not admindir.startswith("/"):
                continue
            file = f"{admindir}/status"
            for fields in understood(scan, file, parse_status(text_of(scan, file, limit=_LARGEST)), "paragraph"):
                get = fields.get
                version = get("Version", "")
                yield (
                    get("Package", ""),
                    version,
                    get("Source", ""),
                    integer(get("Installed-Size", "")),
                    get("Architecture", ""),
                    version.rpartition("-")[2] if "-" in version else "",
                    get("Status", ""),
                    get("Maintainer", ""),
                    get("Section", ""),
                    get("Priority", ""),
                    admindir,
                    0,
                    "",
                )
