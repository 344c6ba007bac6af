"""Processes in /proc: the kernel's text parsed (proc(5)), apart from reading it."""

from __future__ import annotations

import errno
import os

from .hidepid import note_hidden
from .text import decode, integer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import TypeVar

    from ..scan import Scan
    from .host import Host

    T = TypeVar("T")

# USER_HZ: the unit of times in /proc/PID/stat.
TICKS = os.sysconf("SC_CLK_TCK")
_PIECE = 1 << 16
_DENIED = (errno.EACCES, errno.EPERM)
# A descriptor that was closed since the directory was read, or a process that has ended since.
_CLOSED = (errno.ENOENT, errno.ESRCH)
PAGE = os.sysconf("SC_PAGE_SIZE")


def pids(names: Iterable[str]) -> list[int]:
    """The processes there are by the names in /proc, in the order of their numbers."""
    return sorted([int(name) for name in names if name.isdigit() and name.isascii() and len(name) < 11])


def chosen(scan: Scan, asked: Iterable[object] | None) -> Iterable[int]:
    """The processes asked for, all where none are named.

    /proc/PID leads to threads too, though it lists none: who asks for a thread's id gets no row. What /proc hides is
    a note.
    """
    note_whose(scan)
    note_hidden(scan)
    if asked is None:
        return pids(scan.host.listdir("/proc"))
    return (pid for pid in asked if isinstance(pid, int) and pid > 0 and _leads(scan.host, pid))


def note_whose(scan: Scan) -> None:
    """TableUnavailable where a root has no processes; a note where they are not its own (a chroot with /proc in it)."""
    scan.host.only_with("/proc")
    if scan.host.own_processes:
        scan.note(f"/proc of {scan.host.root or 'this root'} is that of this host: so are the processes")


def _leads(host: Host, pid: int) -> bool:
    """Whether a process has this id, not one of its threads."""
    try:
        return b"\nTgid:\t%d\n" % pid in host.read_once(f"/proc/{pid}/status")
    except PermissionError:
        # Mounted with hidepid=noaccess.
        return pid in pids(host.listdir("/proc"))
    except OSError:
        return False


def parse_stat(raw: bytes) -> tuple[bytes, list[bytes]]:
    """/proc/PID/stat as (comm, the fields from `state` on); comm may hold spaces and parentheses itself.

    ValueError for what is no such line.

    >>> parse_stat(b"7 (a) b) S 1 7 7 0")
    (b'a) b', [b'S', b'1', b'7', b'7', b'0'])
    """
    start, end = raw.index(b"("), raw.rindex(b")")
    return raw[start + 1 : end], raw[end + 2 :].split()


def parse_fields(raw: bytes) -> dict[bytes, bytes]:
    r"""Lines of `Key: value` (/proc/PID/status, /proc/PID/io, /proc/meminfo) by key.

    >>> parse_fields(b"Uid:\t0\t0\t0\t0\nVmRSS:\t  12 kB\n")
    {b'Uid': b'0\t0\t0\t0', b'VmRSS': b'12 kB'}
    """
    found = {}
    for line in raw.split(b"\n"):
        key, colon, value = line.partition(b":")
        if colon:
            found[key] = value.strip()
    return found


def kib(value: bytes) -> int | None:
    """The bytes that a value such as `12 kB` stands for; None for what is none.

    >>> kib(b"12 kB"), kib(b"much")
    (12288, None)
    """
    number = integer(decode(value).partition(" ")[0])
    return None if number is None else number * 1024


def parse_cmdline(raw: bytes) -> str:
    r"""/proc/PID/cmdline as one text: arguments with a space between.

    >>> parse_cmdline(b"ls\0-l\0")
    'ls -l'
    """
    return decode(raw.rstrip(b"\0").replace(b"\0", b" "))


def parse_environ(raw: bytes) -> Iterator[tuple[str, str]]:
    r"""/proc/PID/environ as (name, value) pairs; entries without `=` are left out, as getenv(3) does not see them.

    >>> list(parse_environ(b"A=1\0B=x=y\0junk\0"))
    [('A', '1'), ('B', 'x=y')]
    """
    start = 0
    while start < len(raw):
        # A piece at a time: an environment may look like gigabytes of nothing.
        end = raw.find(b"\0", start + _PIECE)
        end = len(raw) if end < 0 else end
        for entry in raw[start:end].split(b"\0"):
            name, equals, value = entry.partition(b"=")
            if equals:
                yield decode(name), decode(value)
        start = end + 1


def parse_cgroup(raw: bytes) -> str:
    r"""/proc/PID/cgroup as one path: that of the unified hierarchy, or the longest where that says nothing.

    >>> parse_cgroup(b"1:cpu:/a\n0::/user.slice\n")
    '/user.slice'
    """
    paths = {}
    for line in raw.split(b"\n"):
        number, _, rest = line.partition(b":")
        _, colon, path = rest.partition(b":")
        if colon:
            paths[number] = path
    unified = paths.get(b"0", b"/")
    return decode(unified if unified != b"/" else max(paths.values(), key=len, default=b""))


def parse_boot_time(raw: bytes) -> int | None:
    r"""The boot time in Unix seconds from /proc/stat; None where the line is missing or broken.

    >>> parse_boot_time(b"cpu 1 2\nbtime 1700000000\n")
    1700000000
    """
    for line in raw.split(b"\n"):
        if line.startswith(b"btime ") and line[6:].isdigit() and len(line) < 24:
            return int(line[6:])
    return None


def each(scan: Scan, read_one: Callable[[int], T], pids_asked: Iterable[int] | None = None) -> Iterator[tuple[int, T]]:
    """(pid, what `read_one` gives for it) of the processes asked for, of all where none are named.

    One that has ended is left out; one that cannot be read is left out and counted in a note.
    """
    for pid in chosen(scan, pids_asked):
        scan.check()
        scan.tried("processes", pid)
        try:
            found = read_one(pid)
        except PermissionError:
            scan.denied("processes", pid)
        except (FileNotFoundError, ProcessLookupError):
            continue
        except OSError as error:
            scan.note(f"a process could not be read: {error.strerror}", pid)
        else:
            yield pid, found


def descriptors(scan: Scan, asked: Iterable[int] | None) -> Iterator[tuple[int, str, str]]:
    """(pid, file descriptor, what it leads to) of every descriptor of the processes asked for.

    Targets are as readlink(2) gives them: a path, or `socket:[INODE]`, `pipe:[INODE]`, `anon_inode:NAME`; '' for a path
    that is longer than the kernel shows. A process whose descriptors may be listed, but not looked at (root without
    CAP_SYS_PTRACE), is counted in a note.
    """
    # What is read is the link itself, wherever that leads.
    readlink = scan.unguarded.readlink
    for pid, names in each(scan, lambda pid: scan.host.listdir(f"/proc/{pid}/fd"), asked):
        folder = f"/proc/{pid}/fd/"
        for name in names:
            try:
                target = readlink(folder + name)
            except OSError as error:
                if error.errno == errno.ENAMETOOLONG:
                    target = ""
                elif error.errno in _DENIED:
                    scan.denied("processes", pid)
                    break
                else:
                    if error.errno not in _CLOSED:
                        scan.note(f"a descriptor could not be read: {error.strerror}", (pid, name))
                    continue
            if name.isdecimal():
                yield pid, name, target
