"""Which paths a query on `file` or `hash` asks for: by path, directory or pattern."""

from __future__ import annotations

import os

from ..scan import Scan
from ..sources.patterns import expand
from ..sources.text import to_os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def asked_paths(scan: Scan) -> Iterator[tuple[str, str]]:
    """(path, directory) as the query names them; paths are as os functions take them, without the host's root."""
    paths = scan.equals("path")
    directories = scan.equals("directory")
    if paths is not None:
        for path in paths:
            for name in to_os(path) if isinstance(path, str) and path and "\0" not in path else ():
                yield name, _parent(name)
    elif directories is not None:
        for directory in directories:
            for name in to_os(directory) if isinstance(directory, str) and directory and "\0" not in directory else ():
                yield from _inside(scan, name)
    elif scan.patterns("path"):
        # Any one of the patterns bounds the answer; SQLite checks the others.
        for path in expand(scan, *scan.patterns("path")[0]):
            yield path, _parent(path)
    else:
        for operator, pattern in scan.patterns("directory")[:1]:
            for directory in expand(scan, operator, pattern):
                if os.path.isdir(scan.host.path(directory)):
                    yield from _inside(scan, directory)


def _inside(scan: Scan, directory: str) -> Iterator[tuple[str, str]]:
    scan.tried("directories", directory)
    try:
        with os.scandir(scan.host.path(directory)) as entries:
            for entry in entries:
                scan.check()
                yield os.path.join(directory, entry.name), directory
    except PermissionError:
        scan.denied("directories", directory)
    except OSError:
        # Not there, or no directory: nothing is in it.
        return


def _parent(path: str) -> str:
    return os.path.dirname(path) or ("/" if path.startswith("/") else ".")
