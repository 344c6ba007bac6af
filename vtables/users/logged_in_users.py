"""The table `logged_in_users`: who is logged in now (/run/utmp, utmp(5))."""

from __future__ import annotations

from ..scan import Scan
from ..sources.configuration import bytes_of, understood
from ..sources.utmp import LARGEST, parse_utmp
from ..table import BIGINT, INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


_FILES = ("/run/utmp", "/var/run/utmp")


class LoggedInUsers(Table):
    """Records of the utmp file: logins, and what init keeps there beside them."""

    type = Column(TEXT, "user for a login; else what utmp(5) calls it")
    user = Column(TEXT, "Login name")
    tty = Column(TEXT, "Terminal")
    host = Column(TEXT, "Host it came from; '' for a local one")
    time = Column(BIGINT, "Since when, in Unix seconds")
    pid = Column(INTEGER, "Process id of the login")

    typical_rows = 5
    examples = ["SELECT user, tty, host, ago(time) AS since FROM logged_in_users WHERE type = 'user';"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        file = next((file for file in _FILES if scan.host.exists(file)), None)
        if file is None:
            scan.note("there is no utmp file, so who is logged in cannot be told")
            return
        for login in understood(scan, file, parse_utmp(bytes_of(scan, file, limit=LARGEST)), "record"):
            kind = "user" if login.type_name == "normal" else login.type_name
            yield (kind, login.user, login.tty, login.host, login.time, login.pid)
