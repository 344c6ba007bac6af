"""Messages of the kernel's process events connector: made and taken apart (linux/connector.h, linux/cn_proc.h)."""

from __future__ import annotations

import struct

# linux/connector.h: the index and value of process events; the index is the multicast group, too.
CN_IDX_PROC = CN_VAL_PROC = 1
# linux/cn_proc.h: what is asked for, and what happened.
LISTEN, IGNORE = 1, 2
NONE, FORK, EXEC, EXIT = 0, 0x1, 0x2, 0x80000000

_NETLINK = struct.Struct("=IHHII")
_CONNECTOR = struct.Struct("=IIIIHH")
_EVENT = struct.Struct("=IIQ")
_BODY_AT = _NETLINK.size + _CONNECTOR.size + _EVENT.size
_PAIR, _FOUR, _SIX = struct.Struct("=II"), struct.Struct("=IIII"), struct.Struct("=IIIIII")
# What happened with (thread, process): the fields that follow, and which of them are needed.
_NLMSG_DONE = 3


class Event:
    """A process event.

    what   NONE (an acknowledgement: `code` is its error number, `pid` the request's number), FORK, EXEC, EXIT; other
           kinds are not taken apart
    ns     when, on the monotonic clock
    pid    the thread, of a fork the new one
    tgid   the process, of a fork the new one
    code   of an exit: the status as wait(2) gives it
    parent of a fork and an exit: the parent process; 0 where the kernel does not say
    """

    __slots__ = ("code", "ns", "parent", "pid", "tgid", "what")

    def __init__(self, what: int, ns: int, pid: int = 0, tgid: int = 0, code: int = 0, parent: int = 0) -> None:
        self.what = what
        self.ns = ns
        self.pid = pid
        self.tgid = tgid
        self.code = code
        self.parent = parent


def request(operation: int, mask: int | None, number: int, port: int) -> bytes:
    """A message that asks for events; with a mask, for those kinds alone (Linux 6.6; older ones ignore such a message
    wholly, so that it must not be the only one). The acknowledgement bears the `number`."""
    body = struct.pack("=I", operation) if mask is None else struct.pack("=II", operation, mask)
    told = _CONNECTOR.pack(CN_IDX_PROC, CN_VAL_PROC, 0, number, len(body), 0) + body
    return _NETLINK.pack(_NETLINK.size + len(told), _NLMSG_DONE, 0, 0, port) + told


def parse(raw: bytes) -> Event | None:
    """The event in a datagram; None for one that is none, or is cut off.

    >>> head = bytes(16) + struct.pack("=IIIIHH", 1, 1, 0, 0, 40, 0)
    >>> event = parse(head + struct.pack("=IIQ", EXIT, 0, 5) + struct.pack("=IIIIII", 9, 8, 256, 17, 7, 7))
    >>> event.pid, event.tgid, event.code, event.parent
    (9, 8, 256, 7)
    >>> parse(head) is None
    True
    """
    try:
        if _PAIR.unpack_from(raw, _NETLINK.size) != (CN_IDX_PROC, CN_VAL_PROC):
            return None
        what, _, ns = _EVENT.unpack_from(raw, _NETLINK.size + _CONNECTOR.size)
        if what == EXEC:
            pid, tgid = _PAIR.unpack_from(raw, _BODY_AT)
            return Event(what, ns, pid, tgid)
        if what == EXIT:
            pid, tgid, code, _ = _FOUR.unpack_from(raw, _BODY_AT)
            # Linux 4.18 and later name the parent.
            parent = _SIX.unpack_from(raw, _BODY_AT)[5] if len(raw) >= _BODY_AT + _SIX.size else 0
            return Event(what, ns, pid, tgid, code, parent)
        if what == FORK:
            _, parent, pid, tgid = _FOUR.unpack_from(raw, _BODY_AT)
            return Event(what, ns, pid, tgid, parent=parent)
        if what == NONE:
            # The kernel puts its own count where the sequence number was, and adds one to the other.
            number = _CONNECTOR.unpack_from(raw, _NETLINK.size)[3] - 1
            return Event(what, ns, number, code=struct.unpack_from("=I", raw, _BODY_AT)[0])
        return Event(what, ns)
    except struct.error:
        return None


def exit_code(status: int) -> int:
    """The exit code of a wait(2) status as a shell tells it: 128 + signal where a signal ended the process.

    >>> exit_code(3 << 8), exit_code(9), exit_code(0x80 | 11)
    (3, 137, 139)
    """
    return 128 + (status & 0x7F) if status & 0x7F else (status >> 8) & 0xFF
