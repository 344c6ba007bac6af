"""The table `logged_in_users`: who is logged in now (/run/utmp, utmp(5); sessions of systemd-logind)."""

from __future__ import annotations

from ..scan import Scan
from ..sources.configuration import bytes_of, understood
from ..sources.logind import FOLDER, sessions_of
from ..sources.utmp import LARGEST, parse_utmp
from ..table import BIGINT, INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


_FILES = ("/run/utmp", "/var/run/utmp")


class LoggedInUsers(Table):
    """Logins, from the utmp file and from the sessions of systemd-logind, whichever the host has.

    A login that both have is one row, that of utmp. Beside logins there is what init keeps in utmp, and logind's
    sessions of other classes.
    """

    type = Column(TEXT, "user for a login; else what utmp(5) calls it, or logind's class, such as greeter, background")
    user = Column(TEXT, "Login name")
    tty = Column(TEXT, "Terminal, or display of a graphical login; '' for none")
    host = Column(TEXT, "Host it came from; '' for a local one")
    time = Column(BIGINT, "Since when, in Unix seconds")
    pid = Column(INTEGER, "Process id of the login")
    source = Column(TEXT, "File it is recorded in")

    typical_rows = 5
    examples = ["SELECT user, tty, host, ago(time) AS since FROM logged_in_users WHERE type = 'user';"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        file = next((file for file in _FILES if scan.host.exists(file)), None)
        if file is None and not scan.host.isdir(FOLDER):
            scan.note(f"there is neither a utmp file nor {FOLDER}, so who is logged in is unknown")
            return
        seen = set()
        if file is not None:
            for login in understood(scan, file, parse_utmp(bytes_of(scan, file, limit=LARGEST)), "record"):
                kind = "user" if login.type_name == "normal" else login.type_name
                yield (kind, login.user, login.tty, login.host, login.time, login.pid, file)
                if kind == "user":
                    seen |= {login.pid, (login.user, login.tty)}
        for session in sessions_of(scan):
            if session.leader not in seen and (session.user, session.tty) not in seen:
                kind = "user" if session.kind.startswith("user") else session.kind
                yield (kind, session.user, session.tty, session.host, session.time, session.leader, session.source)
