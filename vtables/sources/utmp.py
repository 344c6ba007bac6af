"""Logins as utmp(5) keeps them: fixed records of 384 bytes in /run/utmp and /var/log/wtmp."""

from __future__ import annotations

import struct

from .text import decode

# bits/utmp.h with 32-bit times: type, pid, line, id, user, host, exit status, session, seconds, microseconds, address.
_RECORD = struct.Struct("=hxxi32s4s32s256shhiii16s20x")
TYPES = (
    "empty",
    "run-level",
    "boot-time",
    "new-time",
    "old-time",
    "init",
    "login",
    "normal",
    "dead",
    "accounting",
)


class Login:
    """One record: type (its number), process id, terminal, user, host, time in Unix seconds."""

    __slots__ = ("host", "pid", "time", "tty", "type", "user")

    def __init__(self, type: int, pid: int, tty: str, user: str, host: str, time: int) -> None:
        self.type = type
        self.pid = pid
        self.tty = tty
        self.user = user
        self.host = host
        self.time = time

    @property
    def type_name(self) -> str:
        """The type in words."""
        return TYPES[self.type] if 0 <= self.type < len(TYPES) else str(self.type)


def parse_utmp(raw: bytes) -> list[Login]:
    """The records, an incomplete last one left out."""
    found = []
    for at in range(0, len(raw) - _RECORD.size + 1, _RECORD.size):
        kind, pid, line, _, user, host, _, _, _, seconds, _, _ = _RECORD.unpack_from(raw, at)
        found.append(Login(kind, pid, _text(line), _text(user), _text(host), seconds))
    return found


def _text(raw: bytes) -> str:
    return decode(raw.partition(b"\0")[0])
