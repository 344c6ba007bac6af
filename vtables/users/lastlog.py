"""The table `lastlog`: when each user last logged in (lastlog2(8); /var/log/lastlog)."""

from __future__ import annotations

from ..scan import Scan
from ..sources.accounts import users_of
from ..sources.lastlog import DATABASE, FILE, of_database, of_file
from ..table import BIGINT, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator
    from typing import Any

    from ..sources.lastlog import LastLogin


class Lastlog(Table):
    """The last login of each user that ever logged in: the later one where lastlog2 and the older file have both."""

    user = Column(TEXT, "Login name; NULL for a uid that no user has any more")
    uid = Column(BIGINT, "User id; NULL for a name that no user has any more")
    time = Column(BIGINT, "When it was, in Unix seconds")
    tty = Column(TEXT, "Terminal; '' for none")
    host = Column(TEXT, "Host it came from; '' for a local one")
    service = Column(TEXT, "Service of PAM that it was, such as sshd; '' in the older file, which does not know it")
    source = Column(TEXT, "File it is recorded in")

    typical_rows = 5
    examples = [
        "SELECT user, tty, host, ago(time) FROM lastlog ORDER BY time DESC;",
        "SELECT username FROM users LEFT JOIN lastlog l USING (uid) WHERE l.uid IS NULL AND shell LIKE '%sh';",
    ]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        if not scan.host.lexists(DATABASE) and not scan.host.lexists(FILE):
            scan.note(f"there is neither {DATABASE} nor {FILE}, so last logins are unknown")
            return
        names, uids = {}, {}
        for user in reversed(users_of(scan)):
            names[user.uid], uids[user.username] = user.username, user.uid
        latest: dict[Hashable, LastLogin] = {}
        for each in (*of_database(scan), *of_file(scan)):
            if each.uid is None:
                each.uid = uids.get(each.user)
            else:
                each.user = names.get(each.uid, "")
            who = each.user or each.uid
            if who not in latest or each.time > latest[who].time:
                latest[who] = each
        for each in latest.values():
            yield each.user or None, each.uid, each.time, each.tty, each.host, each.service, each.source
