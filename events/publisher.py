"""`Publisher`: one way of getting events from the kernel, as the collector sees it.

The collector opens it, waits on its file descriptor, drains it in batches, asks what it lost, and closes it. A
publisher never blocks, never raises for one event that makes no sense (it counts it as lost), and leaves nothing in the
kernel.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, ClassVar, Protocol

    from .exclusion.rules import Rules
    from .options import Options

    class Stream(Protocol):
        """Where a publisher puts what happened."""

        def add(self, table: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
            """Rows of an event table. `columns` is a constant of the publisher's module: columns it does not name are
            NULL. Rows with a `pid` get the columns of `table.CONTEXT` they lack from the collector."""

        def ended(self, rows: list[tuple[int | None, int | None, int]]) -> None:
            """(exit code, duration in ms, pid) of processes that ended: completes their rows of `process_events`."""

        def gap(self, text: str, lost: int) -> None:
            """Say that something was lost, and about how many events (0: not known)."""


class Unavailable(Exception):
    """The publisher cannot work here: `reason` in one sentence, `hint` what would make it work ('' when nothing)."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


class Counters:
    """Events since `open`: seen by the publisher, excluded by it or below it, lost in the kernel or for want of sense.

    What was handed to the stream is seen - excluded - lost, less what no table wants.
    """

    __slots__ = ("excluded", "lost", "seen")

    def __init__(self, seen: int = 0, excluded: int = 0, lost: int = 0) -> None:
        self.seen = seen
        self.excluded = excluded
        self.lost = lost


class Publisher:
    """A way of getting events.

    name    as `event_publishers` shows it
    tier    1 is the best way to see its tables; the collector tries lower tiers first
    tables  the event tables it can feed
    enforces  where the rules it takes are decided: kernel, or watch (what is never watched)
    unfed   of the tables it was opened for, those that it cannot feed after all, and why
    settings  names of the `Options` it looks at: where one changes, it is opened anew
    """

    unfed: Mapping[str, Unavailable] = {}
    name: ClassVar[str]
    tier: ClassVar[int]
    tables: ClassVar[tuple[str, ...]]
    enforces: ClassVar[str] = "kernel"
    settings: ClassVar[tuple[str, ...]] = ()

    def open(self, tables: frozenset[str], options: Options) -> None:
        """Begin to collect for these tables. Raises Unavailable, and then leaves nothing behind."""
        raise NotImplementedError

    def fileno(self) -> int:
        """A file descriptor that is readable when there is something to drain."""
        raise NotImplementedError

    def drain(self, stream: Stream) -> None:
        """Hand over what is there, some ten thousand events at most. Raises OSError when the source broke for good."""
        raise NotImplementedError

    def exclude(self, rules: Rules) -> frozenset[int]:
        """Drop what these rules match as early as that can be decided exactly; gives the ids of the rules that are now
        enforced wholly, so that nobody above needs to look. Applies at once; called again when a profile changes."""
        return frozenset()

    @classmethod
    def decides(cls, rules: Rules, tables: frozenset[str]) -> frozenset[int]:
        """The ids that `exclude` would give, were it open for these tables; nothing is touched."""
        return frozenset()

    def dropped(self) -> dict[tuple[str, str], int]:
        """{key of a rule: events that it dropped by this rule, as the first that matched}, as far as it counts by rule;
        a rule that is not there is not counted."""
        return {}

    def counters(self) -> Counters:
        """What it has seen since it was opened."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop, and take everything out of the kernel that was put there."""
        raise NotImplementedError
