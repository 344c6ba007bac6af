"""Where programs put packages: folders below fixed places and below homes, with `*` for any name."""

from __future__ import annotations

from ..sources.configuration import names_in, status_of
from ..sources.homes import homes
from ..sources.keepers import Keeper
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
    for user, home in homes(scan, everybody=True):
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
    """The user in whose home a folder without links is; 0 for one in no home."""
    owners = scan.shared("real homes", lambda: _owners(scan))
    return max([(len(home), uid) for home, uid in owners.items() if folder.startswith(home)], default=(0, 0))[1]


def _owners(scan: Scan) -> dict[str, int]:
    """Each home with a slash at its end, and its first user."""
    found: dict[str, int] = {}
    for user, home in homes(scan, everybody=True):
        if home:
            found.setdefault(scan.host.realpath(home) + "/", user.uid)
    return found


def keeper_of(scan: Scan, folder: str, package: str) -> Keeper:
    """Who decides what is shown of a package in a folder: the folder's owner or, where that is root, the package's."""
    found = [status.st_uid for status in (status_of(scan, folder), status_of(scan, package)) if status is not None]
    return Keeper(next((uid for uid in found if uid), 0), folder)
