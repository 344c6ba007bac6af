"""What programs log when somebody fails to log in: messages of sshd, of PAM and of dropbear, and lines of syslog.

sshd(8) names each attempt itself ("Failed password for"), or PAM's refusal where that asks by itself; for every other
service there is PAM's message. Names and hosts in a message are what the other side sent: of two readings that one is
taken which does not let a name pretend to be a host.
"""

from __future__ import annotations

from .text import decode, integer

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Iterator
    from datetime import tzinfo

# The longest line that is looked at, and how often one message may say that it was repeated.
_LONGEST, _REPEATED = 4096, 1000
# Bytes at which sshd cuts a message (MSGBUFSIZ of its log.c): a name that is so long hides what stands behind it.
_CUT = 1023


class Failure:
    """An attempt to log in that failed; pid of the process that was asked, None where unknown."""

    __slots__ = ("host", "kind", "pid", "service", "time", "tty", "user")

    def __init__(self, user: str, tty: str, host: str, service: str, kind: str) -> None:
        self.user = user
        self.tty = tty
        self.host = host
        self.service = service
        # Who said it, where somebody else says it, too: two of a kind are two attempts. '' where nobody else does.
        self.kind = kind
        self.time = 0.0
        self.pid: int | None = None


def parse_message(program: str, message: str) -> tuple[Failure, int] | None:
    """The failure that a program's message is about, and how many of them; None for every other message.

    >>> found, count = parse_message("sshd", "Failed password for invalid user x from y from 192.0.2.7 port 5 ssh2")
    >>> found.user, found.host, found.service, count
    ('x from y', '192.0.2.7', 'sshd', 1)
    """
    import re

    message, count = message[:_LONGEST], 1
    repeated = re.fullmatch(r"message repeated (\d{1,9}) times: \[ (.*)\]", message)
    if repeated:
        message, count = repeated[2], min(int(repeated[1]), _REPEATED)
    if program.startswith("sshd") and len(message.encode()) >= _CUT:
        found = re.fullmatch(r"Failed \S+ for (?:invalid user |illegal user )?(.*)", message, re.DOTALL)
        return (Failure(found[1], "", "", "sshd", ""), count) if found else None
    if program.startswith("sshd"):
        found = re.fullmatch(
            r"Failed (\S+) for (?:invalid user |illegal user )?(.*) from (\S+) port \d+(?: ssh\d)?(?:: [A-Z].*)?",
            message,
        )
        if found:
            kind = found[1] if found[1].startswith("keyboard-interactive") else ""
            return Failure(found[2], "", found[3], "sshd", kind), count
        found = re.fullmatch(r"error: PAM: .+ for (?:illegal user )?(.*) from (\S+)", message)
        if found:
            return Failure(found[1], "", found[2], "sshd", "pam"), count
        return None
    if program == "dropbear":
        found = re.fullmatch(
            r"(?:Bad (?:PAM )?password attempt for|Login attempt for nonexistent user)(?: '(.*)')? from (\S+):\d+",
            message,
        )
        return (Failure(found[1] or "", "", found[2], "dropbear", ""), count) if found else None
    return _of_pam(program, message, count)


def remote_host(message: str) -> str:
    """The host in PAM's message about a refusal of sshd, which does not stand behind a name; '' in any other.

    >>> pam = "authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.7  user=a"
    >>> remote_host(f"pam_unix(sshd:auth): {pam}"), remote_host(f"pam_unix(su:auth): {pam}")
    ('192.0.2.7', '')
    """
    import re

    found = re.match(
        r"pam_\w+\(sshd:auth\): authentication failure; logname=\S* uid=\d+ euid=\d+ tty=\S* ruser=\S* rhost=(\S+)",
        message,
    )
    return found[1] if found else ""


def _of_pam(program: str, message: str, count: int) -> tuple[Failure, int] | None:
    import re

    found = re.fullmatch(
        r"(?:(pam_\w+)\(([^()\s]+):auth\): authentication failure|PAM (\d{1,9}) more authentication failures?);"
        r" logname=.*? uid=\d+ euid=\d+ tty=(.*?) ruser=.*? rhost=(\S*) *(?:user=(.*))?",
        message,
    )
    if not found or (found[2] or program) == "sshd":
        return None
    kind, service = (found[1], found[2]) if found[1] else ("", program)
    tty = found[4][5:] if found[4].startswith("/dev/") else found[4]
    return Failure(found[6] or "", tty, found[5], service, kind), min(int(found[3] or count), _REPEATED)


def parse_syslog(raw: bytes, written: float, zone: tzinfo | None) -> Iterator[tuple[float, str, int | None, str, str]]:
    r"""(Unix time, program, pid, message, host) of each line that may be about a failure, in both forms of a time.

    A time without a year is of the year before the file was last written to (`written`, Unix seconds), in the zone of
    the host.

    >>> list(parse_syslog(b"2026-03-01T10:00:00.5+01:00 h sshd[7]: Failed x\n", 0, None))
    [(1772355600.5, 'sshd', 7, 'Failed x', 'h')]
    >>> list(parse_syslog(b"Mar  1 10:00:00 h su: a failure\n", 1767225600, None))
    [(1740823200.0, 'su', None, 'a failure', 'h')]
    """
    import re

    line_of = re.compile(
        rb"(?:(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?)\d*(Z|[+-]\d\d:\d\d)"
        rb"|([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d:\d\d:\d\d))"
        rb" (\S+) ([^\s:\[]+)(?:\[(\d{1,10})\])?: (.*(?:[Ff]ail|PAM|Bad |Login ).*)"
    )
    for found in map(line_of.fullmatch, _lines(raw)):
        if found:
            time = _exact(found) if found[1] else _without_year(found, written, zone)
            if time is not None:
                yield time, decode(found[7]), integer(decode(found[8] or b"")), decode(found[9]), decode(found[6])


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _exact(found: re.Match[bytes]) -> float | None:
    from datetime import datetime

    text, offset = found[1].decode(), found[2].decode().replace("Z", "+00:00")
    # Python 3.10 and older want three or six digits after the point.
    seconds, _, fraction = text.partition(".")
    try:
        return datetime.fromisoformat(f"{seconds}.{fraction:0<6}{offset}").timestamp()
    except (ValueError, OverflowError):
        return None


def _without_year(found: re.Match[bytes], written: float, zone: tzinfo | None) -> float | None:
    from datetime import datetime, timezone

    try:
        month = _MONTHS.index(found[3].decode()) + 1
        hour, minute, second = map(int, found[5].split(b":"))
        latest = datetime.fromtimestamp(written, timezone.utc)
        for year in range(latest.year + 1, latest.year - 9, -1):
            try:
                time = datetime(
                    year, month, int(found[4]), hour, minute, second, tzinfo=zone or timezone.utc
                ).timestamp()
            except ValueError:
                # 29 February of another year.
                continue
            # A day's grace: the clock, or the file's time, may have been set.
            if time <= written + 86400:
                return time
    except (ValueError, OverflowError, OSError):
        pass
    return None


def _lines(raw: bytes) -> Iterator[bytes]:
    """The lines, one at a time."""
    start = 0
    while start < len(raw):
        end = raw.find(b"\n", start)
        end = len(raw) if end < 0 else end
        if end - start <= _LONGEST:
            yield raw[start:end]
        start = end + 1
