"""The table `shadow`: ages and state of passwords (shadow(5), user records); never the hashes themselves."""

from __future__ import annotations

from ..scan import Scan
from ..sources.accounts import signed
from ..sources.configuration import understood
from ..sources.nss_files import SPACE, entries, is_nis, note_nis, text_for_libc, unsigned
from ..sources.userdb import privileged, user_records
from ..table import BIGINT, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ..sources.userdb import Record

_FILE = "/etc/shadow"


def parse_shadow(text: str) -> Iterator[tuple[str, str, list[int | None]] | None]:
    r"""(username, password, the seven numbers) of each line, None for an empty number; None for a broken line.

    The reserved field may be missing, and the four before it with it: shadow files were once that short.

    >>> list(parse_shadow("ann:$6$salt$hash:19000:0:99999:7:::\n# x\nbob:*:19000:0:99999\njunk\n"))[0]
    ('ann', '$6$salt$hash', [19000, 0, 99999, 7, None, None, None])
    """
    for line in entries(text):
        if not is_nis(line):
            yield _shadow(line.split(":", 8))


def _shadow(fields: list[str]) -> tuple[str, str, list[int | None]] | None:
    # White space where the warning's days begin is left out, so that it may end a short line.
    fields[5:6] = [text.lstrip(SPACE) for text in fields[5:6]]
    if len(fields) == 6 and not fields[5]:
        del fields[5]
    elif len(fields) != 9 and (len(fields) not in (5, 8) or not fields[-1]):
        # Only the reserved field may be both the last one and empty.
        return None
    name, password, *texts = fields
    numbers = [unsigned(text) if text else None for text in texts]
    if any(text and number is None for text, number in zip(texts, numbers)):
        return None
    return name, password, [*numbers, *[None] * 4][:7]


def password_status(password: str) -> tuple[str, str]:
    """(status, hash algorithm) of a password field.

    >>> password_status("!$6$a$b"), password_status(""), password_status("$y$j9T$a$b")
    (('locked', '6'), ('empty', ''), ('active', 'y'))
    """
    status = "empty" if not password else "locked" if password[0] in "!*" else "active"
    parts = password.lstrip("!*").split("$")
    return status, parts[1] if len(parts) > 3 else ""


class Shadow(Table):
    """Local users' password ages and whether the password is locked, empty or active; needs root.

    Beside the lines of /etc/shadow a row for each record of systemd's user database (userdbctl(1)).
    """

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

    source = Column(TEXT, "File or service that has the account")

    typical_rows = 40
    examples = ["SELECT username, password_status, hash_alg FROM shadow WHERE password_status <> 'locked';"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        text = note_nis(scan, _FILE, text_for_libc(scan, _FILE))
        for name, password, (change, *ages, flag) in understood(scan, _FILE, parse_shadow(text)):
            numbers = [-1 if age is None else signed(age) for age in ages]
            yield (*password_status(password), None if change is None else signed(change), *numbers, flag, name, _FILE)
        for user in user_records(scan):
            found = privileged(scan, user)
            if found is not None:
                yield _of_record(found)


def _of_record(user: Record) -> tuple[Any, ...]:
    """The row that nss-systemd(8) makes of a record: without a password nobody can log in by one."""
    password = next(iter(user.secrets("hashedPassword")), "!*")
    ages = [_days(user, f"passwordChange{of}USec") for of in ("Min", "Max", "Warn", "Inactive")]
    # Locked is what expired on the day after the first.
    locked = user.fields.get("locked") is True
    expire = 1 if locked else _days(user, "notAfterUSec")
    status, kind = password_status(password)
    change = _days(user, "lastPasswordChangeUSec")
    numbers = [-1 if age is None else age for age in (*ages, expire)]
    return ("locked" if locked else status, kind, change, *numbers, None, user.name, user.source)


def _days(user: Record, key: str) -> int | None:
    """Microseconds of a record as whole days."""
    value = user.number(key)
    return value // 86_400_000_000 if value is not None and value < (1 << 64) - 1 else None
