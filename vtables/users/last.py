"""The table `last`: logins and logouts of the past (/var/log/wtmp, utmp(5))."""

from __future__ import annotations

from ..scan import Scan
from ..sources.configuration import bytes_of, understood
from ..sources.utmp import LARGEST, parse_utmp
from ..table import INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


_FILE = "/var/log/wtmp"


class Last(Table):
    """Logins, logouts and boots, as wtmp recorded them."""

    username = Column(TEXT, "Login name; '' for a logout")
    tty = Column(TEXT, "Terminal")
    pid = Column(INTEGER, "Process id of the login")
    type = Column(INTEGER, "Type of the record, as utmp(5) numbers it: 7 login, 8 logout, 2 boot")
    type_name = Column(TEXT, "The type in words")
    time = Column(INTEGER, "When it happened, in Unix seconds")
    host = Column(TEXT, "Host it came from; '' for a local one")

    typical_rows = 500
    examples = ["SELECT username, host, time FROM last WHERE type = 7 ORDER BY time DESC LIMIT 10;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        records = parse_utmp(bytes_of(scan, _FILE, limit=LARGEST))
        for login in understood(scan, _FILE, records, "record"):
            if login.type in (1, 2, 7, 8):
                yield (login.user, login.tty, login.pid, login.type, login.type_name, login.time, login.host)
