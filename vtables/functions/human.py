"""Functions that make numbers readable: sizes, durations, ages, users, containers.

A text that SQLite takes for a number counts as one; NULL, a blob and any other text give NULL.
"""

from __future__ import annotations

import time

from ..affinity import AffinityUnknown, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..database import Database

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_SPANS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
# Beyond this (30 million years) a duration is a mistake.
_LONGEST = 1e15


def human_size(value: Any) -> str | None:
    """Bytes in the unit that suits them: '1.5 GiB'; NULL for what is no number.

    >>> human_size(1536), human_size(-1), human_size(1 << 20), human_size((1 << 20) - 1)
    ('1.5 KiB', '-1 B', '1.0 MiB', '1.0 MiB')
    """
    size = _number(value)
    if size is None or not abs(size) < 1e30:
        return None
    if abs(size) < 1024:
        return f"{size:.0f} B"
    place = 0
    # 1023.95 would be shown as 1024.0.
    while not place or (abs(size) >= 1023.95 and place < len(_UNITS) - 1):
        size /= 1024
        place += 1
    return f"{size:.1f} {_UNITS[place]}"


def human_time(value: Any) -> str | None:
    """Seconds in their two greatest units: '3 d 4 h', fractions cut off; NULL for what is no number.

    >>> human_time(90061), human_time(-61), human_time(3601), human_time(0.9)
    ('1 d 1 h', '-1 min 1 s', '1 h', '0 s')
    """
    seconds = _number(value)
    if seconds is None or not abs(seconds) < _LONGEST:
        return None
    rest = int(abs(seconds))
    first = next((place for place, (span, _) in enumerate(_SPANS) if rest >= span), len(_SPANS) - 1)
    parts: list[str] = []
    for span, unit in _SPANS[first : first + 2]:
        count, rest = divmod(rest, span)
        if count or not parts:
            parts.append(f"{count} {unit}")
    return ("-" if seconds <= -1 else "") + " ".join(parts)


def ago(value: Any) -> str | None:
    """How long ago a Unix time was: '2 h 5 min ago', 'in 3 s'; NULL for what is no number."""
    then = _number(value)
    elapsed = 0.0 if then is None else time.time() - then
    text = None if then is None else human_time(abs(elapsed))
    return None if text is None else f"in {text}" if elapsed <= -1 else f"{text} ago"


def user(database: Database, value: Any) -> str | None:
    """The name of a user id; the number itself as text where it has none; NULL for what is no whole number."""
    uid = _number(value)
    if not isinstance(uid, int):
        return None
    name = database.statement.shared(("user", uid), lambda: _name_of(database, uid))
    return str(uid) if name is None else str(name)


def _name_of(database: Database, uid: int) -> str | None:
    """The name that the running host's name services know, or the passwd file of another root."""
    if database.host.live:
        import pwd

        try:
            return pwd.getpwuid(uid).pw_name
        except (KeyError, OverflowError):
            return None
    from ..sources.accounts import parse_passwd
    from ..sources.configuration import LARGEST
    from ..sources.text import decode

    def names() -> dict[int, str]:
        try:
            users = list(parse_passwd(decode(database.host.read_regular("/etc/passwd", LARGEST))))
        except OSError:
            return {}
        return {user.uid: user.username for user in reversed(users) if user is not None}

    found: dict[int, str] = database.statement.shared("names of users", names)
    return found.get(uid)


def container_of(database: Database, value: Any) -> str | None:
    """The id of the container a process runs in; '' for none, NULL for a process that is not there."""
    from ..sources import containers

    pid = _number(value)
    if not isinstance(pid, int) or pid <= 0:
        return None
    try:
        return containers.container_in(database.host.read(f"/proc/{pid}/cgroup"))[0]
    except OSError:
        return None


def _number(value: Any) -> int | float | None:
    if isinstance(value, str):
        try:
            return number(value)
        except AffinityUnknown:
            # Rounded: the last digit, in which SQLite may differ, shows in none of these functions.
            value = float(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1 << 53:
        return int(value)
    return value if isinstance(value, (int, float)) else None
