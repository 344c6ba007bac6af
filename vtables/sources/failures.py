"""Failed logins in what programs logged: the journal, and syslog's files of authentication."""

from __future__ import annotations

from .auth_messages import Failure, parse_message, parse_syslog, remote_host
from .configuration import bytes_of
from .journal import entries_of, journals_of
from .log_files import logs_of
from .machine import is_same_host, machine_of
from .sightings import Sightings
from .text import integer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from ..scan import Scan

# syslog(3)'s facilities auth and authpriv, and programs that may be set to another.
_WANTED = {"SYSLOG_FACILITY": ("4", "10"), "SYSLOG_IDENTIFIER": ("sshd", "sshd-session", "sshd-auth", "dropbear")}
_FIELDS = ("MESSAGE", "SYSLOG_IDENTIFIER", "_PID", "_UID", "_EXE", "_MACHINE_ID")
# Programs that log as whoever started them, since they are set-uid; all others that refuse a login are root's.
_SET_UID = (
    *(
        "su",
        "su-rs",
        "sudo",
        "sudo-rs",
        "sudo.ws",
        "pkexec",
        "doas",
        "run0",
        "chfn",
        "chsh",
        "passwd",
        "newgrp",
        "gpasswd",
    ),
    *("chage", "polkit-agent-helper-1", "unix_chkpwd", "kcheckpass", "xscreensaver-auth", "userhelper", "vlock"),
)
_SYSTEM = ("/usr/", "/bin/", "/sbin/", "/run/wrappers/", "/nix/store/")
_LOGS = ("/var/log/auth.log", "/var/log/secure")
# Between two messages about the same attempt: PAM's module that asks a server may take a while.
_TOLERANCE = 2.0
# Names of other hosts in a note.
_NAMED = 3


class Attempt:
    """A failed login; time in Unix seconds, pid None where unknown, source the files that have it."""

    __slots__ = ("host", "pid", "service", "source", "time", "tty", "user")

    def __init__(self, time: float, user: str, tty: str, host: str, service: str, pid: int | None, source: str) -> None:
        self.time = time
        self.user = user
        self.tty = tty
        self.host = host
        self.service = service
        self.pid = pid
        self.source = source

    def complete(self, other: Attempt) -> None:
        """Take what another record of the same attempt has beside this one."""
        for name in ("user", "tty", "host", "service"):
            if not getattr(self, name):
                setattr(self, name, getattr(other, name))
        if other.source not in self.source.split(","):
            self.source += f",{other.source}"


def attempts_of_journals(scan: Scan, since: float) -> Iterator[Attempt]:
    """What the journal has; what anybody can log in another's name (logger -t sshd) is left out."""
    own, _ = machine_of(scan)
    others: set[str] = set()
    for path in journals_of(scan, own):
        messages = []
        for time, fields in entries_of(scan, path, _WANTED, _FIELDS, since):
            machine = fields.get("_MACHINE_ID", own)
            if own and machine != own:
                others.add(machine)
            elif time >= since and _trusted(fields):
                messages.append(
                    (
                        time,
                        fields.get("SYSLOG_IDENTIFIER", ""),
                        integer(fields.get("_PID", "")),
                        fields.get("MESSAGE", ""),
                    )
                )
        yield from _attempts(messages, path)
    if others:
        scan.note(f"entries of {len(others)} other machines in the journals of this one are left out")


def attempts_of_logs(scan: Scan, since: float) -> Iterator[Attempt]:
    """What syslog's files have."""
    logs = [log for name in _LOGS for log in logs_of(scan, name) if log.modified >= since]
    zone = _zone(scan) if logs else None
    _, own = machine_of(scan)
    others: dict[str, int] = {}
    for log in logs:
        messages = []
        for time, program, pid, message, host in parse_syslog(log.raw, log.modified, zone):
            if time >= since and is_same_host(host, own):
                messages.append((time, program, pid, message))
            elif time >= since and parse_message(program, message) is not None:
                others[host] = others.get(host, 0) + 1
        yield from _attempts(messages, log.path)
    if others:
        names = ", ".join(sorted(others)[:_NAMED]) + (", ..." if len(others) > _NAMED else "")
        scan.note(
            f"{sum(others.values())} failed logins in syslog's files are left out: this host is {own}, not {names}"
        )


def _attempts(messages: list[tuple[float, str, int | None, str]], source: str) -> Iterator[Attempt]:
    """The failures among (time, program, pid, message); one that two kinds of messages are about is told once."""
    by_kind: dict[str, list[Failure]] = {}
    hosts: dict[int | None, str] = {}
    for time, program, pid, message in messages:
        found = parse_message(program, message)
        if found is None and program.startswith("sshd") and pid is not None:
            hosts[pid] = remote_host(message) or hosts.get(pid, "")
        if found is not None:
            failure, count = found
            failure.time, failure.pid = time, pid
            if not failure.host and failure.service == "sshd":
                failure.host = hosts.get(pid, "")
            by_kind.setdefault(failure.kind, []).extend([failure] * count)
    known: list[Failure] = []
    for kind, failures in by_kind.items():
        seen = Sightings(_TOLERANCE)
        for failure in known:
            if kind and failure.kind:
                seen.add((failure.pid, failure.service, failure.user), failure.time, failure)
        known += [each for each in failures if seen.take((each.pid, each.service, each.user), each.time) is None]
    for each in known:
        yield Attempt(each.time, each.user, each.tty, each.host, each.service, each.pid, source)


def _trusted(fields: dict[str, str]) -> bool:
    """Whether root's program logged it, or one that runs as root for somebody; journald itself notes who that was."""
    program = fields.get("_EXE", "")
    set_uid = program.startswith(_SYSTEM) and program.rpartition("/")[2] in _SET_UID
    return fields.get("_UID", "0") == "0" or set_uid


def _zone(scan: Scan) -> tzinfo | None:
    """The time zone of the host; None, which is UTC, where it has none that can be read."""
    from io import BytesIO
    from zoneinfo import ZoneInfo

    raw = bytes_of(scan, "/etc/localtime", expected=False)
    try:
        return ZoneInfo.from_file(BytesIO(raw)) if raw else None
    except Exception:
        # Whatever a damaged file makes of its parser.
        scan.note("/etc/localtime is damaged: times without a zone are read as UTC")
        return None
