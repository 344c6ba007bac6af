"""Logins as wtmpdb keeps them (wtmpdb(8)): an SQLite file with a row for each session, times in microseconds.

A session is told as utmp(5) tells it: a record of the login and, when it is over, another of the logout.
"""

from __future__ import annotations

from .configuration import may_exist, names_in
from .sqlite_copy import rows_of
from .text import clean, decode
from .utmp import TYPES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ..scan import Scan

_FOLDER = "/var/lib/wtmpdb"
_FILE = f"{_FOLDER}/wtmp.db"
_COLUMNS = ("Type", "User", "Login", "Logout", "TTY", "RemoteHost", "Service")
# Types of wtmpdb.h.
_BOOT = 1
_KINDS = {_BOOT: TYPES.index("boot-time"), 2: TYPES.index("run-level"), 3: TYPES.index("normal")}


class Record:
    """A login, a logout, a boot or a shutdown: type (as utmp(5) numbers it), time in Unix seconds, source (its file).

    pid is None where no other source knows of it; service is that of PAM, '' where it is not known.
    """

    __slots__ = ("host", "pid", "service", "source", "time", "tty", "type", "user")

    def __init__(self, type: int, user: str, tty: str, host: str, time: float, service: str, source: str) -> None:
        self.type = type
        self.user = user
        self.tty = tty
        self.host = host
        self.time = time
        self.service = service
        self.source = source
        self.pid: int | None = None


def databases(scan: Scan) -> list[str]:
    """Paths of the database and of those that `wtmpdb rotate` moved older sessions to, oldest first.

    These lie beside the file that the path of the database leads to: on Debian that is /var/log/wtmp.db.
    """
    older = []
    for folder in dict.fromkeys((_FOLDER, scan.host.realpath(_FILE).rpartition("/")[0])):
        older += [f"{folder}/{name}" for name in names_in(scan, folder) if _is_older(name)]
    return sorted(older) + [_FILE] * may_exist(scan, _FILE)


def _is_older(name: str) -> bool:
    return name.startswith("wtmp_") and name.endswith(".db") and name[5:-3].isdecimal()


def records_of(scan: Scan, paths: list[str]) -> Iterator[Record]:
    """The records of these databases.

    A session that is there twice (`wtmpdb import` of the same file again) is told once.
    """
    sessions: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for path in paths:
        for kind, user, login, logout, tty, *more in rows_of(scan, path, "wtmp", _COLUMNS):
            if kind not in _KINDS or not isinstance(login, int):
                scan.note(f"a session of {path} makes no sense")
                continue
            key = (kind, _text(user), login, _text(tty))
            if key not in sessions or sessions[key][0] is None:
                sessions[key] = (logout, *map(_text, more), path)
    for (kind, user, login, tty), (logout, host, service, path) in sessions.items():
        yield Record(_KINDS[kind], user, tty, host, login / 1e6, service, path)
        if isinstance(logout, int):
            # A boot ends as init records it, with the name `shutdown`; a logout names nobody (utmp(5)).
            end = ("run-level", "shutdown", host) if kind == _BOOT else ("dead", "", "")
            yield Record(TYPES.index(end[0]), end[1], tty, end[2], logout / 1e6, service, path)


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return decode(value)
    return "" if value is None else clean(str(value))
