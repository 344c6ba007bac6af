"""The table `groups`: local groups (/etc/group, group records)."""

from __future__ import annotations

from ..scan import Scan
from ..sources.accounts import groups_of, signed
from ..table import BIGINT, INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class Groups(Table):
    """Local groups: those of /etc/group and the records of systemd's user database (userdbctl(1))."""

    gid = Column(BIGINT, "Group id", key=True)
    gid_signed = Column(BIGINT, "Group id as a signed 32-bit number")
    groupname = Column(TEXT, "Name of the group")
    pid_with_namespace = Column(INTEGER, "Not offered; always 0", hidden=True)

    source = Column(TEXT, "File that has the group")

    typical_rows = 50
    examples = ["SELECT groupname FROM groups WHERE gid = 0;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        for name, gid, _, source in groups_of(scan):
            yield gid, signed(gid), name, 0, source
