"""Events of system calls become rows of process_events, socket_events and process_file_events."""

from __future__ import annotations

import errno
import re

from ..memo import Memo
from .call import IDS, Call
from .records import Event, arguments, text
from .sockaddr import Address, parse_sockaddr
from .system_calls import SOCKETCALLS

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
_BY = ("time", "uptime", "pid", "ppid", *IDS, "exe")
PROCESS = (
    *_BY,
    *("parent", "path", "mode", "owner_uid", "owner_gid", "cmdline", "cmdline_size"),
    *("cwd", "overflows", "syscall", "success"),
)
SOCKET = (
    *("time", "uptime", "pid", "ppid", "auid", "uid", "exe", "action", "path", "fd", "family", "local_address"),
    *("remote_address", "local_port", "remote_port", "socket", "success", "status", "error"),
)
FILE = (
    *_BY,
    *("operation", "executable", "partial", "cwd", "path", "dest_path"),
)

_FILE_OF = re.compile(rb"item=0 name=\S+ inode=\d+ dev=\S+ (mode=\d+ ouid=\d+ ogid=\d+)").search
_ITEM = re.compile(rb"item=(\d+) name=(\"[^\"]*\"|\S+)(?: .*?nametype=(\w+))?").search
_ARGC = re.compile(rb"argc=(\d{1,9})").match
_ARGUMENTS = re.compile(rb' a\d+=("[^"]*"|[0-9A-F]+)').findall


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
            *(operation, call.exe, partial, cwd, path, target),
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
    return (call.pid, call.ppid, *call.ids, call.exe)


def _process(event: Event, call: Call) -> Row:
    cwd = _cwd(event)
    mode, owner, group = "", None, None
    path = call.exe
    for raw in event.paths:
        match = _FILE_OF(raw)
        if match is not None:
            mode, owner, group = _owners[match.group(1)]
            break
    if not call.success:
        # What was to be started; `exe` is who tried.
        path = next((resolve(cwd, text(item.group(2))) for item in map(_ITEM, event.paths) if item), "")
    cmdline, size, cut = _cmdline(event)
    return (
        *_by(call),
        *(call.ppid, path, mode, owner, group, cmdline, size, cwd, "cmdline" if cut else "", call.name, call.success),
    )


def _owner(raw: bytes) -> tuple[str, int, int]:
    """(mode, user, group) of a file."""
    mode, user, group = (int(part.partition(b"=")[2], base) for part, base in zip(raw.split(b" "), (8, 10, 10)))
    return f"{mode & 0o7777:04o}", user, group


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
    # With a zero in place of each space, and one at the end.
    size = len(whole) + 1 if parts else 0
    argc = _ARGC(first, start) if start >= 0 else None
    cut = size > CMDLINE + 1 or argc is None or int(argc.group(1)) != len(parts)
    return whole[:CMDLINE].decode("utf-8", "backslashreplace"), size, cut


def _cwd(event: Event) -> str:
    at = event.cwd.find(b"cwd=")
    return _folders[event.cwd[at + 4 :]] if at >= 0 else ""


def _folder(raw: bytes) -> str:
    return text(raw.split(b" ", 1)[0].rstrip(b"\0\n"))


def _socket(event: Event, call: Call, name: str) -> Row | None:
    action = name
    if name == "socketcall":
        action = SOCKETCALLS.get(int(call.a0, 16), "")
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
        *(call.pid, call.ppid, *call.ids[:2], call.exe, action, call.exe, _fd(event, call, action), family),
        *(local[0], remote[0], local[1], remote[1], path or "", call.success, *_outcome(call, action)),
    )


def _fd(event: Event, call: Call, action: str) -> str:
    """The descriptor of the socket: of the new connection where one was accepted."""
    if action == "accept" and call.success:
        return str(call.exit)
    if call.name == "socketcall":
        match = re.search(rb" a0=(\w{1,16})", event.socketcall)
        return str(int(match.group(1), 16)) if match else ""
    return str(int(call.a0, 16))


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


_owners, _folders = Memo(_owner), Memo(_folder)
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
