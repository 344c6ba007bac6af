"""Records that are an event by themselves: of users, SELinux, AppArmor and seccomp."""

from __future__ import annotations

import re

from .record_types import name_of
from .records import decoded, fields, text_of
from .system_calls import call_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Row = tuple[Any, ...]

USER = (
    *("time", "uptime", "uid", "auid", "pid", "message", "type", "path", "exe", "address", "terminal", "type_name"),
    *("account", "success"),
)
SELINUX = ("time", "uptime", "type", "message")
_APPARMOR_TEXT = (
    *("apparmor", "operation", "profile", "name", "comm", "denied_mask", "capname", "requested_mask", "info", "error"),
    *("namespace", "label"),
)
_APPARMOR_NUMBERS = ("parent", "pid", "fsuid", "ouid", "capability")
APPARMOR = (*SELINUX, *_APPARMOR_TEXT, *_APPARMOR_NUMBERS)
SECCOMP = (
    *("time", "uptime", "auid", "uid", "gid", "ses", "pid", "comm", "exe", "sig", "arch", "syscall", "compat", "ip"),
    "code",
)

_AVC, _USER_AVC, _SECCOMP = 1400, 1107, 1326
# User space reports more than logins: services, SELinux decisions (to their own table), software updates.
_USERS = frozenset({1005, 1006, *range(1100, 1107), *range(1108, 1130), *range(1132, 1138), *range(2100, 2106)})
_SELINUX = frozenset({*range(1400, 1420), _USER_AVC, 1122, *range(2300, 2314)})
_APPARMOR = range(1500, 1508)

# SECCOMP_RET_* of linux/seccomp.h, without the data in the lower half.
_CODES = {
    0x80000000: "KILL_PROCESS", 0x00000000: "KILL_THREAD", 0x00030000: "TRAP", 0x00050000: "ERRNO",
    0x7FC00000: "USER_NOTIF", 0x7FF00000: "TRACE", 0x7FFC0000: "LOG", 0x7FFF0000: "ALLOW",
}  # fmt: skip
# AUDIT_ARCH_* of linux/audit.h.
_ARCHITECTURES = {
    0xC000003E: "x86_64", 0x40000003: "i386", 0xC00000B7: "aarch64", 0x40000028: "arm", 0xC00000F3: "riscv64",
    0x80000016: "s390x", 0xC0000015: "ppc64le",
}  # fmt: skip
# AppArmor's reports begin with it: the kernel's, and those of dbus-daemon inside a message of user space.
_OF_APPARMOR = re.compile(rb"\):(?: .*? msg='|\s*)apparmor=\"", re.DOTALL).match


class MessageDecoder:
    """Rows by table, of the tables wanted."""

    def __init__(self, tables: frozenset[str]) -> None:
        self._users = "user_events" in tables
        self._selinux = "selinux_events" in tables
        self._apparmor = "apparmor_events" in tables
        self._seccomp = "seccomp_events" in tables

    def wants(self, kind: int) -> bool:
        """Whether a record of this type may become a row."""
        return (
            (self._users and kind in _USERS)
            or (self._seccomp and kind == _SECCOMP)
            or ((self._selinux or self._apparmor) and kind in _SELINUX)
            or (self._apparmor and kind in _APPARMOR)
        )

    def decode(self, kind: int, key: bytes, raw: bytes, booted: float) -> tuple[str, tuple[str, ...], Row] | None:
        """(table, columns, row) of a record; None for one that no table wants. ValueError for one without sense."""
        when = float(key[: key.index(b":")])
        times = (int(when), int(when - booted))
        if kind in _USERS:
            return ("user_events", USER, times + _user(kind, raw)) if self._users else None
        if kind == _SECCOMP:
            return ("seccomp_events", SECCOMP, times + _seccomp(raw)) if self._seccomp else None
        if kind in _APPARMOR or (kind in _SELINUX and _OF_APPARMOR(raw, raw.index(b"):"))):
            return ("apparmor_events", APPARMOR, times + _apparmor(kind, raw)) if self._apparmor else None
        if kind in _SELINUX and self._selinux:
            return "selinux_events", SELINUX, (*times, name_of(kind), decoded(_words(raw)))
        return None


def _words(raw: bytes) -> str:
    """The record's own words: all after its head."""
    return raw[raw.index(b"):") + 2 :].strip(b" \0\n").decode("utf-8", "backslashreplace")


def _number(value: bytes | None, base: int = 10) -> int | None:
    if value is None:
        return None
    try:
        return int(value, base)
    except ValueError:
        return None


def _parts(raw: bytes) -> tuple[bytes, bytes | None]:
    """The kernel's part of a record, and the message of user space in it; None for a record without one.

    Nothing in the message is escaped, and names that others choose stand in it: it ends at the record's last quote, or
    with a record that was cut.

    >>> _parts(b"audit(1.0:2): pid=7 msg='acct=a'pid=x res=failed'")
    (b'audit(1.0:2): pid=7', b"acct=a'pid=x res=failed")
    >>> _parts(b"audit(1.0:2): pid=7 msg='acct=ali"), _parts(b"audit(1.0:2): pid=7")
    ((b'audit(1.0:2): pid=7', b'acct=ali'), (b'audit(1.0:2): pid=7', None))
    """
    outer, found, inner = raw.partition(b"\x1d")[0].rstrip(b" \0\n").partition(b" msg='")
    return outer, (inner[:-1] if inner.endswith(b"'") else inner) if found else None


def _user(kind: int, raw: bytes) -> Row:
    outer, inner = _parts(raw)
    # The report's own fields do not overrule what the kernel says of who sent it.
    found = {**fields(b"):" + (inner or b"")), **fields(outer)}
    result = found.get("res", b"")
    success = 1 if result in (b"success", b"1", b"yes") else 0 if result else None
    exe = text_of(found, "exe")
    address = text_of(found, "addr") or text_of(found, "hostname")
    account = text_of(found, "acct") or text_of(found, "id")
    words = _words(raw) if inner is None else inner.decode("utf-8", "backslashreplace")
    return (
        *(_number(found.get("uid")), _number(found.get("auid")), _number(found.get("pid")), words, kind, exe, exe),
        *(address, text_of(found, "terminal" if "terminal" in found else "tty"), name_of(kind), account, success),
    )


def _apparmor(kind: int, raw: bytes) -> Row:
    outer, inner = _parts(raw)
    # dbus-daemon reports others: the process is the one that it names, not dbus-daemon.
    found = fields(outer) if inner is None else fields(b"):" + inner)
    name = text_of(found, "apparmor")
    type_name = f"APPARMOR_{name}" if kind in (_AVC, _USER_AVC) and name else name_of(kind)
    return (
        *(type_name, _words(raw)),
        *(text_of(found, column) if column in found else None for column in _APPARMOR_TEXT),
        *(_number(found.get(column)) for column in _APPARMOR_NUMBERS),
    )


def _seccomp(raw: bytes) -> Row:
    found = fields(raw)
    arch = _number(found.get("arch"), 16) or 0
    code = _number(found.get("code"), 0)
    return (
        *(_number(found.get(name)) for name in ("auid", "uid", "gid", "ses")),
        *(
            _number(found.get("pid")),
            text_of(found, "comm"),
            text_of(found, "exe"),
            _number(found.get("sig")),
        ),
        *(
            _ARCHITECTURES.get(arch, f"{arch:x}"),
            _call_name(arch, _number(found.get("syscall"))),
        ),
        *(_number(found.get("compat")), text_of(found, "ip")),
        "" if code is None else _CODES.get(code & 0xFFFF0000, f"{code:#x}"),
    )


def _call_name(arch: int, number: int | None) -> str:
    """The name of any system call of this host, by libaudit where it is installed."""
    if number is None:
        return ""
    known = call_names().get((arch, number))
    return known or _libaudit_name(arch, number) or str(number)


def _libaudit_name(arch: int, number: int) -> str:
    import ctypes

    try:
        library = ctypes.CDLL("libaudit.so.1")
    except OSError:
        return ""
    library.audit_syscall_to_name.restype = ctypes.c_char_p
    machine = library.audit_elf_to_machine(ctypes.c_uint(arch))
    found: bytes | None = library.audit_syscall_to_name(number, machine) if machine >= 0 else None
    return found.decode("ascii", "replace") if found else ""
