"""Lines of syslog: comma-separated values, RFC 5424 and RFC 3164, told apart by how they begin."""

from __future__ import annotations

from ...vtables.sources.text import decode, integer

TYPE_CHECKING = False
if TYPE_CHECKING:
    # datetime, host, severity, facility, tag, message
    Line = tuple[str, str, int, str, str, str]

# RFC 5424, table 1, as rsyslog calls them.
FACILITIES = (
    *("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp"),
    *("ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"),
)
# What stands for a value that is not there.
_NIL = "-"
_MONTHS = frozenset("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())
_TIMESTAMP = len("Mmm dd hh:mm:ss")


def parse(raw: bytes) -> Line | None:
    r"""(datetime, host, severity, facility, tag, message) of a line; None for what is none.

    >>> parse(b'"2026-01-02T03:04:05+00:00","web1","6","daemon","sshd[7]:"," Hello, ""you"", there"')
    ('2026-01-02T03:04:05+00:00', 'web1', 6, 'daemon', 'sshd[7]', 'Hello, "you", there')
    >>> parse(b'<34>1 2003-10-11T22:14:15.003Z web1 su 12 ID47 [a b="c]"] failed')
    ('2003-10-11T22:14:15.003Z', 'web1', 2, 'auth', 'su[12]', 'failed')
    >>> parse(b"<13>Jan  2 03:04:05 web1 cron[9]: done")
    ('Jan  2 03:04:05', 'web1', 5, 'user', 'cron[9]', 'done')
    >>> parse(b"something else") is None
    True
    """
    text = decode(raw)
    if not text.startswith("<"):
        return _values(text)
    priority, end, rest = text[1:].partition(">")
    number = integer(priority)
    if not end or number is None or not 0 <= number < 8 * len(FACILITIES):
        return None
    severity, facility = number & 7, FACILITIES[number >> 3]
    found = _rfc5424(rest[2:]) if rest.startswith("1 ") else _rfc3164(rest)
    if found is None:
        return None
    when, host, tag, message = found
    return when, host, severity, facility, tag, message


def _values(text: str) -> Line | None:
    import csv

    try:
        rows = list(csv.reader([text], strict=True))
    except csv.Error:
        return None
    if len(rows) != 1 or len(rows[0]) != 6:
        return None
    when, host, severity, facility, tag, message = rows[0]
    number = integer(severity)
    if number is None or not 0 <= number <= 7:
        return None
    return when, host, number, facility, _tag(tag), message.removeprefix(" ")


def _rfc5424(text: str) -> tuple[str, str, str, str] | None:
    """After the version: time, host, program, process, kind of message, structured data, the message."""
    fields = text.split(" ", 5)
    if len(fields) < 6:
        return None
    when, host, program, process, _, rest = fields
    end = _after_data(rest)
    if end is None:
        return None
    tag = "" if program == _NIL else program
    if process != _NIL:
        tag += f"[{process}]"
    message = rest[end:].removeprefix(" ").removeprefix("\ufeff")
    return "" if when == _NIL else when, "" if host == _NIL else host, tag, message


def _after_data(text: str) -> int | None:
    """Where the structured data that the text begins with ends; None where it does not."""
    if text.startswith(_NIL):
        return 1
    at = 0
    while at < len(text) and text[at] == "[":
        quoted = False
        at += 1
        while at < len(text) and (quoted or text[at] != "]"):
            if text[at] == '"':
                quoted = not quoted
            elif quoted and text[at] == "\\":
                at += 1
            at += 1
        if at >= len(text):
            return None
        at += 1
    return at or None


def _rfc3164(text: str) -> tuple[str, str, str, str] | None:
    """Time, host, tag, message; programs on the host itself leave the host out, and some all but the message."""
    when = text[:_TIMESTAMP]
    if when[:3] not in _MONTHS or text[_TIMESTAMP : _TIMESTAMP + 1] != " ":
        first, _, rest = text.partition(" ")
        if "T" not in first or not first[:4].isdecimal():
            return None
        # rsyslog forwards with the time of RFC 3339 in its place.
        when = first
    else:
        rest = text[_TIMESTAMP + 1 :]
    first, _, after = rest.partition(" ")
    host = ""
    if not first.endswith(":"):
        host, rest = first, after
    tag, colon, message = rest.partition(":")
    if not colon or " " in tag:
        tag, _, message = rest.partition(" ")
    return when, host, _tag(tag), message.removeprefix(" ")


def _tag(text: str) -> str:
    return text.removesuffix(":")
