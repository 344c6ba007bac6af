"""Where sshd looks for users' keys, by sshd_config(5) and what it includes."""

from __future__ import annotations

from .configuration import glob_in, status_of, text_of, understood
from .ssh_config import parse_ssh_config
from .text import from_os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..scan import Scan

# Of these the first that exists; openSUSE ships its own in /usr/etc.
_FILES = ("/etc/ssh/sshd_config", "/usr/etc/ssh/sshd_config")
_KEYWORDS = ("authorizedkeysfile", "authorizedkeyscommand", "strictmodes")
# As deep as sshd follows files that include others, and as many of them as are looked into.
_DEEPEST = 16
_MOST = 1000


class KeyLookup:
    """Patterns of the files (`files`), a program that prints keys ('' for none), and whether modes count (`strict`)."""

    def __init__(self, scan: Scan) -> None:
        self._scan = scan
        self._left = _MOST
        found: dict[str, list[str]] = {}
        path = next((path for path in _FILES if status_of(scan, path)), _FILES[0])
        for keyword, arguments in self._settings(path, 0):
            # The first counts, as in ssh_config(5).
            found.setdefault(keyword, arguments)
        files = found.get(_KEYWORDS[0], [".ssh/authorized_keys", ".ssh/authorized_keys2"])
        self.files = [] if [each.lower() for each in files] == ["none"] else files
        command = " ".join(found.get(_KEYWORDS[1], ["none"]))
        self.command = "" if command.lower() == "none" else command
        self.strict = found.get(_KEYWORDS[2], ["yes"])[0].lower() not in ("no", "false")

    def _settings(self, path: str, depth: int) -> Iterator[tuple[str, list[str]]]:
        scan = self._scan
        self._left -= 1
        if depth > _DEEPEST or self._left < 0:
            scan.note("a file that is included too deeply, or too often, is not followed", path)
            return
        matched = ""
        for keyword, arguments in understood(scan, path, parse_ssh_config(text_of(scan, path, expected=False))):
            if keyword == "match":
                matched = "" if [each.lower() for each in arguments] == ["all"] else " ".join(arguments)
            elif matched and keyword in (*_KEYWORDS, "include"):
                scan.note(f"{keyword} under Match {matched} of {from_os(path)} is not heeded")
            elif keyword in _KEYWORDS:
                yield keyword, arguments
            elif keyword == "include":
                for name in arguments:
                    for each in glob_in(scan, name if name.startswith("/") else f"/etc/ssh/{name}"):
                        yield from self._settings(each, depth + 1)


def key_file(pattern: str, user: str, uid: int, home: str) -> str:
    """The file that a pattern of AuthorizedKeysFile names for a user.

    >>> key_file("/etc/keys/%u.%%", "ann", 5, "/home/ann"), key_file(".ssh/keys", "ann", 5, "/home/ann")
    ('/etc/keys/ann.%', '/home/ann/.ssh/keys')
    """
    import re

    known = {"%": "%", "h": home, "u": user, "U": str(uid)}
    path = re.sub("%(.)", lambda found: known.get(found[1], found[0]), pattern)
    return path if path.startswith("/") else f"{home}/{path}"
