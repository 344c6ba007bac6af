"""The table `user_groups`: which user is in which group."""

from __future__ import annotations

from ..scan import Scan
from ..sources.accounts import groups_of, users_of
from ..sources.userdb import memberships
from ..table import BIGINT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


class UserGroups(Table):
    """Membership of local users in local groups; a row for each user and group, the primary group too."""

    uid = Column(BIGINT, "User id", key=True)
    gid = Column(BIGINT, "Group id", key=True)

    typical_rows = 60
    examples = ["SELECT u.username, g.groupname FROM user_groups JOIN users u USING (uid) JOIN groups g USING (gid);"]

    def rows(self, scan: Scan) -> Iterator[tuple[int, int]]:
        by_member: dict[str, list[int]] = {}
        gids: dict[str, int] = {}
        for name, gid, members, _ in groups_of(scan):
            gids.setdefault(name, gid)
            for member in members:
                by_member.setdefault(member, []).append(gid)
        for member, group in memberships(scan):
            if group in gids:
                by_member.setdefault(member, []).append(gids[group])
        seen = set()
        for user in users_of(scan):
            for gid in [user.gid, *by_member.get(user.username, [])]:
                if (user.uid, gid) not in seen:
                    seen.add((user.uid, gid))
                    yield user.uid, gid
