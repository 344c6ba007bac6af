"""The publisher `bpf`: processes, sockets and DNS queries, seen by BPF programs in the kernel, which also exclude."""

from __future__ import annotations

import ctypes
import errno
import gc
import mmap
import os
import select
import struct
import time

from ...context import Contexts
from ...publisher import Counters, Publisher, Unavailable
from . import blob, decode
from .loader import Loaded, possible_cpus
from .maps import Decided, InForce
from .ring import Ring

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

    from ...context import Context
    from ...exclusion.rules import Rules
    from ...options import Options
    from ...publisher import Stream

# Nanoseconds between looks at the rings while something happens; the kernel wakes us before that for every 64 KiB, and
# for the first event after a look that found nothing.
PERIOD = 75_000_000
# Records that are taken at once from a ring.
BATCH = 10_000
# Fewer records than fill a ring, however long they are.
FULL = 300
# Programs whose context is remembered; of older ones that still live, /proc tells.
REMEMBERED = 32_768
_COUNTERS = struct.Struct("<4Q")
_libc = ctypes.CDLL(None, use_errno=True)


class Group:
    """A group of programs at work, and what they share with us.

    event_class  of its events, as exclusion rules have it
    """

    event_class: ClassVar[str]

    def __init__(self, name: str) -> None:
        self.undecoded = 0
        self.loaded = Loaded(blob.read(name))
        self._cpus = possible_cpus()
        try:
            self._control_map = mmap.mmap(self.loaded.maps["hostql_control"], mmap.PAGESIZE)
            # idle, generation
            self.control = memoryview(self._control_map)[:8].cast("I")
            self._in_force = InForce(self.loaded, self.control)
            self.rings = [self._ring(name) for name in ("hostql_events", "hostql_who") if name in self.loaded.maps]
            self.loaded.attach()
        except BaseException:
            self.loaded.close()
            raise

    def drain(self, stream: Stream, offset: int) -> int:
        """Hand over what is there; how many records it was."""
        raise NotImplementedError

    def exclude(self, rules: Rules) -> tuple[frozenset[int], frozenset[int]]:
        """Put rules in force: the ids of those about its events, and of those that are decided wholly."""
        own = rules.of_class(self.event_class)
        decided = Decided(own, self.event_class)
        whole = decided.whole if self._in_force.use(decided) else frozenset()
        return frozenset(rule.id for rule in own), whole

    def counters(self) -> Counters:
        """Summed over the CPUs."""
        raw = self.loaded.lookup("hostql_counters", bytes(4), _COUNTERS.size * self._cpus)
        seen, _, lost, excluded = map(sum, zip(*_COUNTERS.iter_unpack(raw or bytes(_COUNTERS.size))))
        return Counters(seen, excluded, lost + self.undecoded)

    def close(self) -> None:
        """Out of the kernel."""
        self.control.release()
        self._control_map.close()
        for ring in self.rings:
            ring.close()
        self.loaded.close()

    def _ring(self, name: str) -> Ring:
        return Ring(self.loaded.maps[name], self.loaded.blob.maps[name][2])


class Processes(Group):
    """Programs started and ended."""

    event_class = "process"

    def drain(self, stream: Stream, offset: int) -> int:
        records = self.rings[0].records(BATCH)
        rows, ended = [], []
        for raw in records:
            try:
                if raw[0] == decode.EXIT:
                    ended.append(decode.exit_row(raw))
                else:
                    rows.append(decode.exec_row(raw, offset))
            except (struct.error, IndexError):
                self.undecoded += 1
        stream.add("process_events", decode.PROCESS_COLUMNS, rows)
        if ended:
            stream.ended(ended)  # type: ignore[arg-type]
        return len(records)


class Told(Group):
    """A group that tells once who did it; its events name that by number."""

    def __init__(self, name: str) -> None:
        self.programs: dict[int, Context] = {}
        self.contexts = Contexts()
        super().__init__(name)

    def take_programs(self) -> None:
        """Who did it was told before each event that has been taken."""
        for raw in self.rings[1].records(BATCH):
            program, _, context, _ = decode.who(raw)
            self.programs[program] = context
        while len(self.programs) > REMEMBERED:
            del self.programs[next(iter(self.programs))]


class Sockets(Told):
    """Connections made, accepted and awaited."""

    event_class = "socket"

    def drain(self, stream: Stream, offset: int) -> int:
        records = self.rings[0].batch(decode.SOCKET, BATCH)
        self.take_programs()
        if records:
            rows = decode.socket_rows(records, self.programs, self.contexts.of, offset)
            stream.add("socket_events", decode.SOCKET_COLUMNS, rows)
        return len(records)


class Queries(Told):
    """DNS queries."""

    event_class = "dns"

    def drain(self, stream: Stream, offset: int) -> int:
        records = self.rings[0].records(BATCH)
        self.take_programs()
        rows = []
        for raw in records:
            try:
                rows.append(decode.dns_row(raw, self.programs, self.contexts.of, offset))
            except ValueError:
                self.undecoded += 1
        stream.add("dns_events", decode.DNS_COLUMNS, rows)
        return len(records)


GROUPS: dict[str, tuple[str, type[Group]]] = {
    "process_events": ("process", Processes),
    "socket_events": ("socket", Sockets),
    "dns_events": ("dns", Queries),
}


class Bpf(Publisher):
    """Events by BPF programs."""

    name = "bpf"
    tier = 1
    tables = tuple(GROUPS)

    def __init__(self) -> None:
        self._groups: list[Group] = []
        self._lost = 0

    def open(self, tables: frozenset[str], options: Options) -> None:
        """Load the programs of each table's group."""
        try:
            for table in sorted(tables):
                name, kind = GROUPS[table]
                self._groups.append(kind(name))
            self._poll = select.epoll()
            self._timer = _timer()
        except Unavailable:
            self._close_groups()
            raise
        except (OSError, ValueError) as error:
            self._close_groups()
            raise _refusal(error) from None
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
        about: set[int] = set()
        left: set[int] = set()
        for group in self._groups:
            own, whole = group.exclude(rules)
            about |= own
            left |= own - whole
        return frozenset(about - left)

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
