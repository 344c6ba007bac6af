"""The table `deb_package_files`: which package a file is from (dpkg(1), its .list files)."""

from __future__ import annotations

from ..scan import Scan
from ..sources.configuration import names_in, text_of
from ..sources.text import from_os, lines
from ..table import TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


ADMINDIR = "/var/lib/dpkg"


class DebPackageFiles(Table):
    """Files and directories of the installed Debian packages; a row for each package and path."""

    package = Column(TEXT, "Name of the package", key=True)
    path = Column(TEXT, "Path", key=True)
    admindir = Column(TEXT, "Folder of dpkg's data", additional=True)

    typical_rows = 100_000
    row_cost = 0.2
    examples = ["SELECT path FROM deb_package_files WHERE package = 'bash' LIMIT 5;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        asked, paths = scan.equals("package"), scan.equals("path")
        for admindir in scan.equals("admindir") or [ADMINDIR]:
            if not isinstance(admindir, str) or not admindir.startswith("/"):
                continue
            files = names_in(scan, admindir + "/info")
            if not files:
                scan.note(f"no lists of files are in {admindir}/info")
            for file in files:
                # A package of several architectures is named with one: libc6:amd64.list
                package = from_os(file[:-5]).partition(":")[0]
                if file.endswith(".list") and (asked is None or package in asked):
                    scan.check()
                    for line in lines(text_of(scan, f"{admindir}/info/{file}")):
                        if line and (paths is None or line in paths):
                            yield package, line, admindir
