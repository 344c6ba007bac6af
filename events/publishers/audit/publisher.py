"""`Audit`: events from Linux audit, by whichever of its ways is open."""

from __future__ import annotations

import errno
import os
import time

from ...publisher import Counters, Publisher, Unavailable
from ...watches import Watches
from .decode import Decoder
from .exclusion import Exclusion
from .messages import MessageDecoder
from .netlink import Control, refused
from .records import CONFIG_CHANGE, Assembler
from .rules import Installed, Watched
from .settings import Settings
from .sources import Source, open_source
from .system_calls import FILE, PROCESS, SOCKET, architectures
from .timer import Timer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...exclusion.rules import Rules
    from ...options import Options
    from ...publisher import Stream
    from .netlink import Status

    Rows = dict[tuple[str, tuple[str, ...]], list[tuple[Any, ...]]]

# Records taken in one drain, and seconds between drains while records keep coming: waking up for each costs more than
# reading it.
BATCH = 20_000
PAUSE = 0.1
# Seconds between looks at whether audit still does what it is told.
INSPECTION = 1.0
# Seconds between looks at the rules, which cost the kernel a thread; a record tells of each change, if it is not lost.
INSPECTION_OF_RULES = 10.0

_CLASSES = {"process_events": PROCESS, "socket_events": SOCKET, "process_file_events": FILE}


class Audit(Publisher):
    """Rules in the kernel's audit, and the records they make, parsed.

    Options.audit says how to get at them: `multicast` listens beside auditd or without; `unicast` is the daemon (only
    when asked for, as there is one); a path is the socket of auditd's af_unix plugin, `-` is standard input as a plugin
    of auditd has it. `auto` is multicast, and the plugin's usual socket where listening is refused.
    """

    name = "audit"
    tier = 2
    settings = ("audit", "file_paths", "exclude_paths")
    tables = (
        *("process_events", "socket_events", "process_file_events", "user_events", "selinux_events"),
        *("apparmor_events", "seccomp_events"),
    )

    def open(self, tables: frozenset[str], options: Options) -> None:
        self._control: Control | None = None
        self._source: Source | None = None
        self._timer: Timer | None = None
        self._assembler = Assembler()
        self._counted = Counters()
        self._notes: list[str] = []
        self._tables = tables
        files = "process_file_events" in tables
        self._watches = Watches(options.file_paths if files else {}, options.exclude_paths)
        self._decoder = Decoder(tables, lambda path: self._watches.category(path) is not None)
        self._messages = MessageDecoder(tables)
        self._exclusion = Exclusion(tables)
        self._nevers: Any = ()
        self._inspect_at = self._inspect_rules_at = 0.0
        try:
            self._open(options)
        except BaseException:
            self.close()
            raise

    def fileno(self) -> int:
        assert self._timer is not None
        return self._timer.fileno()

    def drain(self, stream: Stream) -> None:
        assert self._source is not None and self._timer is not None
        now = time.monotonic()
        assembler = self._assembler
        overruns = self._source.overruns
        taken = self._source.read(assembler, now, BATCH)
        if self._source.broke:
            self._source.broke = False
            self._timer.watch(self._source.fileno())
            stream.gap(f"{self._source.what} broke; auditd has stopped, perhaps", 0)
        if self._source.overruns != overruns:
            stream.gap("audit's records came faster than they were read: the receive buffer overflowed", 0)
        assembler.expire(now)
        self._hand_over(stream)
        for note in self._notes:
            stream.gap(note, 0)
        self._notes.clear()
        if now >= self._inspect_at:
            self._inspect(stream, now)
        # While records come, or an event waits for its end, look again after a pause; else wait for the next record.
        self._timer.rest(PAUSE if taken or assembler.waiting else None)

    def exclude(self, rules: Rules) -> frozenset[int]:
        nevers, enforced = self._exclusion.compile(rules)
        if nevers != self._nevers:
            self._nevers = nevers
            if self._control is not None:
                self._install()
        return enforced

    @classmethod
    def decides(cls, rules: Rules, tables: frozenset[str]) -> frozenset[int]:
        return Exclusion(tables).compile(rules)[1]

    def counters(self) -> Counters:
        counted = self._counted
        lost = counted.lost + self._assembler.lost
        return Counters(counted.seen + lost, counted.excluded, lost)

    def close(self) -> None:
        # First the rules, then audit's settings: an audit that is off keeps no rules of ours.
        if self._control is not None:
            try:
                self._rules.remove()
                self._settings.restore()
            except (OSError, Unavailable):
                pass
            self._control.close()
            self._control = None
        if self._source is not None:
            self._source.close()
            self._source = None
        if self._timer is not None:
            self._timer.close()
            self._timer = None

    def _open(self, options: Options) -> None:
        self._source = open_source(options.audit)
        try:
            self._control = Control()
            status = self._control.status()
        except (OSError, Unavailable) as error:
            # auditd's plugin gets what the host's own rules record, whether we may add rules or not.
            if self._control is not None:
                self._control.close()
                self._control = None
            why = error if isinstance(error, Unavailable) else refused(error)
            if not self._source.without_control:
                raise why from None
            self._notes.append(f"audit rules could not be added, only those of others are seen: {why.reason}")
        else:
            self._settings = Settings(self._control, status, unicast=self._source.unicast)
            self._rules = Installed(self._control, self._settings.note)
            self._prepare(status.enabled)
        self._source.start()
        self._timer = Timer(self._source.fileno(), INSPECTION)

    def _prepare(self, enabled: int) -> None:
        if enabled == 2 and self._watched().classes:
            raise Unavailable(
                "audit's rules are locked until the next boot (enabled is 2)", "boot without locking them"
            )
        if self._watched().classes and not architectures():
            raise Unavailable(f"the numbers of the system calls of {os.uname().machine} are not known")
        try:
            self._rules.remove_leftovers()
            # Their keys tell what audit was set to before, so they come first.
            self._install()
            self._settings.apply()
        except OSError as error:
            raise refused(error) from None

    def _watched(self) -> Watched:
        classes = {_CLASSES[table] for table in self._tables if table in _CLASSES}
        folders = self._watches.tops()
        if not folders:
            classes.discard(FILE)
        return Watched(classes, folders)

    def _install(self) -> None:
        refused = self._rules.replace(self._watched(), self._nevers)
        if refused:
            self._notes.append(f"audit refused {len(refused)} rules: {refused[0].strerror}")

    def _hand_over(self, stream: Stream) -> None:
        """Parse what is complete, and hand the rows on by table."""
        assembler, booted = self._assembler, time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
        rows: Rows = {}
        own = os.getpid()
        for event in assembler.finished:
            try:
                found = self._decoder.decode(event, booted)
            except Exception:  # whatever another kernel or program wrote: it costs itself, and is counted
                self._counted.lost += 1
                continue
            if found is None:
                self._counted.seen += 1
            else:
                rows.setdefault(found[:2], []).append(found[2])
        assembler.finished.clear()
        for kind, key, raw in assembler.singles:
            if kind == CONFIG_CHANGE:
                self._inspect_at = self._inspect_rules_at = 0.0
            try:
                found = self._messages.decode(kind, key, raw, booted) if self._messages.wants(kind) else None
            except Exception:  # whatever another kernel or program wrote: it costs itself, and is counted
                self._counted.lost += 1
                continue
            if found is None:
                # Of a type that fills no table that is wanted.
                self._counted.seen += 1
            else:
                rows.setdefault(found[:2], []).append(found[2])
        assembler.singles.clear()
        for (table, columns), found_rows in rows.items():
            kept, excluded = self._exclusion.kept(table, columns, found_rows, own)
            self._counted.seen += len(kept) + excluded
            self._counted.excluded += excluded
            stream.add(table, columns, kept)

    def _inspect(self, stream: Stream, now: float) -> None:
        """See that audit is on and our rules are there, for others may change both; tell what the kernel lost."""
        self._inspect_at = now + INSPECTION
        assert self._source is not None and self._timer is not None
        try:
            status = self._inspect_audit(stream, now)
            if self._source.resume(status):
                self._timer.watch(self._source.fileno())
                stream.gap(f"{self._source.what} had been lost, and was taken up again", 0)
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.EEXIST):
                raise
            stream.gap(f"audit could not be set up again: {error.strerror}", 0)

    def _inspect_audit(self, stream: Stream, now: float) -> Status | None:
        if self._control is None:
            return None
        status = self._control.status()
        lost = self._settings.newly_lost(status)
        if lost:
            self._counted.lost += lost
            stream.gap("the kernel dropped audit records: its own queue was full", lost)
        if self._settings.reapply(status):
            self._inspect_rules_at = 0.0
            stream.gap("audit had been switched off by another program, and was switched on again", 0)
        if now < self._inspect_rules_at or status.enabled == 2:
            return status
        self._inspect_rules_at = now + INSPECTION_OF_RULES
        if not self._rules.complete():
            self._install()
            stream.gap("audit rules had been removed by another program, and were added again", 0)
        return status
