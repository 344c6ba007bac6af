"""Talking to the kernel's audit by netlink(7): status, rules, and the sockets that records arrive on.

The shapes are those of linux/audit.h; who may do what is in kernel/audit.c (audit_netlink_ok).
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import sys

from ...publisher import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PROTOCOL = 9
READLOG = 1
HEADER = 16

_HEADER = struct.Struct("=IHHII")
_REQUEST, _ACK = 0x1, 0x4
_ERROR, _DONE = 2, 3
_GET, _SET = 1000, 1001
_ADD_RULE, _DELETE_RULE, _LIST_RULES = 1011, 1012, 1013
_SO_RCVBUFFORCE, _SO_ATTACH_FILTER = 33, 26
# Bytes of kernel memory that records may wait in: one costs about 950, so this is some 2,900 programs started.
RECEIVE_BUFFER = 16 << 20
# Seconds to wait for an answer; the kernel answers within the call.
_PATIENCE = 5.0

_FIELDS = (
    *("mask", "enabled", "failure", "pid", "rate_limit", "backlog_limit", "lost", "backlog", "features"),
    *("backlog_wait_time", "backlog_wait_time_actual"),
)
# What Status is made of.
_READ = ("enabled", "pid", "lost", "backlog_limit", "backlog_wait_time")
# Bits of `mask`: which fields AUDIT_SET is to change.
_SETTABLE = {"enabled": 1, "failure": 2, "pid": 4, "rate_limit": 8, "backlog_limit": 0x10, "backlog_wait_time": 0x20}


class Status:
    """Audit's state: `enabled` 0, 1 or 2 (locked until the next boot), `pid` of the daemon or 0, `lost` records since
    boot, `backlog_limit` records that may wait for the daemon, `backlog_wait_time` that callers wait then (ticks)."""

    __slots__ = ("backlog_limit", "backlog_wait_time", "enabled", "lost", "pid")

    def __init__(self, enabled: int, pid: int, lost: int, backlog_limit: int, backlog_wait_time: int) -> None:
        self.enabled = enabled
        # The kernel notices that its daemon died when it has a record for it.
        self.pid = pid if pid and os.path.exists(f"/proc/{pid}") else 0
        self.lost = lost
        self.backlog_limit = backlog_limit
        self.backlog_wait_time = backlog_wait_time


class Control:
    """A socket for requests and their answers. Raises OSError as the kernel refuses."""

    def __init__(self, link: socket.socket | None = None) -> None:
        self._link = link if link is not None else connect()
        self._link.settimeout(_PATIENCE)
        self._sequence = 0

    def status(self) -> Status:
        """What audit's state is."""
        for kind, payload in self._ask(_GET, b"", _REQUEST):
            if kind == _GET:
                values = dict(zip(_FIELDS, struct.unpack_from(f"={min(len(payload) // 4, len(_FIELDS))}I", payload)))
                return Status(*(values.get(name, 0) for name in _READ))
        raise OSError(errno.EPROTO, "audit gave no status")

    def set(self, **values: int) -> None:
        """Change fields of the state: enabled, pid, backlog_limit, backlog_wait_time."""
        given = dict.fromkeys(_FIELDS, 0)
        given.update(values, mask=sum(_SETTABLE[name] for name in values))
        self._do(_SET, struct.pack(f"={len(_FIELDS)}I", *given.values()))

    def rules(self) -> list[bytes]:
        """All rules, as `struct audit_rule_data`."""
        return [payload for kind, payload in self._ask(_LIST_RULES, b"") if kind == _LIST_RULES]

    def add(self, rule: bytes) -> None:
        """Add a rule after those there are. FileExistsError for one there is."""
        self._do(_ADD_RULE, rule)

    def delete(self, rule: bytes) -> None:
        """Take a rule out. FileNotFoundError for one there is not."""
        self._do(_DELETE_RULE, rule)

    def close(self) -> None:
        self._link.close()

    def _do(self, kind: int, body: bytes) -> None:
        for _ in self._ask(kind, body):
            pass

    def _ask(self, kind: int, body: bytes, flags: int = _REQUEST | _ACK) -> Iterator[tuple[int, bytes]]:
        self._sequence += 1
        length = _HEADER.size + len(body)
        self._link.send(_HEADER.pack(length, kind, flags, self._sequence, 0) + body + bytes(-length % 4))
        while True:
            data = self._link.recv(1 << 16)
            length, answer, _, sequence, _ = _HEADER.unpack_from(data)
            if sequence != self._sequence or answer >= 1100:
                continue
            if answer == _DONE:
                return
            if answer == _ERROR:
                code = -int.from_bytes(data[HEADER : HEADER + 4], sys.byteorder, signed=True)
                if code:
                    raise OSError(code, os.strerror(code))
                # A list of rules is acknowledged before it begins.
                if kind == _LIST_RULES:
                    continue
                return
            yield answer, data[HEADER:length]
            if kind == _GET:
                return


def connect(groups: int = 0) -> socket.socket:
    """A socket to audit, listening to the multicast groups of this mask. Raises Unavailable with the reason."""
    try:
        link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, PROTOCOL)
    except OSError as error:
        if error.errno in (errno.EPROTONOSUPPORT, errno.EAFNOSUPPORT):
            raise Unavailable("this kernel was built without audit", "use a kernel with CONFIG_AUDIT") from None
        raise Unavailable(f"audit cannot be reached: {error.strerror}") from None
    try:
        link.bind((0, groups))
    except OSError as error:
        link.close()
        if error.errno in (errno.EPERM, errno.EACCES):
            raise Unavailable("listening to audit needs the capability CAP_AUDIT_READ", "run hostql as root") from None
        raise Unavailable(f"audit's records cannot be listened to: {error.strerror}") from None
    return link


def listen(groups: int, dropped: Iterable[int] = ()) -> socket.socket:
    """A socket that records arrive on, with a large buffer; those of the types `dropped` never enter it."""
    link = connect(groups)
    link.setblocking(False)
    try:
        link.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, RECEIVE_BUFFER)
    except PermissionError:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    types = tuple(dropped)
    if types:
        _attach(link, types)
    return link


def refused(error: OSError) -> Unavailable:
    """Why audit does not let us change or read its state."""
    if error.errno == errno.ECONNREFUSED:
        if _in_user_namespace():
            return Unavailable(
                "audit answers only in the initial user namespace", "run hostql outside of the container"
            )
        return Unavailable("audit was switched off when the kernel started (audit=0)", "boot without audit=0")
    if error.errno in (errno.EPERM, errno.EACCES):
        if os.geteuid() == 0:
            return Unavailable(
                "audit refused: it needs the capability CAP_AUDIT_CONTROL in the initial process namespace",
                "run hostql outside of the container, or give it CAP_AUDIT_CONTROL and CAP_AUDIT_READ",
            )
        return Unavailable("changing audit's rules needs the capability CAP_AUDIT_CONTROL", "run hostql as root")
    if isinstance(error, TimeoutError):
        return Unavailable("audit did not answer")
    return Unavailable(f"audit refused: {error.strerror or error}")


def _in_user_namespace() -> bool:
    """Whether this process sees other user ids than the host does (user_namespaces(7))."""
    try:
        with open("/proc/self/uid_map", encoding="ascii") as file:
            return file.read().split() != ["0", "0", "4294967295"]
    except OSError:
        return False


def _attach(link: socket.socket, types: tuple[int, ...]) -> None:
    """Attach a classic BPF program (linux/filter.h) that drops messages by the type in their header."""
    import ctypes

    def instruction(code: int, yes: int, no: int, value: int) -> bytes:
        return struct.pack("=HBBI", code, yes, no, value)

    # BPF loads in network byte order, the header is in the host's.
    numbers = [int.from_bytes(kind.to_bytes(2, sys.byteorder), "big") for kind in types]
    program = instruction(0x28, 0, 0, 4)
    for i, number in enumerate(numbers):
        program += instruction(0x15, len(numbers) - i, 0, number)
    program += instruction(0x06, 0, 0, 0xFFFFFFFF) + instruction(0x06, 0, 0, 0)
    held = ctypes.create_string_buffer(program)
    link.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("@HP", len(program) // 8, ctypes.addressof(held)))
