"""A group of BPF programs at work: its maps and rings, what it hands over, what it excludes."""

from __future__ import annotations

import mmap
import struct

from ...context import Contexts
from ...publisher import Counters
from . import blob, decode
from .loader import Loaded, possible_cpus
from .maps import Decided, InForce
from .ring import Ring

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import ClassVar

    from ...context import Context
    from ...exclusion.rules import Rule, Rules
    from ...options import Options
    from ...publisher import Stream

# Records that are taken at once from a ring.
BATCH = 10_000
# Programs whose context is remembered; of older ones that still live, /proc tells.
REMEMBERED = 32_768
_COUNTERS = struct.Struct("<4Q")


class Group:
    """A group of programs at work, and what they share with us.

    event_class  of its events, as exclusion rules have it
    calls        tracepoints of a program that does not name its own, and the cookies it is given there
    """

    event_class: ClassVar[str]
    calls: ClassVar[Mapping[str, int] | None] = None

    def __init__(self, name: str, options: Options) -> None:
        self.undecoded = 0
        self.loaded = Loaded(blob.read(name))
        self._cpus = possible_cpus()
        try:
            self._control_map = mmap.mmap(self.loaded.maps["hostql_control"], mmap.PAGESIZE)
            # idle, generation
            self.control = memoryview(self._control_map)[:8].cast("I")
            self._in_force = InForce(self.loaded, self.control, self._cpus)
            self._set_up(options)
            self.rings = [self._ring(name) for name in ("hostql_events", "hostql_who") if name in self.loaded.maps]
            self.loaded.attach(self.calls)
        except BaseException:
            self.loaded.close()
            raise

    def _set_up(self, options: Options) -> None:
        """Before anything runs."""

    def drain(self, stream: Stream, offset: int) -> int:
        """Hand over what is there; how many records it was."""
        raise NotImplementedError

    def exclude(self, rules: Rules) -> tuple[frozenset[int], frozenset[int]]:
        """Put rules in force: the ids of those about its events, and of those that are decided wholly."""
        own, decided = self.decides(rules)
        whole = decided.whole if self._in_force.use(decided) else frozenset()
        return frozenset(rule.id for rule in own), whole

    @classmethod
    def decides(cls, rules: Rules) -> tuple[Sequence[Rule], Decided]:
        """The rules about its events, and what of them is decided here."""
        own = rules.of_class(cls.event_class)
        return own, Decided(own, cls.event_class)

    def dropped(self) -> dict[tuple[str, str], int]:
        """{key of a rule: events it dropped in the kernel}."""
        return self._in_force.dropped()

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

    def __init__(self, name: str, options: Options) -> None:
        self.programs: dict[int, Context] = {}
        self.contexts = Contexts()
        super().__init__(name, options)

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
