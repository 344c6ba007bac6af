"""The table `logged_in_users`: who is logged in now (/run/utmp, utmp(5); sessions of systemd-logind)."""

from __future__ import annotations

from ..scan import Scan
from ..sources.configuration import bytes_of, may_exist, understood
from ..sources.logind import FOLDER, sessions_of
from ..sources.sightings import Sightings
from ..sources.utmp import LARGEST, parse_utmp
from ..table import BIGINT, INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ..sources.logind import Session
    from ..sources.utmp import Login

_FILES = ("/run/utmp", "/var/run/utmp")
# Seconds between logind's session of a login and its record in utmp, and the characters of a user that fit into that.
_TOLERANCE = 5.0
_USER = 32


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
        file = next((file for file in _FILES if may_exist(scan, file)), None)
        if file is None and not scan.host.isdir(FOLDER):
            scan.note(f"there is neither a utmp file nor {FOLDER}, so who is logged in is unknown")
            return
        logins = []
        if file is not None:
            for login in understood(scan, file, parse_utmp(bytes_of(scan, file, limit=LARGEST)), "record"):
                kind = "user" if login.type_name == "normal" else login.type_name
                yield (kind, login.user, login.tty, login.host, login.time, login.pid, file)
                if kind == "user":
                    logins.append(login)
        for session in _beside(logins, list(sessions_of(scan))):
            kind = "user" if session.kind.startswith("user") else session.kind
            yield (kind, session.user, session.tty, session.host, session.time, session.leader, session.source)


def _beside(logins: list[Login], sessions: list[Session]) -> list[Session]:
    """The sessions that utmp does not have: by the process or a terminal that both name, else, where logind knows no
    terminal, by who came from where at that time."""
    left: list[Session] = []
    unclear: list[Session] = []
    alone = set(logins)
    for session in sessions:
        same = [login for login in logins if _is_same(login, session)]
        alone.difference_update(same)
        if not same:
            (left if session.terminals else unclear).append(session)
    seen = Sightings(_TOLERANCE)
    for login in logins:
        if login in alone:
            seen.add((login.user, login.host), login.time, login)
    left += [each for each in unclear if seen.take((each.user[:_USER], each.host), each.time) is None]
    return [session for session in sessions if session in left]


def _is_same(login: Login, session: Session) -> bool:
    if login.user != session.user[:_USER]:
        return False
    return (login.pid == session.leader and login.pid > 0) or (login.tty != "" and login.tty in session.terminals)
