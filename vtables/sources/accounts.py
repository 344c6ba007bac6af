"""Users and groups from /etc/passwd and /etc/group, by the lines that glibc takes, and from systemd's user database.

passwd(5), group(5). An account that both have is there twice, the one of /etc first: programs find that by its name.
"""

from __future__ import annotations

from .configuration import understood
from .nss_files import SPACE, entries, is_nis, note_nis, text_for_libc, unsigned
from .text import from_os
from .userdb import group_records, user_records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ..scan import Scan

_PASSWD, _GROUP = "/etc/passwd", "/etc/group"
_SPACED = {**dict.fromkeys((*range(32), 127), " "), ord(":"): " "}


class User:
    """One line of passwd, or a user record; `source` is the file it is in."""

    __slots__ = ("description", "directory", "gid", "shell", "source", "uid", "username")

    def __init__(
        self, username: str, uid: int, gid: int, description: str, directory: str, shell: str, source: str = _PASSWD
    ) -> None:
        self.username = username
        self.uid = uid
        self.gid = gid
        self.description = description
        self.directory = directory
        self.shell = shell
        self.source = source


ROOT = User("root", 0, 0, "", "/root", "")
# For files of a user who is not known.
NOBODY = User("nobody", 65534, 65534, "", "/", "")


def parse_passwd(text: str) -> Iterator[User | None]:
    r"""The users; None for a broken line. Fields after the group id may be missing, and the shell holds all the rest.

    >>> user, short, broken = parse_passwd("root:x:0:0:root:/root:/bin/sh\nann:x:5:6\njunk\n")
    >>> user.username, user.directory, short.gid, short.shell, broken
    ('root', '/root', 6, '', None)
    """
    for line in entries(text):
        if not is_nis(line):
            name, _, *ids, description, directory, shell = [*line.split(":", 6), *[""] * 6][:7]
            uid, gid = map(unsigned, ids)
            yield None if uid is None or gid is None else User(name, uid, gid, description, directory, shell)


def parse_group(text: str) -> Iterator[tuple[str, int, list[str]] | None]:
    r"""The groups as (name, gid, members); None for a broken line. The members may be missing.

    >>> list(parse_group("adm:x:4:ann, bob,\nann:x:5\n:\n"))
    [('adm', 4, ['ann', 'bob']), ('ann', 5, []), None]
    """
    for line in entries(text):
        if not is_nis(line):
            name, _, number, members = [*line.split(":", 3), "", "", ""][:4]
            gid = unsigned(number)
            names = [member.lstrip(SPACE) for member in members.split(",")]
            yield None if gid is None else (name, gid, [member for member in names if member])


def users_of(scan: Scan) -> list[User]:
    """The users of the scanned host; a note says how many lines were broken, or that there is no passwd file."""
    found = scan.shared("passwd", lambda: list(parse_passwd(_text(scan, _PASSWD))))
    users = list(understood(scan, _PASSWD, found))
    for user in user_records(scan):
        # What would break a line of passwd, nss-systemd(8) makes a space.
        given = user.text("realName") if isinstance(user.fields.get("realName"), str) else user.name
        description = given.translate(_SPACED)
        users.append(User(user.name, user.id, user.gid, description, user.directory, user.shell, user.source))
    return users


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
    users = []
    for u in found:
        name, description, directory, shell = map(from_os, (u.pw_name, u.pw_gecos, u.pw_dir, u.pw_shell))
        users.append(User(name, u.pw_uid, u.pw_gid, description, directory, shell, ""))
    return users


def groups_of(scan: Scan) -> list[tuple[str, int, list[str], str]]:
    """(name, gid, members, file) of the groups of the scanned host, with notes as for users."""
    found = scan.shared("group", lambda: list(parse_group(_text(scan, _GROUP))))
    groups = [(*group, _GROUP) for group in understood(scan, _GROUP, found)]
    return groups + [(group.name, group.id, group.members, group.source) for group in group_records(scan)]


def signed(id: int) -> int:
    """A 32-bit id as a signed number."""
    return id - (1 << 32) if id >= 1 << 31 else id


def _text(scan: Scan, path: str) -> str:
    return note_nis(scan, path, text_for_libc(scan, path))
