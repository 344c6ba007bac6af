"""Files in users' home directories: which users have which, for tables that look there."""

from __future__ import annotations

from .accounts import users_of
from .configuration import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..scan import Scan


def in_homes(scan: Scan, names: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    """(uid, path, text) of each named file ('.ssh/known_hosts') that a local user has; looks up `uid` where asked."""
    asked = scan.equals("uid")
    seen = set()
    for user in users_of(scan):
        if asked is not None and user.uid not in asked:
            continue
        for name in names:
            path = f"{user.directory.rstrip('/')}/{name}"
            if not user.directory.startswith("/") or (user.uid, path) in seen:
                continue
            seen.add((user.uid, path))
            scan.check()
            text = text_of(scan, path, expected=False)
            if text:
                yield user.uid, path, text
