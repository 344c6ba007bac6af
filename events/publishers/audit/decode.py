"""Events of system calls become rows of process_events, socket_events and process_file_events."""

from __future__ import annotations

import errno
import re

from .records import Event, arguments, fields, text
from .sockaddr import Address, parse_sockaddr
from .system_calls import SOCKETCALLS, call_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Row = tuple[Any, ...]

# Bytes of a command line that are kept.
CMDLINE = 32_768

# unlinkat(2), from linux/fcntl.h
_AT_REMOVEDIR = 0x200
# Who did it and how it ended, as every row begins.
_BY = ("time", "uptime", "pid", "ppid", "auid", "uid", "euid", "gid", "egid", "exe")
PROCESS = (
    *_BY,
    *("suid", "fsuid", "sgid", "fsgid", "parent", "path", "mode", "owner_uid", "owner_gid", "cmdline", "cmdline_size"),
    *("cwd", "overflows", "syscall", "success"),
)
SOCKET = (
    *("time", "uptime", "pid", "ppid", "auid", "uid", "exe", "action", "path", "fd", "family", "local_address"),
    *("remote_address", "local_port", "remote_port", "socket", "success", "status", "error"),
)
FILE = (
    *_BY,
    *("suid", "fsuid", "sgid", "fsgid", "operation", "executable", "partial", "cwd", "path", "dest_path"),
)

# arch=c000003e syscall=59 success=yes exit=0 a0=... a3=8 items=2 ppid=1 pid=2 auid=0 uid=0 gid=0 euid=0 suid=0 fsuid=0
# egid=0 sgid=0 fsgid=0 tty=pts0 ses=1 comm="ls" exe="/usr/bin/ls" subj=... key="..."
_CALL = re.compile(
    rb"arch=(\w+) syscall=(\d+) (?:per=\w+ )?(?:success=(\w+) exit=(-?\d+) )?a0=(\w+) .*? ?ppid=(\d+) pid=(\d+) "
    rb"auid=(\d+) uid=(\d+) gid=(\d+) euid=(\d+) suid=(\d+) fsuid=(\d+) egid=(\d+) sgid=(\d+) fsgid=(\d+) .*?"
    rb'exe=("[^"]*"|\S+)(?:.* key=("[^"]*"|\S+))?'
).search
_FILE_OF = re.compile(rb"item=0 name=(\S+) inode=\d+ dev=\S+ mode=0*(\d+) ouid=(\d+) ogid=(\d+)").search
_ITEM = re.compile(rb"item=(\d+) name=(\"[^\"]*\"|\S+)(?: .*?nametype=(\w+))?").search
_ARGUMENTS = re.compile(rb' a\d+=("[^"]*"|[0-9A-F]+)').findall

_NAMES = call_names()


class Call:
    """The SYSCALL record of an event: who called what, and how it ended."""

    __slots__ = (
        *("a0", "arch", "auid", "egid", "euid", "exe", "exit", "fsgid", "fsuid", "gid", "key", "name", "number", "pid"),
        *("ppid", "sgid", "success", "suid", "uid"),
    )
    name: str
    key: bytes | None

    def __init__(self, raw: bytes) -> None:
        """Raises ValueError where the record has no sense."""
        match = _CALL(raw)
        if match is None:
            self._from_fields(fields(raw))
        else:
            (
                arch,
                number,
                success,
                code,
                a0,
                ppid,
                pid,
                auid,
                uid,
                gid,
                euid,
                suid,
                fsuid,
                egid,
                sgid,
                fsgid,
                exe,
                self.key,
            ) = match.groups()
            self.arch, self.number, self.a0 = int(arch, 16), int(number), int(a0, 16)
            self.success = int(success == b"yes") if success else None
            self.exit = int(code) if code else None
            self.ppid, self.pid, self.auid = int(ppid), int(pid), int(auid)
            self.uid, self.gid, self.euid, self.suid = int(uid), int(gid), int(euid), int(suid)
            self.fsuid, self.egid, self.sgid, self.fsgid = int(fsuid), int(egid), int(sgid), int(fsgid)
            self.exe = exe[1:-1].decode("ascii", "backslashreplace") if exe[:1] == b'"' else text(exe)
        self.name = _NAMES.get((self.arch, self.number), "")

    def _from_fields(self, found: dict[str, bytes]) -> None:
        """The same from a record with other fields than usual, or with some missing."""
        try:
            self.arch, self.number, self.pid = int(found["arch"], 16), int(found["syscall"]), int(found["pid"])
            success, code = found.get("success"), found.get("exit")
            self.success = int(success == b"yes") if success else None
            self.exit = int(code) if code else None
            self.a0 = int(found.get("a0", b"0"), 16)
            for name in ("ppid", "auid", "uid", "gid", "euid", "suid", "fsuid", "egid", "sgid", "fsgid"):
                value = found.get(name)
                setattr(self, name, int(value) if value else None)
        except KeyError as error:
            raise ValueError(f"no {error.args[0]}") from None
        self.exe = text(found.get("exe", b""))
        self.key = found.get("key")


class Decoder:
    """Rows by table. `tables` are those wanted; `file_path` says whether a path is watched."""

    def __init__(self, tables: frozenset[str], file_path: Callable[[str], bool] = lambda path: True) -> None:
        self._processes = "process_events" in tables
        self._sockets = "socket_events" in tables
        self._files = "process_file_events" in tables
        self._watched = file_path

    def decode(self, event: Event, booted: float) -> tuple[str, tuple[str, ...], Row] | None:
        """(table, columns, row) of an event; None for one that no table wants. ValueError for one without sense.

        `booted` is the time the host was started, in Unix seconds.
        """
        call = Call(event.syscall)
        name = call.name
        when = float(event.key[: event.key.index(b":")])
        times = (int(when), int(when - booted))
        if name in ("execve", "execveat"):
            return ("process_events", PROCESS, times + _process(event, call)) if self._processes else None
        if name in _SOCKET_CALLS or (not name and event.sockaddr):
            row = _socket(event, call, name) if self._sockets else None
            return ("socket_events", SOCKET, times + row) if row else None
        if name and self._files:
            found = self._file(event, call, name)
            return ("process_file_events", FILE, times + found) if found else None
        return None

    def _file(self, event: Event, call: Call, name: str) -> Row | None:
        operation = _OPERATIONS.get(name)
        if operation is None or not call.success:
            return None
        if name == "unlinkat" and _flags(event) & _AT_REMOVEDIR:
            operation = "rmdir"
        cwd = _cwd(event)
        paths = []
        for raw in event.paths:
            match = _ITEM(raw)
            if match is not None and match.group(3) not in (b"PARENT", b"UNKNOWN"):
                paths.append((int(match.group(1)), match.group(3) or b"", resolve(cwd, text(match.group(2)))))
        paths.sort()
        names = [path for _, _, path in paths]
        if operation == "rename":
            # The file as it was goes, and comes under the new name; a file that was there goes first.
            gone = [path for _, kind, path in paths if kind == b"DELETE"]
            come = [path for _, kind, path in paths if kind == b"CREATE"]
            path, target = (gone or names or [""])[0], (come or [""])[0]
        elif operation in ("link", "symlink"):
            path = names[0] if operation == "link" and len(names) > 1 else ""
            target = names[-1] if names else ""
            if operation == "symlink":
                path, target = target, ""
        else:
            path, target = (names or [""])[-1], ""
        if not (self._watched(path) or (target and self._watched(target))):
            return None
        partial = "" if event.complete and path.startswith("/") else "true"
        return (
            *_by(call),
            *(call.suid, call.fsuid, call.sgid, call.fsgid, operation, call.exe, partial, cwd, path, target),
        )


def _flags(event: Event) -> int:
    """The third argument of the call."""
    match = re.search(rb" a2=(\w{1,16}) ", event.syscall)
    return int(match.group(1), 16) if match else 0


def resolve(folder: str, path: str) -> str:
    """The path from the root, where the folder is known; without '.', '..' and doubled slashes.

    >>> resolve("/tmp", "./a/../b"), resolve("/tmp", "/x"), resolve("", "b")
    ('/tmp/b', '/x', 'b')
    """
    from posixpath import normpath

    if not path:
        return ""
    if not path.startswith("/"):
        if not folder:
            return path
        path = f"{folder}/{path}"
    return "/" + normpath(path).lstrip("/")


def _by(call: Call) -> Row:
    return (call.pid, call.ppid, call.auid, call.uid, call.euid, call.gid, call.egid, call.exe)


def _process(event: Event, call: Call) -> Row:
    cwd = _cwd(event)
    mode = owner = group = None
    path = call.exe
    for raw in event.paths:
        match = _FILE_OF(raw)
        if match is not None:
            bits, owner, group = int(match.group(2), 8), int(match.group(3)), int(match.group(4))
            mode = f"{bits & 0o7777:04o}"
            break
    if not call.success:
        # What was to be started; `exe` is who tried.
        path = next((resolve(cwd, text(item.group(2))) for item in map(_ITEM, event.paths) if item), "")
    cmdline, size, cut = _cmdline(event)
    return (
        *_by(call),
        *(call.suid, call.fsuid, call.sgid, call.fsgid, call.ppid, path, mode or "", owner, group, cmdline, size),
        *(cwd, "cmdline" if cut else "", call.name, call.success),
    )


def _cmdline(event: Event) -> tuple[str, int | None, bool]:
    """(arguments with a space between, bytes of all of them with a zero after each, whether some are missing)."""
    records = event.execve
    if not records:
        return "", None, False
    first = records[0]
    start = first.find(b"argc=")
    if len(records) == 1 and b"_len=" not in first:
        values = _ARGUMENTS(first, max(start, 0))
        parts = [value[1:-1] if value[:1] == b'"' else bytes.fromhex(value.decode("ascii")) for value in values]
    else:
        pieces: dict[int, bytearray] = {}
        for number, piece in arguments(records):
            pieces.setdefault(number, bytearray()).extend(piece)
        parts = [bytes(pieces[number]) for number in sorted(pieces)]
    whole = b" ".join(parts)
    argc = re.match(rb"argc=(\d{1,9})", first[start : start + 16]) if start >= 0 else None
    size = sum(map(len, parts)) + len(parts)
    cut = len(whole) > CMDLINE or argc is None or int(argc.group(1)) != len(parts)
    return whole[:CMDLINE].decode("utf-8", "backslashreplace"), size, cut


def _cwd(event: Event) -> str:
    at = event.cwd.find(b"cwd=")
    return text(event.cwd[at + 4 :].split(b" ", 1)[0].rstrip(b"\0\n")) if at >= 0 else ""


def _socket(event: Event, call: Call, name: str) -> Row | None:
    action = name
    if name == "socketcall":
        action = SOCKETCALLS.get(call.a0, "")
    action = "accept" if action == "accept4" else action
    if action not in _ACTIONS:
        return None
    address = _address(event)
    if address is not None and address.family not in _FAMILIES:
        return None
    family = path = None
    local: tuple[str | None, int | None] = (None, None)
    remote = local
    if address is not None:
        family, path = address.family, address.path
        if action == "bind":
            local = (address.address, address.port)
        else:
            remote = (address.address, address.port)
    return (
        *(call.pid, call.ppid, call.auid, call.uid, call.exe, action, call.exe, _fd(event, call, action), family),
        *(local[0], remote[0], local[1], remote[1], path or "", call.success, *_outcome(call, action)),
    )


def _fd(event: Event, call: Call, action: str) -> str:
    """The descriptor of the socket: of the new connection where one was accepted."""
    if action == "accept" and call.success:
        return str(call.exit)
    if call.name == "socketcall":
        match = re.search(rb" a0=(\w{1,16})", event.socketcall)
        return str(int(match.group(1), 16)) if match else ""
    return str(call.a0)


def _outcome(call: Call, action: str) -> tuple[str, int]:
    if call.success is None or call.exit is None:
        return "", 0
    if call.success:
        return "succeeded", 0
    code = -call.exit
    if action == "connect" and code == errno.EINPROGRESS:
        return "in_progress", code
    if action == "accept" and code == errno.EAGAIN:
        return "no_client", code
    return "failed", code


def _address(event: Event) -> Address | None:
    match = re.search(rb"saddr=([0-9A-Fa-f]+)", event.sockaddr)
    if match is None:
        return None
    try:
        return parse_sockaddr(bytes.fromhex(match.group(1).decode("ascii")))
    except ValueError:
        return None


_ACTIONS = frozenset(("connect", "bind", "listen", "accept"))
_SOCKET_CALLS = frozenset((*_ACTIONS, "accept4", "socketcall"))
_FAMILIES = frozenset((1, 2, 10))
_OPERATIONS = {
    **dict.fromkeys(("open", "openat", "openat2", "creat"), "open"),
    **dict.fromkeys(("rename", "renameat", "renameat2"), "rename"),
    **dict.fromkeys(("unlink", "unlinkat"), "unlink"),
    **dict.fromkeys(("link", "linkat"), "link"),
    **dict.fromkeys(("symlink", "symlinkat"), "symlink"),
    **dict.fromkeys(("mkdir", "mkdirat"), "mkdir"),
    "rmdir": "rmdir",
    **dict.fromkeys(("truncate", "ftruncate", "truncate64", "ftruncate64"), "truncate"),
    **dict.fromkeys(("chmod", "fchmod", "fchmodat", "fchmodat2"), "chmod"),
    **dict.fromkeys(("chown", "fchown", "lchown", "fchownat", "chown32", "fchown32", "lchown32"), "chown"),
}
