"""Sessions as systemd-logind keeps them: a file of assignments for each, which anybody may read.

Where utmp is gone these are who is logged in; who(1) reads them since coreutils 9.3 through sd-login(3), which is these
files too, so nothing is asked of logind itself.
"""

from __future__ import annotations

from .configuration import names_in, text_of
from .procfs import parse_stat
from .text import decode, integer, lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..scan import Scan

FOLDER = "/run/systemd/sessions"
# Processes below a session's first that are looked at for its terminal.
_MOST = 64
# Major numbers of the terminals that a login has: Documentation/admin-guide/devices.txt.
_CONSOLES, _FIRST_PTS, _LAST_PTS = 4, 136, 143


class Session:
    """A session: its class ('user', 'greeter', 'background' ...) and its first process, 0 where that is unknown.

    tty is a terminal, else an X display or a seat, else '', and `terminals` has all that others may call it; time is in
    Unix seconds.
    """

    __slots__ = ("host", "kind", "leader", "service", "source", "terminals", "time", "tty", "user")

    def __init__(self, fields: dict[str, str], source: str) -> None:
        get = fields.get
        self.user = get("USER", "")
        self.kind = get("CLASS", "user")
        self.tty = get("TTY") or get("DISPLAY") or get("SEAT") or ""
        self.terminals = {name for name in (get("TTY"), get("DISPLAY")) if name} or {get("SEAT") or ""} - {""}
        self.host = get("REMOTE_HOST", "")
        self.service = get("SERVICE", "")
        self.leader = integer(get("LEADER", "")) or 0
        self.time = (integer(get("REALTIME", "")) or 0) // 1_000_000
        self.source = source


def parse_session(text: str) -> dict[str, str]:
    r"""The assignments of a session's file.

    >>> parse_session('# private\nUSER=ann\nREMOTE_HOST="a \\"b\\""\nTTY=\n')
    {'USER': 'ann', 'REMOTE_HOST': 'a "b"', 'TTY': ''}
    """
    found = {}
    for line in lines(text):
        name, equals, value = line.partition("=")
        if equals and not name.startswith("#"):
            found[name.strip()] = _unquoted(value.strip())
    return found


def _unquoted(value: str) -> str:
    """What stands within double quotes: there a backslash protects what a shell would read otherwise."""
    if len(value) < 2 or value[0] != '"' or value[-1] != '"':
        return value
    parts = value[1:-1].split("\\\\")
    for character in '"$`':
        parts = [part.replace("\\" + character, character) for part in parts]
    return "\\".join(parts)


def sessions_of(scan: Scan) -> Iterator[Session]:
    """The sessions there are; those of a manager of user services, which are no logins, are left out, as in who(1)."""
    for name in names_in(scan, FOLDER):
        # NAME.ref beside it is a FIFO.
        if "." in name:
            continue
        path = f"{FOLDER}/{name}"
        text = text_of(scan, path, expected=False)
        fields = parse_session(text)
        session = Session(fields, path)
        if session.kind.startswith("manager"):
            continue
        session.user = session.user or _user_of(scan, fields.get("UID", ""))
        if not session.user:
            # One that ended meanwhile has no text.
            if text:
                scan.note("a session of logind has neither a user's name nor a number", path)
            continue
        if scan.host.live and session.leader and not scan.host.exists(f"/proc/{session.leader}"):
            # Nobody has cleared up after it yet.
            continue
        if scan.host.live and not session.tty:
            # sshd makes the terminal after the session, and logind does not learn of it.
            session.tty = _terminal_below(scan, session.leader)
            session.terminals = {session.tty} - {""}
        yield session


def _user_of(scan: Scan, uid: str) -> str:
    """The name of the user of a number, the number where it has none."""
    from .accounts import users_of

    number = integer(uid)
    return next((user.username for user in users_of(scan) if user.uid == number), uid) if uid.isdigit() else ""


def _terminal_below(scan: Scan, leader: int) -> str:
    """The terminal of the nearest of the processes below one that has one, '' for none."""
    pids = [leader] if leader else []
    # The list grows while it is gone through.
    for pid in pids:
        try:
            terminal = terminal_of(int(parse_stat(scan.host.read_once(f"/proc/{pid}/stat"))[1][4]))
            children = scan.host.read(f"/proc/{pid}/task/{pid}/children").split()
        except (OSError, ValueError, IndexError):
            # It has ended; or this kernel was built without CONFIG_PROC_CHILDREN.
            continue
        if terminal:
            return terminal
        pids += [int(decode(child)) for child in children[: max(0, _MOST - len(pids))]]
    return ""


def terminal_of(device: int) -> str:
    """The name of a terminal by its device number as /proc/PID/stat has it, '' for none and for another device.

    >>> terminal_of(34816), terminal_of(1025), terminal_of(0)
    ('pts/0', 'tty1', '')
    """
    major, minor = (device >> 8) & 0xFFF, (device & 0xFF) | ((device >> 12) & 0xFFF00)
    if _FIRST_PTS <= major <= _LAST_PTS:
        return f"pts/{minor + (major - _FIRST_PTS) * 256}"
    return f"tty{minor}" if major == _CONSOLES and 0 < minor < 64 else ""
