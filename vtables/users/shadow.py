"""The table `shadow`: ages and state of passwords (shadow(5)); never the hashes themselves."""

from __future__ import annotations

from ..scan import Scan
from ..sources.configuration import text_of, understood
from ..sources.text import integer, lines
from ..table import BIGINT, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


_FILE = "/etc/shadow"


def parse_shadow(text: str) -> Iterator[tuple[str, list[str]] | None]:
    r"""(username, the other eight fields) of each line; None for a broken one.

    >>> list(parse_shadow("ann:$6$salt$hash:19000:0:99999:7:::\njunk\n"))
    [('ann', ['$6$salt$hash', '19000', '0', '99999', '7', '', '', '']), None]
    """
    for line in lines(text):
        fields = line.split(":")
        if len(fields) == 9 and fields[0]:
            yield fields[0], fields[1:]
        elif line.strip():
            yield None


def password_status(password: str) -> tuple[str, str]:
    """(status, hash algorithm) of a password field.

    >>> password_status("!$6$a$b"), password_status(""), password_status("$y$j9T$a$b")
    (('locked', '6'), ('empty', ''), ('active', 'y'))
    """
    status = "empty" if not password else "locked" if password[0] in "!*" else "active"
    parts = password.lstrip("!*").split("$")
    return status, parts[1] if len(parts) > 3 else ""


class Shadow(Table):
    """Local users' password ages and whether the password is locked, empty or active; needs root."""

    password_status = Column(TEXT, "locked, empty or active")
    hash_alg = Column(TEXT, "Algorithm of the hash as crypt(5) marks it: y yescrypt, 6 SHA-512, 5 SHA-256, 1 MD5")
    last_change = Column(BIGINT, "Last change of the password, in days since 1970-01-01; NULL for unknown")
    min = Column(BIGINT, "Days before it may be changed again; -1 for none")
    max = Column(BIGINT, "Days after which it must be changed; -1 for none")
    warning = Column(BIGINT, "Days of warning before it must be changed; -1 for none")
    inactive = Column(BIGINT, "Days after that until the account is locked; -1 for none")
    expire = Column(BIGINT, "When the account expires, in days since 1970-01-01; -1 for never")
    flag = Column(BIGINT, "Reserved; NULL where empty")
    username = Column(TEXT, "Login name", key=True)

    typical_rows = 40
    examples = ["SELECT username, password_status, hash_alg FROM shadow WHERE password_status <> 'locked';"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        for name, (password, change, *ages, flag) in understood(scan, _FILE, parse_shadow(text_of(scan, _FILE))):
            numbers = [_number(age, -1) for age in ages]
            yield (*password_status(password), _number(change, None), *numbers, _number(flag, None), name)


def _number(text: str, absent: int | None) -> int | None:
    found = integer(text)
    return absent if found is None else found
