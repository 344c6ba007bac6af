"""The publisher `bpf`: processes, sockets, DNS queries and files, seen by BPF programs in the kernel, which exclude."""

from __future__ import annotations

import ctypes
import errno
import gc
import os
import select
import struct
import time

from ...publisher import Counters, Publisher, Unavailable
from .files import Files
from .groups import BATCH, Group, Processes, Queries, Sockets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...exclusion.rules import Rules
    from ...options import Options
    from ...publisher import Stream

# Nanoseconds between looks at the rings while something happens; the kernel wakes us before that for every 64 KiB, and
# for the first event after a look that found nothing.
PERIOD = 75_000_000
# Fewer records than fill a ring, however long they are.
FULL = 300
_libc = ctypes.CDLL(None, use_errno=True)


GROUPS: dict[str, tuple[str, type[Group]]] = {
    "process_events": ("process", Processes),
    "socket_events": ("socket", Sockets),
    "dns_events": ("dns", Queries),
    "process_file_events": ("file", Files),
}


class Bpf(Publisher):
    """Events by BPF programs."""

    name = "bpf"
    tier = 1
    tables = tuple(GROUPS)
    settings = ("file_paths", "exclude_paths")

    def __init__(self) -> None:
        self._groups: list[Group] = []
        self._lost = 0

    def open(self, tables: frozenset[str], options: Options) -> None:
        """Load the programs of each table's group. Where one cannot work, the others do."""
        self.unfed = {}
        for table in sorted(tables):
            name, kind = GROUPS[table]
            try:
                self._groups.append(kind(name, options))
            except Unavailable as unavailable:
                self.unfed[table] = unavailable
            except (OSError, ValueError) as error:
                self.unfed[table] = _refusal(error)
        if not self._groups:
            raise next(iter(self.unfed.values()))
        self._poll = select.epoll()
        self._timer = _timer()
        self._poll.register(self._timer, select.EPOLLIN)
        for group in self._groups:
            self._poll.register(group.rings[0].fd, select.EPOLLIN | select.EPOLLET)
        self._resting = False
        self._wake_in(PERIOD)

    def fileno(self) -> int:
        return self._poll.fileno()

    def drain(self, stream: Stream) -> None:
        self._poll.poll(0)
        try:
            os.read(self._timer, 8)
        except BlockingIOError:
            pass
        # The wall clock may have been set since the last time.
        offset = time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        # Rows are many and without cycles: looking for some among them costs more than making them.
        collecting = gc.isenabled()
        gc.disable()
        try:
            taken = [group.drain(stream, offset) for group in self._groups]
        finally:
            if collecting:
                gc.enable()
        self._rest(max(taken, default=0))
        # Where something was lost, a ring was full.
        if max(taken, default=0) >= FULL:
            lost = self.counters().lost
            if lost > self._lost:
                stream.gap(f"the rings were full: {lost - self._lost} events lost", lost - self._lost)
                self._lost = lost

    def exclude(self, rules: Rules) -> frozenset[int]:
        """Decided by masks in the programs. Globs, containers and control groups are left, in part at least."""
        return _whole([group.exclude(rules) for group in self._groups])

    @classmethod
    def decides(cls, rules: Rules, tables: frozenset[str]) -> frozenset[int]:
        """The ids of the rules that its programs decide for these tables."""
        found = []
        for table in tables.intersection(GROUPS):
            own, decided = GROUPS[table][1].decides(rules)
            found.append((frozenset(rule.id for rule in own), decided.whole))
        return _whole(found)

    def dropped(self) -> dict[tuple[str, str], int]:
        """What the programs of all groups dropped, by the key of the first rule that matched."""
        total: dict[tuple[str, str], int] = {}
        for group in self._groups:
            for key, count in group.dropped().items():
                total[key] = total.get(key, 0) + count
        return total

    def counters(self) -> Counters:
        each = [group.counters() for group in self._groups]
        return Counters(sum(c.seen for c in each), sum(c.excluded for c in each), sum(c.lost for c in each))

    def close(self) -> None:
        self._close_groups()
        self._poll.close()
        os.close(self._timer)

    def _rest(self, taken: int) -> None:
        """When to look again. After a look that found nothing the programs are asked to wake us, and it is looked once
        more, for what was under way meanwhile."""
        if taken:
            self._resting = False
            self._wake_in(1 if taken >= BATCH else PERIOD)
        elif not self._resting:
            self._resting = True
            for group in self._groups:
                group.control[0] = 1
            self._wake_in(PERIOD)

    def _wake_in(self, nanoseconds: int) -> None:
        # struct itimerspec: no interval; seconds, nanoseconds
        _libc.timerfd_settime(self._timer, 0, struct.pack("@4l", 0, 0, 0, nanoseconds), None)

    def _close_groups(self) -> None:
        for group in self._groups:
            group.close()
        self._groups.clear()


def _whole(each: Iterable[tuple[frozenset[int], frozenset[int]]]) -> frozenset[int]:
    """The rules that all groups decide whose events they are about: of (about its events, decided wholly) of each."""
    about: set[int] = set()
    left: set[int] = set()
    for own, whole in each:
        about |= own
        left |= own - whole
    return frozenset(about - left)


def _timer() -> int:
    fd: int = _libc.timerfd_create(time.CLOCK_MONOTONIC, os.O_CLOEXEC | os.O_NONBLOCK)
    if fd < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return fd


def _refusal(error: Exception) -> Unavailable:
    """Why BPF programs cannot be loaded here."""
    number = getattr(error, "errno", None)
    if number in (errno.EPERM, errno.EACCES):
        locked = _first_line("/sys/kernel/security/lockdown")
        if "[confidentiality]" in locked:
            return Unavailable("the kernel is locked down (confidentiality): BPF may not read its memory")
        return Unavailable(
            "BPF programs may not be loaded", "run as root, or with CAP_BPF, CAP_PERFMON and CAP_SYS_ADMIN"
        )
    if number == errno.ENOSYS:
        return Unavailable("the kernel has no BPF", "it needs CONFIG_BPF_SYSCALL")
    if not os.path.exists("/sys/kernel/btf/vmlinux"):
        return Unavailable(
            "the kernel does not tell its types", "it needs CONFIG_DEBUG_INFO_BTF, and Linux 5.17 or later"
        )
    if number in (errno.EINVAL, errno.E2BIG):
        return Unavailable(f"this kernel does not take the BPF programs: {error}", "they need Linux 5.17 or later")
    return Unavailable(f"BPF programs cannot be loaded: {error}")


def _first_line(path: str) -> str:
    try:
        with open(path) as file:
            return file.readline()
    except OSError:
        return ""
