"""The table `suid_bin`: programs that run as their owner or group (setuid, setgid)."""

from __future__ import annotations

import stat

from ..scan import Scan
from ..sources.accounts import groups_of, users_of
from ..sources.patterns import expand
from ..sources.text import from_os
from ..table import INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


_FOLDERS = (
    "/bin",
    "/sbin",
    "/usr/bin",
    "/usr/sbin",
    "/usr/local/bin",
    "/usr/local/sbin",
    "/usr/lib",
    "/usr/libexec",
    "/tmp",
)


class SuidBin(Table):
    """Files with the setuid or setgid bit below the usual folders of programs, and in /tmp.

    Where /bin is a link to /usr/bin, its files are listed under both names.
    """

    path = Column(TEXT, "Path")
    username = Column(TEXT, "Owner; the number where it has no name")
    groupname = Column(TEXT, "Group; the number where it has no name")
    permissions = Column(TEXT, "S setuid, G setgid, SG both")
    pid_with_namespace = Column(INTEGER, "Not offered; always 0", hidden=True)

    typical_rows = 20
    row_cost = 5000.0
    examples = ["SELECT path, username, permissions FROM suid_bin;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        users = {user.uid: user.username for user in reversed(users_of(scan))}
        groups = {gid: name for name, gid, *_ in reversed(groups_of(scan))}
        for folder in _FOLDERS:
            if not scan.host.isdir(folder):
                continue
            for path in expand(scan, [("GLOB", folder + "/**")], expected=False):
                try:
                    found = scan.host.lstat(path)
                except OSError:
                    # Gone since its folder was read.
                    continue
                bits = found.st_mode & (stat.S_ISUID | stat.S_ISGID)
                if bits and stat.S_ISREG(found.st_mode):
                    letters = ("S" if bits & stat.S_ISUID else "") + ("G" if bits & stat.S_ISGID else "")
                    owner, group = found.st_uid, found.st_gid
                    yield (from_os(path), users.get(owner, str(owner)), groups.get(group, str(group)), letters, 0)
