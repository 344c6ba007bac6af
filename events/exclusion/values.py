"""Values of an exclusion rule's fields, from JSON into the form that rules compare with.

Each function takes one value and raises ValueError, whose text says what is allowed. Nothing is guessed: a rule that
drops more than its author meant hides what hostql is there to show.
"""

from __future__ import annotations

import os

from .masks import MAPPED, SHORT_ID, is_beginning
from .rules import PathPattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from ipaddress import IPv4Network, IPv6Network
    from typing import Any

# The kernel keeps this many bytes of a command name (TASK_COMM_LEN in linux/sched.h, with its NUL).
COMM_BYTES = 15
# (uid_t) -1 is no user.
_LAST_UID = 0xFFFFFFFE
# IPPROTO_MPTCP is the largest.
_LAST_PROTOCOL = 262
_WILD = frozenset("*?[")


def network(value: Any) -> IPv4Network | IPv6Network:
    """An address or a network; an IPv4 one written as IPv6 becomes IPv4.

    >>> network("::ffff:10.0.0.0/104"), network("192.0.2.7")
    (IPv4Network('10.0.0.0/8'), IPv4Network('192.0.2.7/32'))
    """
    from ipaddress import IPv4Address, IPv4Network, ip_interface

    allowed = 'an address ("192.0.2.7", "2001:db8::1") or a network ("10.0.0.0/8", "fd00::/8")'
    if not isinstance(value, str):
        raise ValueError(allowed)
    try:
        given = ip_interface(value.strip())
    except ValueError:
        raise ValueError(allowed) from None
    found = given.network
    if given.ip != found.network_address:
        raise ValueError(
            f'a network whose bits behind the prefix are 0: "{found}" for all of it, "{given.ip}" for the address'
        )
    first = int(found.network_address)
    if found.version == 6 and found.prefixlen >= 96 and first >> 32 << 32 == MAPPED:
        return IPv4Network((IPv4Address(first & 0xFFFFFFFF), found.prefixlen - 96))
    return found


def port(value: Any) -> tuple[int, int]:
    """A port, or a range of them.

    >>> port(53), port("53"), port("8000-8100")
    ((53, 53), (53, 53), (8000, 8100))
    """
    allowed = 'a port from 0 to 65535 (53) or a range ("8000-8100")'
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ValueError(allowed)
    low, dash, high = str(value).partition("-")
    first = _number(low, 65535)
    last = _number(high, 65535) if dash else first
    if first is None or last is None:
        raise ValueError(allowed)
    if first > last:
        raise ValueError(f'a range from the lower port to the higher: "{last}-{first}"')
    return first, last


def protocol(value: Any) -> int:
    """A protocol by name or number.

    >>> protocol("tcp"), protocol("UDP"), protocol(132)
    (6, 17, 132)
    """
    names = protocols()
    if isinstance(value, str) and value.lower() in names:
        return names[value.lower()]
    number = None if isinstance(value, bool) else _number(value, _LAST_PROTOCOL)
    if not number:
        raise ValueError(f"a protocol's number from 1 to {_LAST_PROTOCOL} or its name: {', '.join(sorted(names))}")
    return number


def protocols() -> dict[str, int]:
    """The protocols with names, as linux/in.h has them."""
    import socket

    # Not those that are headers within IPv6, and not the socket layer's own words.
    without = ("IP", "RAW", "NONE", "HOPOPTS", "ROUTING", "FRAGMENT", "DSTOPTS", "IPV6")
    found = {
        name[8:].lower(): int(value)
        for name, value in vars(socket).items()
        if name.startswith("IPPROTO_") and name[8:] not in without
    }
    return {**found, "mptcp": 262}


def user(value: Any) -> int:
    """A user by id or name, as this host knows it."""
    import pwd

    number = None if isinstance(value, bool) else _number(value, _LAST_UID)
    if number is not None:
        return number
    if isinstance(value, str) and value and not value.isdigit():
        try:
            return pwd.getpwnam(value).pw_uid
        except (KeyError, ValueError):
            raise ValueError("the id of a user, or the name of one that this host knows") from None
    raise ValueError(f"a user's name, or an id from 0 to {_LAST_UID}")


def comm(value: Any) -> str:
    """A command name as the kernel keeps it."""
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError('a command name ("sshd")')
    raw = os.fsencode(value)
    if len(raw) > COMM_BYTES:
        kept = raw[:COMM_BYTES].decode("utf-8", "ignore")
        raise ValueError(f'at most {COMM_BYTES} bytes, of longer names the kernel keeps these alone: "{kept}"')
    return value


def path(value: Any) -> PathPattern:
    """An absolute path, a directory with all below it, or a glob.

    >>> [(found.kind, found.text) for found in map(path, ("/usr/bin/x", "/usr/lib/", "/usr/lib/**", "/opt/*/bin/"))]
    [('exact', '/usr/bin/x'), ('prefix', '/usr/lib'), ('prefix', '/usr/lib'), ('glob', '/opt/*/bin/**')]
    """
    if not isinstance(value, str) or not value.startswith("/") or "\0" in value:
        raise ValueError('an absolute path ("/usr/bin/rsync"), a directory ("/usr/lib/") or a glob ("/opt/*/bin/*")')
    all_below = value.endswith(("/", "/**"))
    text = value[: -3 if value.endswith("/**") else -1] if all_below else value
    if not text or not text.strip("/*"):
        raise ValueError('a path that not every one is; leave the field out, or write "all": true')
    plain = os.path.normpath(text).replace("//", "/")
    if plain != text:
        raise ValueError(f'a path as the kernel tells it, "{plain}{"/" if all_below else ""}"')
    if _WILD.isdisjoint(text):
        return PathPattern("prefix" if all_below else "exact", text)
    if "[" in text and not _classes_are_closed(text):
        raise ValueError('a glob whose classes are closed; "[[]" is the character itself')
    return PathPattern("glob", text + "/**" if all_below else text)


def cgroup(value: Any) -> str:
    """A control group's path, below the hierarchy's root."""
    if not isinstance(value, str) or not value.startswith("/") or "\0" in value:
        raise ValueError('the path of a control group ("/system.slice/backup.service"); those below it are meant too')
    text = value[:-3] if value.endswith("/**") else value.rstrip("/")
    if not text:
        raise ValueError("a control group below the root, which holds everything")
    if "*" in text or "?" in text:
        raise ValueError("a path without wildcards; those below it are meant in any case")
    if text.startswith("/sys/fs/cgroup/"):
        raise ValueError(f'a path as /proc/PID/cgroup tells it: "{text[14:]}"')
    return text


def container(value: Any) -> str:
    """A container's id, its first 12 digits or more, a name where the runtime has no ids, or `*` for any."""
    if not isinstance(value, str) or not value or "\0" in value or "/" in value:
        raise ValueError(f'a container\'s id, its first {SHORT_ID} digits or more, a name (LXC, nspawn) or "*" for any')
    if is_beginning(value.lower()):
        return value.lower()
    if value != "*" and not _WILD.isdisjoint(value):
        raise ValueError('an id or a name without wildcards, or "*" for any container')
    return value


def truth(value: Any) -> bool:
    """Whether a call succeeded."""
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


PARSERS: dict[str, Callable[[Any], Any]] = {
    "cidr": network,
    "port": port,
    "protocol": protocol,
    "path": path,
    "parent_path": path,
    "comm": comm,
    "uid": user,
    "cgroup": cgroup,
    "container": container,
    "success": truth,
}


def spelled(value: Any) -> Any:
    """A value as it stands in a rule's source: the same for all spellings of it."""
    if isinstance(value, PathPattern):
        return value.text + "/" if value.kind == "prefix" else value.text
    if isinstance(value, tuple):
        return value[0] if value[0] == value[1] else f"{value[0]}-{value[1]}"
    if isinstance(value, (bool, int, str)):
        return value
    return str(value.network_address) if value.prefixlen == value.max_prefixlen else str(value)


def _number(value: Any, last: int) -> int | None:
    if isinstance(value, str):
        if not (value.isascii() and value.isdigit()) or len(value) > 10:
            return None
        value = int(value)
    return value if isinstance(value, int) and 0 <= value <= last else None


def _classes_are_closed(glob: str) -> bool:
    at = glob.find("[")
    while at >= 0:
        start = at + 2 if glob[at + 1 : at + 2] in ("!", "]") else at + 1
        end = glob.find("]", max(start, at + 2))
        if end < 0 or "/" in glob[at:end]:
            return False
        at = glob.find("[", end)
    return True
