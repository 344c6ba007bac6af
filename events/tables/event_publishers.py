"""The table `event_publishers`: who collects events, and how that goes."""

from __future__ import annotations

from ...vtables.table import BIGINT, INTEGER, TEXT, Column
from ..table import BufferTable


class EventPublishers(BufferTable):
    """The ways of getting events: which are at work, why others are not, what each saw and lost."""

    name = Column(TEXT, "Name of the publisher", key=True)
    state = Column(TEXT, "running, standby (a better one does its work), unavailable, restarting or stopped")
    tier = Column(INTEGER, "1 for the best way to see its tables; larger is worse")
    tables = Column(TEXT, "Event tables it feeds now, separated by commas")
    reason = Column(TEXT, "Why it is not available, or what went wrong last; '' for nothing")
    seen = Column(BIGINT, "Events it saw since the collector started, those too that fill no table")
    stored = Column(BIGINT, "Events of it that went into the buffer or to the sink")
    excluded = Column(BIGINT, "Events that exclusion rules dropped, in the kernel or after")
    lost = Column(BIGINT, "Events lost: dropped by the kernel, or of no sense")
    last_event = Column(BIGINT, "Time of the last event, in Unix seconds; NULL for none yet")
    restarts = Column(INTEGER, "How often it was started again after it died or stalled")

    identity = ("name",)
    typical_rows = 10
    examples = ["SELECT name, state, reason, seen, lost FROM event_publishers;"]
