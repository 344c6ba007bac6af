"""The table `extended_attributes` (xattr(7))."""

from __future__ import annotations

import os

from ..scan import Scan
from ..sources.text import from_os
from ..table import INTEGER, TEXT, Column, Table
from ._paths import asked_paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class ExtendedAttributes(Table):
    """Extended attributes of files: capabilities, access lists, labels; a row for each."""

    path = Column(TEXT, "Path", required=True, like=True)
    directory = Column(TEXT, "Directory it is in", required=True, like=True)
    key = Column(TEXT, "Name of the attribute, with its namespace")
    value = Column(TEXT, "Value, in base64")
    base64 = Column(INTEGER, "Always 1: the value is in base64")

    typical_rows = 10
    examples = ["SELECT path, key, from_base64(value) AS value FROM extended_attributes WHERE path = '/usr/bin/ping';"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        from base64 import b64encode

        for path, directory in asked_paths(scan):
            scan.check()
            name = scan.host.path(path)
            try:
                for key in sorted(os.listxattr(name)):
                    value = b64encode(os.getxattr(name, key)).decode()
                    yield (from_os(path), from_os(directory), from_os(key), value, 1)
            except PermissionError:
                scan.denied("files", path)
            except OSError:
                # Not there, or a file system without attributes.
                continue
