"""Logins as utmp(5) keeps them: fixed records of 384 bytes in /run/utmp and /var/log/wtmp."""

from __future__ import annotations

import struct

from .text import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# bits/utmp.h with 32-bit times: type, pid, line, id, user, host, exit status, session, seconds, microseconds, address.
_RECORD = struct.Struct("=hxxi32s4s32s256shhiii16s20x")
# Beside the records' own size: nobody logs in and out more often than this between two rotations.
LARGEST = 64 << 20
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
        return TYPES[self.type]


def parse_utmp(raw: bytes) -> Iterator[Login | None]:
    """The records that are not empty; None for one of an unknown type, and for an incomplete last one."""
    for at in range(0, len(raw), _RECORD.size):
        if len(raw) - at < _RECORD.size:
            yield None
            return
        kind, pid, line, _, user, host, _, _, _, seconds, _, _ = _RECORD.unpack_from(raw, at)
        if kind:
            known = 0 < kind < len(TYPES)
            yield Login(kind, pid, _text(line), _text(user), _text(host), seconds) if known else None


def _text(raw: bytes) -> str:
    return decode(raw.partition(b"\0")[0])
