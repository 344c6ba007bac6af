"""`Call`: the SYSCALL record of an event: who called what, and how it ended."""

from __future__ import annotations

import re

from ..memo import Memo
from .records import fields, text, text_of
from .system_calls import call_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    Ids = tuple["int | None", ...]

# The columns of `Call.ids`.
IDS = ("auid", "uid", "euid", "gid", "egid", "suid", "fsuid", "sgid", "fsgid")
# arch=c000003e syscall=59 success=yes exit=0 a0=... a3=8 items=2 ppid=1 pid=2 auid=0 uid=0 gid=0 euid=0 suid=0 fsuid=0
# egid=0 sgid=0 fsgid=0 tty=pts0 ses=1 comm="ls" exe="/usr/bin/ls" subj=... key="..."
_CALL = re.compile(
    rb"(arch=\w+ syscall=\d+) (?:per=\w+ )?((?:success=\w+ exit=-?\d+ )?)a0=(\w+) a1=\w+ a2=\w+ a3=\w+ items=\d+ "
    rb"ppid=(\d+) pid=(\d+) (auid=\d+ uid=\d+ gid=\d+ euid=\d+ suid=\d+ fsuid=\d+ egid=\d+ sgid=\d+ fsgid=\d+) "
    rb'tty=\S+ ses=\d+ comm=\S+ exe=("[^"]*"|\S+)'
).search


class Call:
    """From the raw record. Raises ValueError where that has no sense.

    name     of the system call, '' for one that nobody here knows
    success  1 or 0, and what it returned in `exit`; None both where they are not told
    a0       the first argument, in hexadecimal
    ids      those of IDS, None for one that is not told
    """

    __slots__ = ("a0", "exe", "exit", "ids", "name", "pid", "ppid", "success")
    ppid: int | None

    def __init__(self, raw: bytes) -> None:
        match = _CALL(raw)
        if match is None:
            self._from_fields(fields(raw))
            return
        name, end, self.a0, ppid, pid, ids, exe = match.groups()
        self.name, self.exe, self.ids = _names[name], _texts[exe], _ids[ids]
        self.success, self.exit = _ends[end]
        self.ppid, self.pid = int(ppid), int(pid)

    def _from_fields(self, found: dict[str, bytes]) -> None:
        """The same from a record with other fields than usual, or with some missing."""
        try:
            self.name = _NAMES.get((int(found["arch"], 16), int(found["syscall"])), "")
            self.pid = int(found["pid"])
        except KeyError as error:
            raise ValueError(f"no {error.args[0]}") from None
        success, code = found.get("success"), found.get("exit")
        self.success = int(success == b"yes") if success else None
        self.exit = int(code) if code else None
        self.a0 = found.get("a0", b"0")
        self.ppid = int(found["ppid"]) if "ppid" in found else None
        self.ids = tuple(int(found[name]) if found.get(name) else None for name in IDS)
        self.exe = text_of(found, "exe")


def _name(raw: bytes) -> str:
    found = fields(b"):" + raw)
    return _NAMES.get((int(found["arch"], 16), int(found["syscall"])), "")


def _end(raw: bytes) -> tuple[int | None, int | None]:
    found = fields(b"):" + raw)
    return (int(found["success"] == b"yes"), int(found["exit"])) if found else (None, None)


def _numbers(raw: bytes) -> Ids:
    found = fields(b"):" + raw)
    return tuple(int(found[name]) for name in IDS)


_NAMES = call_names()
_names, _ends, _ids, _texts = Memo(_name), Memo(_end), Memo(_numbers), Memo(text)
