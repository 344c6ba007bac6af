"""Logins as utmp(5) keeps them: fixed records in /run/utmp and /var/log/wtmp, of the architecture that wrote them."""

from __future__ import annotations

import struct

from .text import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# bits/utmp.h: type, pid, line, id, user, host, exit status, session, seconds, microseconds, address, unused. Some
# architectures (x86, POWER, all of 32 bits) write 384 bytes, with times that are unsigned; others (aarch64) have wider
# times in 400. Each in its own byte order; this machine's comes first, for a file that fits several.
_LAYOUTS = [
    struct.Struct(order + fields)
    for order in "=<>"
    for fields in ("hxxi32s4s32s256shhiIi16s20x", "hxxi32s4s32s256shhqqq16s20x4x")
]
# Records at each end of a file that its layout is found by.
_SAMPLE = 100
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


def _fit(raw: bytes, layout: struct.Struct) -> tuple[int, bool]:
    """How well a file fits: records that make sense less those that do not, and whether none is incomplete."""
    count = len(raw) // layout.size
    score = 0
    for number in {*range(min(count, _SAMPLE)), *range(max(0, count - _SAMPLE), count)}:
        kind, pid, *_, seconds, micros, _ = layout.unpack_from(raw, number * layout.size)
        if kind:
            score += 1 if kind in range(len(TYPES)) and pid >= 0 and seconds >= 0 and 0 <= micros < 1_000_000 else -1
    return score, len(raw) % layout.size == 0


def _text(raw: bytes) -> str:
    return decode(raw.partition(b"\0")[0])
