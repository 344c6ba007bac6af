"""The table `failed_logins`: who failed to log in (/var/log/btmp, the journal, /var/log/auth.log and secure)."""

from __future__ import annotations

from ..scan import Scan
from ..sources.configuration import understood
from ..sources.failures import Attempt, attempts_of_journals, attempts_of_logs
from ..sources.log_files import logs_of
from ..sources.sightings import Sightings
from ..sources.utmp import parse_utmp
from ..table import BIGINT, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator
    from typing import Any

_BTMP = "/var/log/btmp"
# PAM waits some two seconds between its message and what is recorded in btmp.
_TOLERANCE = 5.0


class FailedLogins(Table):
    """Attempts to log in that failed, and failed passwords of su and sudo; needs root.

    From btmp (lastb(8)), and from what sshd, PAM and dropbear logged to the journal or to syslog's files, older files
    among them. An attempt that several of these have is one row, with all of them as its source.
    """

    time = Column(BIGINT, "When it happened, in Unix seconds", range=True)
    user = Column(TEXT, "Login name that was given; '' where it is not recorded, as PAM does with unknown names")
    tty = Column(TEXT, "Terminal; ssh:notty or '' for a login over the network")
    host = Column(TEXT, "Host it came from; '' for a local one")
    service = Column(TEXT, "Service that refused it, such as sshd, login, su; '' where that is not recorded")
    pid = Column(BIGINT, "Process that refused it; NULL where that is not recorded")
    source = Column(TEXT, "File it is recorded in; several with a comma between")

    typical_rows = 1000
    examples = [
        "SELECT host, user, count(*) FROM failed_logins GROUP BY host, user ORDER BY 3 DESC LIMIT 10;",
        "SELECT * FROM failed_logins WHERE time > strftime('%s', 'now', '-1 day') AND service = 'sshd';",
    ]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        since = (scan.range("time")[0] or float("-inf")) - _TOLERANCE
        attempts: list[Attempt] = []
        for found in (_of_btmp(scan), attempts_of_journals(scan, since), attempts_of_logs(scan, since)):
            attempts += _unseen(attempts, found)
        for each in attempts:
            yield int(each.time), each.user, each.tty, each.host, each.service, each.pid, each.source
        if not attempts and not any(map(scan.host.exists, _PLACES)):
            scan.note(f"there is neither {', '.join(_PLACES[:-1])} nor {_PLACES[-1]}, so failed logins are unknown")


_PLACES = (_BTMP, "/var/log/journal", "/run/log/journal", "/var/log/auth.log", "/var/log/secure")


def _of_btmp(scan: Scan) -> Iterator[Attempt]:
    for file in logs_of(scan, _BTMP):
        for login in understood(scan, file.path, parse_utmp(file.raw), "record"):
            service = "sshd" if login.tty == "ssh:notty" else ""
            yield Attempt(login.time, login.user, login.tty, login.host, service, login.pid or None, file.path)


def _unseen(known: list[Attempt], found: Iterator[Attempt]) -> list[Attempt]:
    """Those of `found` that are not known yet; the others complete what is."""
    seen = Sightings(_TOLERANCE)
    for each in known:
        seen.add(_key(each), each.time, each)
    new = []
    for each in found:
        same = seen.take(_key(each), each.time)
        if same is None:
            new.append(each)
        else:
            same.complete(each)
    return new


def _key(attempt: Attempt) -> Hashable:
    """What two records of an attempt have in common: the process that refused it, or else who came from where."""
    return attempt.pid if attempt.pid is not None else (attempt.user[:32], attempt.host)
