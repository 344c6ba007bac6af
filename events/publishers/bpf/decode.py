"""Records of the BPF programs (`programs/records.h`) into rows of event tables."""

from __future__ import annotations

import struct
from socket import AF_INET, AF_INET6, inet_ntop

from ....vtables.sources.containers import container_of
from ....vtables.sources.procfs import parse_cmdline
from ....vtables.sources.text import decode
from ...table import CONTEXT
from ..memo import Memo
from .ring import HEADER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ...context import Context

    Row = tuple[Any, ...]

EXEC, EXIT = 1, 2
# kind, cut, time; auid and the eight ids; mode, owner's ids; counts and sizes, system call; lengths; who
_EXEC = struct.Struct("<IIQ9I3I4I4H")
_WHO = struct.Struct("<QIIHHI160s")
_EXIT = struct.Struct("<IIQQi4x")
# The header of the ring, then time, program, pid, uid, auid, fd, result, action, protocol, and port and address twice.
SOCKET = struct.Struct(f"<I{HEADER - 4}xQQIIIiiHHH18sH18s")
_EXEC_SIZE = 272
assert (_WHO.size, _EXEC.size + _WHO.size, _EXIT.size, SOCKET.size - HEADER) == (184, _EXEC_SIZE, 32, 80)
# time, program; pid, operation, cut; auid and the eight ids; lengths; the texts follow
_FILE = struct.Struct("<QQ3I9I3H2x")
assert _FILE.size == 72
# time, program, pid, uid, port and address of the server; the query follows
_DNS = struct.Struct("<QQIIH18s4x")
assert _DNS.size == 48
_PARENT = struct.Struct("<I16s")

PROCESS_COLUMNS = (
    *("path", "cmdline", "cwd", "pid", "parent", "auid", "uid", "euid", "suid", "fsuid", "gid", "egid", "sgid"),
    *("fsgid", "mode", "owner_uid", "owner_gid", "env_count", "env_size", "cmdline_size", "overflows", "time"),
    *("uptime", "syscall", "success", *CONTEXT),
)
SOCKET_COLUMNS = (
    *("action", "pid", "path", "fd", "auid", "family", "protocol", "local_address", "local_port", "remote_address"),
    *("remote_port", "time", "uptime", "success", "status", "error", "uid", *CONTEXT),
)

DNS_COLUMNS = ("pid", "name", "type", "server_address", "server_port", "time", "uptime", "uid", *CONTEXT)

FILE_COLUMNS = (
    *("operation", "pid", "path", "dest_path", "executable", "partial", "cwd", "auid", "uid", "euid", "suid", "fsuid"),
    *("gid", "egid", "sgid", "fsgid", "time", "uptime", *CONTEXT),
)

# Types of records, of the registry of DNS parameters (IANA).
_TYPES = {
    1: "A",
    2: "NS",
    5: "CNAME",
    6: "SOA",
    12: "PTR",
    15: "MX",
    16: "TXT",
    28: "AAAA",
    33: "SRV",
    35: "NAPTR",
    43: "DS",
    46: "RRSIG",
    48: "DNSKEY",
    52: "TLSA",
    64: "SVCB",
    65: "HTTPS",
    255: "ANY",
    257: "CAA",
}
OPERATIONS = ("", *"open rename unlink link symlink mkdir rmdir truncate chmod chown".split())
_CUT_PATH, _GIVEN = 1, 4
_CUT = ("", "path", "cmdline", "path,cmdline")
# execveat(2) on x86-64, on arm64 and for 32-bit programs. 281 is another call on x86-64, but none that starts programs.
_EXECVEAT = frozenset((322, 281, 358))
_ACTIONS = ("", "connect", "bind", "listen", "accept")
_SECOND = 1_000_000_000
_EAGAIN, _EINPROGRESS = 11, 115


def _address(raw: bytes) -> tuple[int, str | None]:
    """The family and the text of an endpoint's family and address; (0, None) where there is no endpoint."""
    family = int.from_bytes(raw[:2], "little")
    if family == AF_INET:
        return family, inet_ntop(AF_INET, raw[2:6])
    return (family, inet_ntop(AF_INET6, raw[2:])) if family == AF_INET6 else (0, None)


def _ancestors(raw: bytes) -> str:
    return " ← ".join([f"{decode(comm.partition(bytes(1))[0])} ({pid})" for pid, comm in _PARENT.iter_unpack(raw)])


def _cgroup(raw: bytes) -> tuple[str, str, str]:
    path = decode(raw)
    return (path, *container_of(path))


_addresses = Memo(_address)
_chains = Memo(_ancestors)
_cgroups = Memo(_cgroup)


def who(raw: bytes, at: int = 0, text: int = _WHO.size) -> tuple[int, int, Context, int]:
    """(program number, pid, context, where the texts go on) of a `struct who` at `at` with its texts at `text`."""
    program, pid, ppid, exe, cgroup, parents, chain = _WHO.unpack_from(raw, at)
    end = text + exe
    context = (
        decode(raw[text:end]),
        ppid,
        _chains[chain[: _PARENT.size * parents]],
        *_cgroups[raw[end : end + cgroup]],
    )
    return program, pid, context, end + cgroup


def exec_row(raw: bytes, offset: int) -> Row:
    """A row of PROCESS_COLUMNS. `offset` is what makes wall-clock nanoseconds of those since boot."""
    (_, cut, time, *ids, mode, owner, group, env_count, env_size, size, call, path, cwd, arguments, _) = (
        _EXEC.unpack_from(raw)
    )
    _, pid, context, at = who(raw, _EXEC.size, _EXEC_SIZE)
    # In the record's order: working directory, path, arguments.
    path_at = at + cwd
    arguments_at = path_at + path
    return (
        decode(raw[path_at:arguments_at]),
        parse_cmdline(raw[arguments_at : arguments_at + arguments]),
        decode(raw[at:path_at]),
        pid,
        context[1],
        *ids,
        f"{mode & 0o7777:04o}" if mode else "",
        owner,
        group,
        env_count,
        env_size,
        size,
        _CUT[cut],
        (time + offset) // _SECOND,
        time // _SECOND,
        "execveat" if call in _EXECVEAT else "execve",
        1,
        *context,
    )


def exit_row(raw: bytes) -> tuple[int, int, int]:
    """(exit code, duration in ms, pid)."""
    _, pid, _, lived, code = _EXIT.unpack(raw)
    signal = code & 0x7F
    return (128 + signal if signal else code >> 8 & 0xFF, lived // 1_000_000, pid)


def _failure(result: int, action: int) -> tuple[int, str, int]:
    if result == -_EINPROGRESS:
        return 0, "in_progress", -result
    if result == -_EAGAIN and _ACTIONS[action] == "accept":
        return 0, "no_client", -result
    return 0, "failed", -result


def socket_rows(
    records: list[tuple[Any, ...]], programs: dict[int, Context], unknown: Callable[[int], Context], offset: int
) -> list[Row]:
    """Rows of SOCKET_COLUMNS of SOCKET records. `programs` tells who each number is, `unknown` asks by pid."""
    rows: list[Row] = []
    add, find, texts, actions = rows.append, programs.get, _addresses, _ACTIONS
    # Written for speed: two tuples put together are a third faster than one unpacked into the other, and there is a
    # division only where another second begins.
    low = high = now = uptime = 0
    for _, time, program, pid, uid, auid, fd, result, action, protocol, port, local, remote_port, remote in records:
        context = find(program) or unknown(pid)
        if not low <= time < high:
            uptime, now = time // _SECOND, (time + offset) // _SECOND
            low = max(uptime * _SECOND, now * _SECOND - offset)
            high = min((uptime + 1) * _SECOND, (now + 1) * _SECOND - offset)
        family, here = texts[local]
        other, there = texts[remote]
        if result >= 0:
            success, status, error = 1, "succeeded", 0
        else:
            success, status, error = _failure(result, action)
        row = (
            actions[action],
            pid,
            context[0],
            fd,
            auid,
            family or other,
            protocol or None,
            here,
            port if family else None,
            there,
            remote_port if other else None,
            now,
            uptime,
            success,
            status,
            error,
            uid,
        )
        add(row + context)
    return rows


def dns_row(raw: bytes, programs: dict[int, Context], unknown: Callable[[int], Context], offset: int) -> Row:
    """A row of DNS_COLUMNS. ValueError for what is no query."""
    time, program, pid, uid, port, server = _DNS.unpack_from(raw)
    name, type = question(raw[_DNS.size :])
    context = programs.get(program) or unknown(pid)
    here = (time + offset) // _SECOND
    return (pid, name, type, _addresses[server][1], port, here, time // _SECOND, uid, *context)


def file_row(
    raw: bytes,
    programs: dict[int, Context],
    unknown: Callable[[int], Context],
    offset: int,
    resolve: Callable[[str], str],
) -> Row:
    """A row of FILE_COLUMNS. `resolve` follows the symbolic links that a name was given with."""
    time, program, pid, operation, cut, *ids, cwd, path, target = _FILE.unpack_from(raw)
    context = programs.get(program) or unknown(pid)
    path_end = _FILE.size + path
    target_end = path_end + target
    name, new_name = decode(raw[_FILE.size : path_end]), decode(raw[path_end:target_end])
    if cut & _GIVEN:
        name, new_name = resolve(name), resolve(new_name)
    return (
        OPERATIONS[operation],
        pid,
        name,
        new_name,
        context[0],
        "true" if cut & _CUT_PATH else "",
        decode(raw[target_end : target_end + cwd]),
        *map(str, ids),
        (time + offset) // _SECOND,
        time // _SECOND,
        *context,
    )


def question(query: bytes) -> tuple[str, str]:
    """Name and type of the first question of a DNS message (RFC 1035, 4.1). ValueError where there is none.

    >>> question(bytes.fromhex("1234 0100 0001 0000 0000 0000") + b"\\7example\\3com\\0" + bytes([0, 28, 0, 1]))
    ('example.com', 'AAAA')
    """
    labels, at = [], 12
    while at < len(query) and query[at]:
        length = query[at]
        if length > 63:
            raise ValueError("a compressed name in a question")
        labels.append(query[at + 1 : at + 1 + length])
        at += 1 + length
    if query[4:6] in (b"", bytes(2)) or at + 5 > len(query):
        raise ValueError("no question")
    number = int.from_bytes(query[at + 1 : at + 3], "big")
    return decode(b".".join(labels)), _TYPES.get(number, str(number))
