"""Files in users' home directories: which users have which, for tables that look there."""

from __future__ import annotations

from .accounts import users_of
from .configuration import text_of
from .keepers import Keeper
from .ways import reaches, searching

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..scan import Scan
    from .accounts import User


def homes(scan: Scan, everybody: bool = False) -> Iterator[tuple[User, str]]:
    """(user, home directory without a slash at its end) of the local users; looks up `uid` unless of `everybody`."""
    asked = None if everybody else scan.equals("uid")
    searching(scan)
    for user in users_of(scan):
        if user.directory.startswith("/") and (asked is None or user.uid in asked):
            scan.check()
            if not reaches(scan, user.directory, inside=True):
                # Home directories that are mounted when somebody logs in are not mounted by a question.
                continue
            yield user, user.directory.rstrip("/")


def in_homes(scan: Scan, names: Sequence[str], everybody: bool = False) -> Iterator[tuple[int, str, str]]:
    """(uid, path, text) of each named file ('.ssh/known_hosts') that a local user has; looks up `uid` where asked."""
    seen = set()
    for user, home in homes(scan, everybody):
        for name in names:
            path = f"{home}/{name}"
            if (user.uid, path) in seen:
                continue
            seen.add((user.uid, path))
            text = text_of(scan, path, expected=False, keeper=Keeper(user.uid, home))
            if text:
                yield user.uid, path, text


def text_for(scan: Scan, user: User, path: str) -> str:
    """The text of a file that a user names, by a link or an include; what that user may not show is a note."""
    return text_of(scan, path, expected=False, keeper=Keeper(user.uid, user.directory))
