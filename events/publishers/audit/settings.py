"""Audit's own settings while we use it: switched on, a queue that is long enough; put back afterwards.

What they were before is noted in the key of each of our rules, for a hostql that comes after one that was killed.
"""

from __future__ import annotations

import os

from .rules import key_of, note_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .netlink import Control, Status

# Records that may wait in the kernel before it drops some (unicast) or its callers wait (by default 64).
BACKLOG = 8192
_NAMES = ("enabled", "backlog_limit", "backlog_wait_time")


class Settings:
    """What audit was set to before, and what we set it to."""

    def __init__(self, control: Control, before: Status, *, unicast: bool) -> None:
        self._control = control
        self._unicast = unicast
        self._daemon = before.pid
        self._lost = before.lost
        self._before = {name: int(getattr(before, name)) for name in _NAMES}
        self._wanted: dict[str, int] = {}
        # Of several hostqls, or after one that was killed: what the first of them found.
        rules = control.rules()
        self._others = frozenset(rule for rule in rules if not note_in(key_of(rule)))
        for rule in rules:
            values = note_in(key_of(rule)).split(".")
            if len(values) == len(_NAMES) and all(map(str.isdigit, values)):
                self._before = dict(zip(_NAMES, map(int, values)))
                break

    @property
    def note(self) -> str:
        """What audit was set to before, for the keys of rules."""
        return ".".join(str(self._before[name]) for name in _NAMES)

    def apply(self) -> None:
        """Switch audit on and lengthen its queue; as the daemon, nobody waits for us."""
        now = self._control.status()
        if now.enabled == 2:
            return
        wanted = self._wanted
        wanted["enabled"] = 1
        # 0 is no limit.
        if now.backlog_limit:
            wanted["backlog_limit"] = max(now.backlog_limit, BACKLOG)
        if self._unicast:
            wanted["backlog_wait_time"] = 0
        changed = {name: value for name, value in wanted.items() if getattr(now, name) != value}
        if changed:
            self._control.set(**changed)

    def reapply(self, now: Status) -> bool:
        """Do it again where another program undid it; True where audit had been off."""
        if self._unicast and now.backlog_wait_time and now.enabled != 2:
            self._control.set(backlog_wait_time=0)
        if now.enabled != 0:
            return False
        self._control.set(enabled=1)
        return True

    def newly_lost(self, now: Status) -> int:
        """Records that the kernel dropped since the last look."""
        lost, self._lost = now.lost - self._lost, now.lost
        return max(lost, 0)

    def restore(self) -> None:
        """Put back what is still as we set it, unless a daemon or rules that came after us rely on it."""
        now = self._control.status()
        if (
            now.enabled == 2
            or now.pid not in (0, os.getpid(), self._daemon)
            or set(self._control.rules()) - self._others
        ):
            return
        values = {
            name: self._before[name]
            for name, value in self._wanted.items()
            if getattr(now, name) == value and self._before[name] != value
        }
        if values:
            self._control.set(**values)
