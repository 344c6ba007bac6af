"""Processes that /proc does not list: what its mount options `hidepid` and `gid` hide from whom (proc(5))."""

from __future__ import annotations

import os

from .host import LIVE
from .text import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..scan import Scan

# Values of hidepid= that leave processes out of the list, by number before Linux 5.8.
_INVISIBLE, _PTRACEABLE = ("2", "invisible"), ("4", "ptraceable")
# linux/capability.h
_CAP_SYS_PTRACE = 19
# /proc/self/uid_map of the user namespace that the kernel begins with.
_ALL_USERS = ["0", "0", "4294967295"]

# What this process may do: (its pid, its user, (may trace any process, is in the first user namespace)).
_rights: tuple[int, int, tuple[bool, bool]] = (0, 0, (False, False))


def note_hidden(scan: Scan) -> None:
    """A note where /proc leaves out processes of others."""
    text = scan.shared("hidden processes", lambda: _hidden(scan.host.root + "/proc"))
    if text:
        scan.note(text)


def _hidden(proc: str) -> str:
    may_trace, first_namespace = _own_rights()
    if may_trace and first_namespace:
        return ""
    try:
        option, gid = parse_hidepid(LIVE.read("/proc/self/mountinfo"), os.fsencode(proc))
    except OSError:
        return ""
    if not option or (option not in _PTRACEABLE and first_namespace and gid in (os.getegid(), *os.getgroups())):
        return ""
    hint = "run as root to see all" if os.geteuid() else "CAP_SYS_PTRACE is missing"
    return f"processes of others are hidden, since {proc} is mounted with hidepid={option} ({hint})"


def parse_hidepid(raw: bytes, proc: bytes) -> tuple[str, int]:
    r"""(value of hidepid, value of gid) from the last mount at `proc` in /proc/self/mountinfo; '' where all are listed.

    >>> parse_hidepid(b"22 27 0:21 / /proc rw - proc proc rw,gid=4,hidepid=invisible\n", b"/proc")
    ('invisible', 4)
    >>> parse_hidepid(b"22 27 0:21 / /proc rw - proc proc rw,hidepid=noaccess\n", b"/proc")
    ('', 0)
    """
    option, gid = "", 0
    for line in raw.split(b"\n"):
        before, _, after = line.partition(b" - proc ")
        if after and before.split(b" ")[4:5] == [proc]:
            words = dict([word.partition("=")[::2] for word in decode(after).split(" ")[-1].split(",")])
            option = words.get("hidepid", "")
            gid = int(words["gid"]) if words.get("gid", "").isdigit() else 0
    return (option if option in _INVISIBLE + _PTRACEABLE else ""), gid


def _own_rights() -> tuple[bool, bool]:
    """(whether CAP_SYS_PTRACE is effective, whether in the first user namespace), read once for a process and user."""
    global _rights
    pid, uid = os.getpid(), os.geteuid()
    if _rights[:2] != (pid, uid):
        from .procfs import parse_fields

        try:
            capabilities = int(parse_fields(LIVE.read("/proc/self/status"))[b"CapEff"], 16)
            first = decode(LIVE.read("/proc/self/uid_map")).split() == _ALL_USERS
        except (OSError, KeyError, ValueError):
            capabilities, first = 0, False
        _rights = (pid, uid, (bool(capabilities >> _CAP_SYS_PTRACE & 1), first))
    return _rights[2]
