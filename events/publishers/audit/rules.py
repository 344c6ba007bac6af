"""Audit rules: built by name, tagged as ours, added and taken out again.

A rule is `struct audit_rule_data` (linux/audit.h). Every rule of ours has the key `hostql-PID-START-NOTE-N`: process id
and start time of the hostql that added it, so that the next one finds what a killed one left behind; a note for that
next one; and a generation.
"""

from __future__ import annotations

import errno
import os
import struct

from .system_calls import FILE, PROCESS, SOCKET, SOCKETCALLS, Architecture, architectures

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from .netlink import Control

    # name, operator, value
    Field = tuple[str, str, int | str]
    # Classes of system calls, and what must hold for one of them to be left alone.
    Never = tuple[frozenset[str], tuple[Field, ...]]

KEY = "hostql"

_EXIT, _EXCLUDE = 4, 5
_NEVER, _ALWAYS = 0, 2
_OPERATORS = {"<=": 0x50000000, "!=": 0x30000000, "=": 0x40000000}
_FIELDS = {
    **dict(zip(("pid", "uid", "arch", "exit", "success", "watch", "perm", "dir"), (0, 1, 11, 103, 104, 105, 106, 107))),
    **dict(zip(("msgtype", "exe", "saddr_fam", "a0", "key"), (12, 112, 113, 200, 210))),
}
_TEXT = frozenset(("watch", "dir", "exe", "key"))
_WORDS = 64
_HEAD = struct.Struct("=3I")
_BODY = struct.Struct(f"={4 * _WORDS}I")
_KEY_FIELD = _FIELDS["key"]

# A type of record that there is none of (linux/audit.h): a rule about it drops nothing.
_NO_RECORD = 2999
# A shell looks for a program in each folder of PATH: calls that found no file there started nothing and were denied
# nothing.
_FOUND = ("exit", "!=", -errno.ENOENT)
# perm=wa: opens that may write, and changes of attributes.
_WRITE_OR_ATTRIBUTE = 2 | 8


def build(action: int, calls: Iterable[int], fields: Iterable[Field], filter: int = _EXIT) -> bytes:
    """A rule for the exit of these system calls, or another filter: (field, operator, value) must all hold."""
    mask, kinds, values, operators = ([0] * _WORDS for _ in range(4))
    for call in calls:
        mask[call >> 5] |= 1 << (call & 31)
    texts = b""
    count = 0
    for name, operator, value in fields:
        kinds[count], operators[count] = _FIELDS[name], _OPERATORS[operator]
        if name in _TEXT:
            text = os.fsencode(str(value))
            values[count] = len(text)
            texts += text
        else:
            values[count] = int(value) & 0xFFFFFFFF
        count += 1
    head = _HEAD.pack(filter, action, count)
    return head + _BODY.pack(*mask, *kinds, *values, *operators) + struct.pack("=I", len(texts)) + texts


def key_of(rule: bytes) -> str:
    """The key of a rule as the kernel lists it; '' for none."""
    count = _HEAD.unpack_from(rule)[2]
    body = _BODY.unpack_from(rule, _HEAD.size)
    at = _HEAD.size + _BODY.size + 4
    for kind, length in zip(body[_WORDS : _WORDS + count], body[2 * _WORDS : 2 * _WORDS + count]):
        if kind == _KEY_FIELD:
            return os.fsdecode(rule[at : at + length])
        if kind in _TEXT_FIELDS:
            at += length
    return ""


# Fields whose value is text in the rule's tail, the labels of SELinux among them (linux/audit.h).
_TEXT_FIELDS = frozenset({*(_FIELDS[name] for name in _TEXT), *range(13, 18), *range(19, 24)})


class Watched:
    """What rules are to see.

    classes  process, socket, file
    folders  directories for class file; all below them is seen
    """

    __slots__ = ("classes", "folders")

    def __init__(self, classes: Iterable[str] = (), folders: Iterable[str] = ()) -> None:
        self.classes = frozenset(classes)
        self.folders = tuple(folders)


def compile(watched: Watched, nevers: Iterable[Never], key: str) -> list[bytes]:
    """The rules, in the order to add them: what is not wanted first, since the first rule that matches decides."""
    found = []
    own: tuple[Field, ...] = (("pid", "!=", os.getpid()), ("key", "=", key))
    for each in architectures():
        arch = ("arch", "=", each.number)
        for classes, fields in nevers:
            calls = [number for name in sorted(classes & watched.classes) for number in each.calls[name].values()]
            if each.socketcall is not None and SOCKET in classes & watched.classes:
                calls.append(each.socketcall)
            if calls:
                found.append(build(_NEVER, calls, (arch, *fields, ("key", "=", key))))
        if PROCESS in watched.classes:
            found.append(build(_ALWAYS, each.calls[PROCESS].values(), (arch, _FOUND, *own)))
        if SOCKET in watched.classes:
            found += _socket_rules(each, own)
        if FILE in watched.classes:
            perm = ("perm", "=", _WRITE_OR_ATTRIBUTE)
            for folder in watched.folders:
                found.append(build(_ALWAYS, each.calls[FILE].values(), (arch, ("dir", "=", folder), perm, *own)))
    return found


def note_bearer(key: str) -> bytes:
    """A rule that does nothing and costs no system call anything, for the sake of its key where there is no other."""
    return build(_NEVER, (), (("msgtype", "=", _NO_RECORD), ("key", "=", key)), _EXCLUDE)


def _socket_rules(each: Architecture, own: tuple[Field, ...]) -> list[bytes]:
    arch = ("arch", "=", each.number)
    calls = each.calls[SOCKET]
    addressed = [number for name, number in calls.items() if name in ("connect", "bind")]
    others = [number for name, number in calls.items() if name not in ("connect", "bind")]
    # Not netlink's and packet sockets' addresses: unix, IPv4 and IPv6 are 1, 2 and 10.
    found = [
        build(_ALWAYS, addressed, (arch, ("saddr_fam", "<=", 10), *own)),
        build(_ALWAYS, others, (arch, *own)),
    ]
    if each.socketcall is not None:
        found += [build(_ALWAYS, [each.socketcall], (arch, ("a0", "=", call), *own)) for call in SOCKETCALLS]
    return found


class Installed:
    """The rules of ours that are in the kernel."""

    def __init__(self, control: Control, note: str = "") -> None:
        self._control = control
        self._mark = f"{KEY}-{os.getpid()}-{_started(os.getpid())}-{note}-"
        self._generation = 0
        self._rules: list[bytes] = []

    def replace(self, watched: Watched, nevers: Iterable[Never]) -> list[OSError]:
        """Have these rules and no others of ours; gives why the kernel refused some.

        The new ones are added before the old ones go, so that no call passes unseen.
        """
        self._generation += 1
        old, self._rules = self._rules, []
        refused: list[OSError] = []
        key = f"{self._mark}{self._generation}"
        for rule in compile(watched, nevers, key) or [note_bearer(key)]:
            try:
                self._control.add(rule)
                self._rules.append(rule)
            except OSError as error:
                refused.append(error)
        self._delete(old)
        return refused

    def complete(self) -> bool:
        """Whether the rules are all still there."""
        mark = f"{self._mark}{self._generation}"
        return sum(key_of(rule) == mark for rule in self._control.rules()) == len(self._rules)

    def remove(self) -> None:
        """Take all rules of this process out."""
        self._rules = []
        self._delete([rule for rule in self._control.rules() if key_of(rule).startswith(self._mark)])

    def remove_leftovers(self) -> int:
        """Take out what hostql processes that are no more left behind; gives how many rules those were."""
        left = [rule for rule in self._control.rules() if _is_leftover(key_of(rule))]
        self._delete(left)
        return len(left)

    def _delete(self, rules: list[bytes]) -> None:
        for rule in rules:
            try:
                self._control.delete(rule)
            except FileNotFoundError:
                pass


def note_in(key: str) -> str:
    """The note in the key of a rule of hostql's; '' for any other."""
    parts = _parts(key)
    return parts[2] if parts else ""


def _is_leftover(key: str) -> bool:
    parts = _parts(key)
    return bool(parts) and _started(int(parts[0])) != parts[1]


def _parts(key: str) -> list[str]:
    """PID, START, NOTE, N."""
    name, _, rest = key.partition("-")
    parts = rest.split("-")
    return parts if name == KEY and len(parts) == 4 and parts[0].isdigit() else []


def _started(pid: int) -> str:
    """When a process was started, in ticks since boot (proc(5), stat); '' for none such."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
