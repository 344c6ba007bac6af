"""The table `last`: logins and logouts of the past (wtmpdb(8); /var/log/wtmp, utmp(5))."""

from __future__ import annotations

from ..scan import Scan
from ..sources.configuration import understood
from ..sources.log_files import logs_of
from ..sources.sightings import Sightings
from ..sources.utmp import TYPES, parse_utmp
from ..sources.wtmpdb import databases, records_of
from ..table import INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator
    from typing import Any

    from ..sources.utmp import Login
    from ..sources.wtmpdb import Record

_FILE = "/var/log/wtmp"
_TYPES = tuple(map(TYPES.index, ("run-level", "boot-time", "normal", "dead")))
# Who records a login in two places does so one after the other.
_TOLERANCE = 2.0
# What a record of utmp(5) has room for.
_LONGEST = 32


class Last(Table):
    """Logins, logouts and boots, from wtmp and from wtmpdb, whichever the host has.

    wtmpdb has a row for each session, which is two rows here, as in wtmp: one of type 7 when it began and, if it is
    over, one of type 8 with the same terminal. What both recorded is one row, with both files as its source.
    """

    username = Column(TEXT, "Login name; '' for a logout")
    tty = Column(TEXT, "Terminal")
    pid = Column(INTEGER, "Process id of the login; NULL where wtmpdb alone recorded it")
    type = Column(INTEGER, "Type of the record, as utmp(5) numbers it: 7 login, 8 logout, 2 boot, 1 shutdown")
    type_name = Column(TEXT, "The type in words")
    time = Column(INTEGER, "When it happened, in Unix seconds")
    host = Column(TEXT, "Host it came from; '' for a local one")
    service = Column(TEXT, "Service of PAM that it was, such as sshd; '' where that is not recorded")
    source = Column(TEXT, "File it is recorded in; two with a comma between where both have it")

    typical_rows = 500
    examples = [
        "SELECT username, host, time FROM last WHERE type = 7 ORDER BY time DESC LIMIT 10;",
        "SELECT source, count(*) FROM last GROUP BY source;",
    ]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        logs, bases = logs_of(scan, _FILE), databases(scan)
        if not logs and not bases:
            scan.note(f"there is neither {_FILE} nor a database of wtmpdb, so past logins are unknown")
        records = list(records_of(scan, bases))
        seen = Sightings(_TOLERANCE)
        for record in records:
            seen.add(_key(record), record.time, record)
        for file in logs:
            for login in understood(scan, file.path, parse_utmp(file.raw), "record"):
                if login.type not in _TYPES:
                    continue
                record = seen.take(_key(login), login.time)
                if record is None:
                    name = login.type_name
                    yield (login.user, login.tty, login.pid, login.type, name, login.time, login.host, "", file.path)
                else:
                    record.pid = login.pid
                    record.source += f",{file.path}"
        for record in records:
            when = (record.type, TYPES[record.type], int(record.time))
            yield (record.user, record.tty, record.pid, *when, record.host, record.service, record.source)


def _key(record: Login | Record) -> Hashable:
    """What two records of the same event have in common, but for the time."""
    return record.type, record.user[:_LONGEST], record.tty[:_LONGEST]
