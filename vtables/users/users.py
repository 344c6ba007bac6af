"""The table `users`: local user accounts (/etc/passwd, user records), and where asked all that getpwent(3) knows."""

from __future__ import annotations

from ..scan import Scan
from ..sources.accounts import all_users, signed, users_of
from ..table import BIGINT, INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class Users(Table):
    """User accounts of the host; with `include_remote = 1` those of a directory service (LDAP, SSSD) too.

    Local are those of /etc/passwd, the records of systemd's user database (userdbctl(1)) and users of systemd-homed.
    """

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
    include_remote = Column(
        INTEGER, "1 to ask the name services, which know users of a directory, too", additional=True, hidden=True
    )

    source = Column(TEXT, "File or service that has the account; '' where the name services were asked")

    typical_rows = 40
    examples = [
        "SELECT username, uid, directory FROM users WHERE shell LIKE '%sh';",
        "SELECT username, uid FROM users WHERE include_remote = 1 AND username = 'root';",
    ]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        for remote in scan.equals("include_remote") or (0,):
            found = all_users(scan, scan.equals("uid"), scan.equals("username")) if remote else users_of(scan)
            for user in found:
                ids = (user.uid, user.gid, signed(user.uid), signed(user.gid))
                yield (*ids, user.username, user.description, user.directory, user.shell, "", 0, remote, user.source)
