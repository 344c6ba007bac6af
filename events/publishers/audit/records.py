"""Records become events: the raw bytes are kept by serial number until the event is complete, and parsed only then.

One event is several records of one serial, which may come interleaved with those of others, and with some missing:

    audit(1364481363.243:24287): arch=c000003e syscall=2 success=no exit=-13 ...     (type 1300, SYSCALL)
    audit(1364481363.243:24287): cwd="/home/shadowman"                               (type 1307, CWD)
    audit(1364481363.243:24287):                                                     (type 1320, EOE)

Serial numbers have no gaps, so what is missing among them was lost.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# linux/audit.h
SYSCALL, PATH, CONFIG_CHANGE, SOCKADDR, CWD, EXECVE, EOE = 1300, 1302, 1305, 1306, 1307, 1309, 1320
BPRM_FCAPS, PROCTITLE, SOCKETCALL = 1321, 1327, 1304
# Records of system calls that nobody here reads.
UNREAD = (BPRM_FCAPS, PROCTITLE)
# Records that belong to an event which an EOE ends.
_PARTS = frozenset({SYSCALL, PATH, SOCKADDR, CWD, EXECVE, SOCKETCALL})
# Records that come along with those of an event, and are none of their own: IPC, arguments of other calls, OPENAT2,
# labels of several security modules.
_COMPANIONS = frozenset({*UNREAD, 1303, *range(1308, 1319), 1322, 1323, 1337, 1425, 1426})
# Records that an event has in place of SYSCALL: URINGOP, ANOM_LINK, ANOM_CREAT. Nobody here decodes them.
_INSTEAD = frozenset((1336, 1702, 1703))
# Records of auditd itself, which counts them for itself.
_DAEMON = range(1200, 1300)
# Seconds that an event may wait for its last record, and a serial number for its first.
PATIENCE = 2.0
# Events that may wait at once; then the oldest are taken as they are.
WAITING = 4096
# A larger leap of serial numbers is counted at once and not watched for late arrivals.
_LEAP = 1024

_PAIR = re.compile(rb"(\w[\w-]*)=(\"[^\"]*\"|'[^']*'|\S*)")


class Event:
    """The records of one event, raw.

    key       b"SECONDS.MILLISECONDS:SERIAL"
    complete  whether its end was seen
    """

    __slots__ = ("born", "complete", "cwd", "execve", "key", "paths", "sockaddr", "socketcall", "syscall")

    def __init__(self, key: bytes, born: float) -> None:
        self.key = key
        self.born = born
        self.complete = False
        self.syscall = b""
        self.cwd = b""
        self.sockaddr = b""
        self.socketcall = b""
        self.execve: list[bytes] = []
        self.paths: list[bytes] = []


class Assembler:
    """Takes records as they come, gives events when they are complete.

    finished    events with a SYSCALL record, for the caller to take
    singles     (type, key, raw) of records that are an event by themselves
    seen        events and single records so far
    incomplete  events given up because their SYSCALL record never came
    malformed   records that are none
    """

    def __init__(self) -> None:
        self.finished: list[Event] = []
        self.singles: list[tuple[int, bytes, bytes]] = []
        self.serials = Serials()
        self.seen = 0
        self.incomplete = 0
        self.malformed = 0
        self._waiting: dict[bytes, Event] = {}
        # The event of the last record, and how its records begin: most follow each other.
        self._last: Event | None = None
        self._head = b""
        # The event of the last record of _INSTEAD.
        self._instead = b""

    def add(self, kind: int, raw: bytes, now: float, at: int = 0) -> None:
        """One record of this type, which begins at `at` with 'audit('; `now` in monotonic seconds."""
        event = self._last
        if event is None or not raw.startswith(self._head, at):
            event = self._event_of(kind, raw, now, at)
            if event is None:
                return
        if kind == SYSCALL:
            event.syscall = raw
        elif kind == PATH:
            event.paths.append(raw)
        elif kind == EXECVE:
            event.execve.append(raw)
        elif kind == EOE:
            event.complete = True
            self._end(event.key)
        elif kind == CWD:
            event.cwd = raw
        elif kind == SOCKADDR:
            event.sockaddr = raw
        elif kind == SOCKETCALL:
            event.socketcall = raw
        elif kind not in _COMPANIONS:
            self._single(kind, event.key, raw)

    def _single(self, kind: int, key: bytes, raw: bytes) -> None:
        self.seen += 1
        self.singles.append((kind, key, raw))
        if kind in _INSTEAD:
            self._instead = key

    def _event_of(self, kind: int, raw: bytes, now: float, at: int) -> Event | None:
        """The event that a record belongs to, a new one perhaps; None for one that is none, or alone."""
        end = raw.find(b"):", at + 8, at + 48)
        if end < 0 or not raw.startswith(b"audit(", at):
            self.malformed += 1
            return None
        key = raw[at + 6 : end]
        if kind in _DAEMON and not self.serials.follows(key):
            self._single(kind, key, raw)
            return None
        event = self._waiting.get(key)
        if event is None:
            if kind in _COMPANIONS or kind == EOE:
                # An end without any other record is one of an event that was lost, but for the very first.
                self.incomplete += kind == EOE and self.serials.begun and key != self._instead
                self.serials.note(key, now)
                return None
            if not self.serials.note(key, now):
                self.malformed += 1
                return None
            if kind not in _PARTS:
                self._single(kind, key, raw)
                return None
            if len(self._waiting) >= WAITING:
                self._end(next(iter(self._waiting)))
            event = self._waiting[key] = Event(key, now)
        self._last, self._head = event, raw[at : end + 2]
        return event

    def expire(self, now: float) -> None:
        """Give up waiting for what should have come long ago."""
        while self._waiting:
            key = next(iter(self._waiting))
            if now - self._waiting[key].born < PATIENCE:
                break
            self._end(key)
        self.serials.expire(now)

    @property
    def waiting(self) -> int:
        """Events that are not yet complete."""
        return len(self._waiting)

    @property
    def lost(self) -> int:
        """Events lost so far, as far as can be told."""
        return self.serials.lost + self.incomplete + self.malformed

    def _end(self, key: bytes) -> None:
        event = self._waiting.pop(key)
        if event is self._last:
            self._last = None
        if event.syscall:
            self.seen += 1
            self.finished.append(event)
        elif key != self._instead:
            self.seen += 1
            self.incomplete += 1


class Serials:
    """Which serial numbers never came. `lost` counts them; records of neighbouring events may overtake each other."""

    def __init__(self) -> None:
        self.lost = 0
        self._highest = 0
        self._missing: dict[int, float] = {}

    @property
    def begun(self) -> bool:
        """Whether there was any yet."""
        return self._highest > 0

    def follows(self, key: bytes) -> bool:
        """Whether an event is the next of those that came, or one of those that are missing."""
        serial = key.rpartition(b":")[2]
        return serial.isdigit() and (int(serial) == self._highest + 1 or int(serial) in self._missing)

    def note(self, key: bytes, now: float) -> bool:
        """A record of this event came; False where the key has no serial."""
        try:
            serial = int(key[key.index(b":") + 1 :])
        except ValueError:
            return False
        highest = self._highest
        if serial == highest + 1 or not highest:
            self._highest = serial
        elif serial > highest:
            self._highest = serial
            if serial - highest > _LEAP:
                self.lost += serial - highest - 1
            else:
                for number in range(highest + 1, serial):
                    self._missing[number] = now
        elif self._missing:
            self._missing.pop(serial, None)
        return True

    def restart(self) -> None:
        """What is not seen from here to the next record is nobody's loss."""
        self._highest = 0
        self._missing.clear()

    def expire(self, now: float) -> None:
        """Count as lost what has been missing for too long."""
        missing = self._missing
        while missing:
            number = next(iter(missing))
            if now - missing[number] < PATIENCE:
                break
            del missing[number]
            self.lost += 1


def fields(raw: bytes, at: int = 0) -> dict[str, bytes]:
    """The name=value pairs of a record, in any order.

    >>> fields(b'audit(1.0:2): pid=7 comm="ls" exe=2F62')
    {'pid': b'7', 'comm': b'"ls"', 'exe': b'2F62'}
    """
    return {name.decode(): value for name, value in _PAIR.findall(raw, raw.find(b"):", at) + 2)}


# Fields whose text somebody else chose: the kernel and libaudit write them in quotes, or in hexadecimal where they have
# spaces, quotes or bytes beyond ASCII (audit_log_untrustedstring of the kernel, audit_encode_nv_string(3), the field
# dictionary of the audit project). The digits of all other fields are digits. The last line is AppArmor's.
ENCODED = frozenset(
    "acct cgroup cmd comm cwd data device dir exe file grp invalid_context key name new-chardev new-disk new-fs "
    "new-net new-rng ocomm old-chardev old-disk old-fs old-net old-rng path proctitle vm watch "
    "denied_mask info label namespace operation peer profile requested_mask target".split()
)


def text_of(found: dict[str, bytes], name: str) -> str:
    """The text of a field, by its name; '' where it is missing.

    >>> found = fields(b"audit(1.0:2): id=1000 acct=616C HOST=beef exe=?")
    >>> [text_of(found, name) for name in ("id", "acct", "HOST", "exe", "tty")]
    ['1000', 'al', 'beef', '', '']
    """
    value = found.get(name, b"")
    return text(value) if name in ENCODED else plain(value)


def text(value: bytes) -> str:
    """The text of a value that is encoded: in quotes as it is, else in hexadecimal.

    >>> text(b'"ls"'), text(b"612062"), text(b"(null)"), text(b"root")
    ('ls', 'a b', '', 'root')
    """
    if value[:1] in (b'"', b"'") or value in _NOTHING:
        return plain(value)
    try:
        return bytes.fromhex(value.decode("ascii")).decode("utf-8", "backslashreplace")
    except ValueError:
        return plain(value)


def plain(value: bytes) -> str:
    """The text of a value that is not encoded.

    >>> plain(b'"ls"'), plain(b"1000"), plain(b"?"), plain(b"(none)"), plain(b'"cut sho')
    ('ls', '1000', '', '', 'cut sho')
    """
    quote = value[:1]
    if quote in (b'"', b"'"):
        whole = len(value) > 1 and value.endswith(quote)
        return value[1 : -1 if whole else None].decode("utf-8", "backslashreplace")
    return "" if value in _NOTHING else value.decode("utf-8", "backslashreplace")


def decoded(words: str) -> str:
    """The words of a record with the text of its encoded fields, quoted, in place of hexadecimal.

    >>> decoded('op=x invalid_context=6120226222 name="y" ino=1234')
    'op=x invalid_context="a \\\\"b\\\\"" name="y" ino=1234'
    """
    return _HEXADECIMAL.sub(_quoted, words)


def _quoted(match: re.Match[str]) -> str:
    name, value = match.groups()
    if name not in ENCODED:
        return match.group()
    shown = text(value.encode()).replace("\\", "\\\\").replace('"', '\\"')
    return f'{name}="{shown}"'


_HEXADECIMAL = re.compile(r"(?<![^\s'])([\w-]+)=((?:[0-9A-F]{2})+)(?=[\s']|$)")
_NOTHING = frozenset((b"(null)", b"(none)", b"?", b""))


def arguments(records: list[bytes]) -> Iterator[tuple[int, bytes]]:
    """(number, bytes) of the pieces of a program's arguments in its EXECVE records; long ones come in pieces.

    >>> list(arguments([b'audit(1.0:2): argc=2 a0="ls" a1_len=6 a1[0]=61', b'audit(1.0:2):  a1[1]=2063']))
    [(0, b'ls'), (1, b'a'), (1, b' c')]
    """
    for raw in records:
        for number, value in _ARGUMENT.findall(raw, raw.find(b"):")):
            if value[:1] == b'"':
                yield int(number), value[1:-1]
            elif len(value) % 2 == 0:
                yield int(number), bytes.fromhex(value.decode("ascii"))


_ARGUMENT = re.compile(rb' a(\d{1,9})(?:\[\d{1,9}\])?=("[^"]*"|[0-9A-Fa-f]*)')
