"""The table `users`: local user accounts (/etc/passwd)."""

from __future__ import annotations

from ..scan import Scan
from ..sources.accounts import signed, users_of
from ..table import BIGINT, INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class Users(Table):
    """Local user accounts; users of a directory service are not listed."""

    uid = Column(BIGINT, "User id", key=True)
    gid = Column(BIGINT, "Id of the primary group")
    uid_signed = Column(BIGINT, "User id as a signed 32-bit number")
    gid_signed = Column(BIGINT, "Id of the primary group as a signed 32-bit number")
    username = Column(TEXT, "Login name", key=True)
    description = Column(TEXT, "Full name or comment")
    directory = Column(TEXT, "Home directory")
    shell = Column(TEXT, "Login shell")
    uuid = Column(TEXT, "Always '': Linux gives users none", key=True, collate="NOCASE")
    pid_with_namespace = Column(INTEGER, "Not offered; always 0", hidden=True)
    include_remote = Column(INTEGER, "Not offered; always 0", hidden=True)

    typical_rows = 40
    examples = ["SELECT username, uid, directory FROM users WHERE shell LIKE '%sh';"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        for user in users_of(scan):
            ids = (user.uid, user.gid, signed(user.uid), signed(user.gid))
            yield (*ids, user.username, user.description, user.directory, user.shell, "", 0, 0)
