"""Where programs put packages: folders below fixed places and below homes, with `*` for any name."""

from __future__ import annotations

from ..sources.configuration import names_in
from ..sources.homes import homes
from ..sources.text import to_os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from ..scan import Scan


def places(scan: Scan, system: Iterable[str], in_homes: Iterable[str]) -> Iterator[tuple[int, str]]:
    """(uid, folder) of what there may be: 0 for the system's patterns, and those below the homes of local users."""
    for pattern in system:
        for folder in expand(scan, pattern):
            yield 0, folder
    seen = set()
    for user, home in homes(scan):
        # Many users of the system share a home, or have one that is not there.
        if home not in seen and scan.host.isdir(home or "/"):
            seen.add(home)
            for pattern in in_homes:
                for folder in expand(scan, pattern, home):
                    yield user.uid, folder


def expand(scan: Scan, pattern: str, above: str = "") -> Iterator[str]:
    """The folders that a pattern stands for; only what is before a `*` is looked at, so they need not exist.

    In each name of the pattern one `*` stands for anything: `*conda3`, `v*`.
    """
    done, _, rest = pattern.strip("/").partition("/")
    start, star, end = done.partition("*")
    folders = [f"{above}/{done}"]
    if star:
        names = names_in(scan, above or "/")
        folders = [f"{above}/{each}" for each in names if each.startswith(start) and each[len(start) :].endswith(end)]
    for folder in folders:
        scan.check()
        if rest:
            yield from expand(scan, rest, folder)
        else:
            yield folder


def asked_for(directories: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """(folder, as it was named) of the folders that a query names."""
    for shown in directories:
        if isinstance(shown, str) and shown.startswith("/") and "\0" not in shown:
            for folder in to_os(shown):
                yield folder.rstrip("/"), shown


def owner_of(scan: Scan, folder: str) -> int:
    """The user in whose home a folder is; 0 for one in no home."""
    owners = [(len(home), user.uid) for user, home in homes(scan) if home and folder.startswith(home + "/")]
    return max(owners, default=(0, 0))[1]
