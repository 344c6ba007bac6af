"""The table `extended_attributes` (xattr(7))."""

from __future__ import annotations

from ..scan import Scan
from ..sources.text import from_os
from ..sources.xattrs import in_words
from ..table import INTEGER, TEXT, Column, Table
from ._paths import asked_paths, note_beyond

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
    meaning = Column(TEXT, "Value in words: capabilities, access list, text; '' for what is none of these")

    typical_rows = 10
    examples = [
        "SELECT path, key, meaning FROM extended_attributes WHERE path = '/usr/bin/ping';",
        "SELECT path, meaning FROM extended_attributes WHERE path LIKE '/usr/bin/%' AND key = 'security.capability';",
    ]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        from base64 import b64encode

        for path, directory in asked_paths(scan):
            scan.check()
            scan.tried("files", path)
            try:
                keys = sorted(scan.host.listxattr(path))
            except PermissionError:
                scan.denied("files", path)
                continue
            except (OSError, ValueError) as error:
                # Not there, or a file system without attributes.
                note_beyond(scan, path, error)
                continue
            for key in keys:
                try:
                    value = scan.host.getxattr(path, key)
                except PermissionError:
                    scan.denied("attributes", (path, key))
                    continue
                except OSError:
                    continue
                shown = b64encode(value).decode()
                yield (from_os(path), from_os(directory), from_os(key), shown, 1, in_words(key, value))
