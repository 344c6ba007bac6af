"""`FileWatcher`: what inotify and fanotify have in common. They watch what leads to files of categories, exclude by not
watching, and look up what changed where the kernel lost events."""

from __future__ import annotations

import os
import select
import time

from ...vtables.sources.files import read
from ...vtables.sources.mounts import parse_mountinfo
from ..file_changes import Changes
from ..publisher import Counters, Publisher, Unavailable
from ..rescan import Rescan
from ..watches import Watches, decides

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...vtables.sources.mounts import Mount
    from ..exclusion.rules import Rule, Rules
    from ..options import Options
    from ..publisher import Stream

# Events that are handled in one drain, about; bytes read at once.
EVENTS = 10_000
_READ = 1 << 18


class FileWatcher(Publisher):
    """A publisher of `file_events` that reads one descriptor of the kernel's, which does not block."""

    tables = ("file_events",)
    enforces = "watch"

    _fd: int
    _changes: Changes

    def begin(self, options: Options) -> None:
        """What every opening begins with. Raises Unavailable where nothing is to be watched."""
        if not any(options.file_paths.values()):
            raise Unavailable("no files to watch are configured", "name some in file_paths")
        self._counters = Counters()
        self._options = options
        self._accesses = frozenset(options.file_accesses)
        self._rules: tuple[Rule, ...] = ()
        # By kind, so that each is told once in a drain.
        self._gaps: dict[str, str] = {}
        self._drained_at = time.time()
        self._rescan: Rescan | None = None

    def wait_for(self, fd: int, changes: Changes) -> None:
        """The kernel's descriptor, and the rows that wait for a digest."""
        self._fd, self._changes = fd, changes
        self._poll = select.epoll()
        self._poll.register(fd, select.EPOLLIN)
        self._poll.register(changes.fd, select.EPOLLIN)

    def fileno(self) -> int:
        return self._poll.fileno()

    def exclude(self, rules: Rules) -> frozenset[int]:
        decided = tuple(rule for rule in rules.of_class("file") if decides(rule))
        if [rule.source for rule in decided] != [rule.source for rule in self._rules]:
            self._rules = decided
            self.watch_anew()
        return frozenset(rule.id for rule in decided)

    def watch_anew(self) -> None:
        """The rules changed: watch what is wanted by them, no more and no less."""
        raise NotImplementedError

    def counters(self) -> Counters:
        return self._counters

    def watches(self, mounts: list[Mount] | None = None) -> Watches:
        """What the options and rules want, on these mounts or those of now."""
        if mounts is None:
            try:
                mounts = parse_mountinfo(read("/proc/self/mountinfo"))
            except OSError:
                mounts = []
        return Watches(self._options.file_paths, self._options.exclude_paths, rules=self._rules, mounts=mounts)

    def read(self) -> bytes:
        """What the kernel has, b'' for nothing."""
        try:
            return os.read(self._fd, _READ)
        except BlockingIOError:
            return b""

    def gap(self, kind: str, text: str) -> None:
        """Something may be missing; one of a kind is told in a drain."""
        if kind not in self._gaps:
            self._gaps[kind] = text
            self._changes.wake()

    def overflowed(self, rescan: Rescan) -> None:
        """The kernel lost events: what changed is looked up."""
        self.gap("overflow", f"the kernel's {self.name} queue overflowed: events were lost; what changed is looked up")
        self._counters.lost += 1
        self._rescan = rescan

    def finish(self, stream: Stream) -> bool:
        """The end of a drain; whether a rescan is over with it."""
        rescanned = False
        if self._rescan is not None:
            if self._rescan.finished():
                self._counters.seen += self._rescan.told
                self._rescan = None
                rescanned = True
            else:
                # The rest in the next drain.
                self._changes.wake()
        for text in self._gaps.values():
            stream.gap(text, 0)
        self._gaps.clear()
        self._changes.flush(stream)
        return rescanned
