"""Logins as utmp(5) keeps them: fixed records in /run/utmp and /var/log/wtmp, of the architecture that wrote them."""

from __future__ import annotations

import struct

from .text import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# bits/utmp.h: type, pid, line, id, user, host, exit status, session, seconds, microseconds, address, unused. Some
# architectures (x86, POWER, all of 32 bits) write 384 bytes, with times that are unsigned; others (aarch64) have wider
# times in 400. Each in its own byte order; this machine's comes first, for a file that fits several.
_LAYOUTS = [
    struct.Struct(order + fields)
    for order in "=<>"
    for fields in ("hxxi32s4s32s256shhiIi16s20x", "hxxi32s4s32s256shhqqq16s20x4x")
]
# Records at each end of a file that its layout is found by; and a time that none of them has, in the year 2514.
_SAMPLE = 100
_LATEST = 1 << 34
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
    layout = max(_LAYOUTS, key=lambda layout: _fit(raw, layout))
    for at in range(0, len(raw), layout.size):
        if len(raw) - at < layout.size:
            yield None
            return
        kind, pid, line, _, user, host, _, _, _, seconds, _, _ = layout.unpack_from(raw, at)
        if kind:
            known = 0 < kind < len(TYPES)
            yield Login(kind, pid, _text(line), _text(user), _text(host), seconds) if known else None


def _fit(raw: bytes, layout: struct.Struct) -> int:
    """How well a file fits: records that make sense less those that do not, and whether none is incomplete.

    One from the first days of 1970 counts less: what is read there may be another field of another layout.
    """
    size, count = layout.size, len(raw) // layout.size
    score = 0 if len(raw) % size else 2
    for at in {*_used(raw, range(0, count * size, size)), *_used(raw, range((count - 1) * size, -1, -size))}:
        kind, *_, seconds, micros, _ = layout.unpack_from(raw, at)
        known = 0 < kind < len(TYPES) and 0 <= seconds < _LATEST and 0 <= micros < 1_000_000
        score += -3 if not known else 3 if seconds >= 1_000_000 else 1
    return score


def _used(raw: bytes, places: Iterable[int]) -> Iterator[int]:
    """Where the first records begin that are not empty."""
    from itertools import islice

    return islice((at for at in places if raw[at : at + 2] != b"\0\0"), _SAMPLE)


def _text(raw: bytes) -> str:
    return decode(raw.partition(b"\0")[0])
