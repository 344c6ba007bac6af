"""Users and groups from /etc/passwd and /etc/group (passwd(5), group(5))."""

from __future__ import annotations

from .configuration import text_of, understood
from .text import from_os, integer, lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ..scan import Scan

_PASSWD, _GROUP = "/etc/passwd", "/etc/group"


class User:
    """One line of passwd."""

    __slots__ = ("description", "directory", "gid", "shell", "uid", "username")

    def __init__(self, username: str, uid: int, gid: int, description: str, directory: str, shell: str) -> None:
        self.username = username
        self.uid = uid
        self.gid = gid
        self.description = description
        self.directory = directory
        self.shell = shell


def parse_passwd(text: str) -> Iterator[User | None]:
    r"""The users; None for a broken line.

    >>> user, broken = parse_passwd("root:x:0:0:root:/root:/bin/sh\njunk\n")
    >>> user.username, user.directory, broken
    ('root', '/root', None)
    """
    for line in lines(text):
        if not _skipped(line):
            fields = line.split(":")
            uid, gid = (_id(fields[2]), _id(fields[3])) if len(fields) == 7 and fields[0] else (None, None)
            yield None if uid is None or gid is None else User(fields[0], uid, gid, fields[4], fields[5], fields[6])


def parse_group(text: str) -> Iterator[tuple[str, int, list[str]] | None]:
    r"""The groups as (name, gid, members); None for a broken line.

    >>> list(parse_group("adm:x:4:ann,bob\n:\n"))
    [('adm', 4, ['ann', 'bob']), None]
    """
    for line in lines(text):
        if not _skipped(line):
            fields = line.split(":")
            gid = _id(fields[2]) if len(fields) == 4 and fields[0] else None
            yield None if gid is None else (fields[0], gid, [member for member in fields[3].split(",") if member])


def users_of(scan: Scan) -> list[User]:
    """The users of the scanned host; a note says how many lines were broken, or that there is no passwd file."""
    found = scan.shared("passwd", lambda: list(parse_passwd(text_of(scan, _PASSWD))))
    return list(understood(scan, _PASSWD, found))


def all_users(scan: Scan, uids: frozenset[Any] | None, names: frozenset[Any] | None) -> list[User]:
    """The users that the C library's name services know, those of a directory service (LDAP, SSSD) among them.

    With uids or names only these are asked for: a directory may be large, or refuse to be listed. Where the files are
    not this host's own, its name services know nothing of it.
    """
    if not scan.host.live:
        scan.note("the name services of a host that is not running cannot be asked")
        return users_of(scan)
    import pwd

    found = pwd.getpwall() if uids is None and names is None else []
    ask = pwd.getpwnam if uids is None else pwd.getpwuid
    for key in (names if uids is None else uids) or ():
        scan.check()
        try:
            found.append(ask(key))
        except (KeyError, OverflowError, TypeError, ValueError):
            # There is no such user.
            continue
    return [
        User(from_os(u.pw_name), u.pw_uid, u.pw_gid, from_os(u.pw_gecos), from_os(u.pw_dir), from_os(u.pw_shell))
        for u in found
    ]


def groups_of(scan: Scan) -> list[tuple[str, int, list[str]]]:
    """The groups of the scanned host, with notes as for users."""
    found = scan.shared("group", lambda: list(parse_group(text_of(scan, _GROUP))))
    return list(understood(scan, _GROUP, found))


def signed(id: int) -> int:
    """A 32-bit id as a signed number."""
    return id - (1 << 32) if id >= 1 << 31 else id


def _skipped(line: str) -> bool:
    return not line.strip() or line[0] in "#+-"


def _id(text: str) -> int | None:
    found = integer(text)
    return found if found is not None and 0 <= found < 1 << 32 else None
