"""The table `event_gaps`: when events were lost, or nobody was looking."""

from __future__ import annotations

from ...vtables.table import BIGINT, TEXT, Column
from ..table import BufferTable, eid


class EventGaps(BufferTable):
    """When events may be missing from the event tables, and why; one row for each such time."""

    eid = eid()
    time = Column(BIGINT, "When it was over, in Unix seconds", range=True)
    began = Column(BIGINT, "From when on events may be missing, in Unix seconds; NULL where not known")
    tables = Column(TEXT, "Event tables that are concerned, separated by commas")
    reason = Column(TEXT, "What happened")
    lost = Column(BIGINT, "Events that were lost, as far as they were counted; 0 where nobody could count")
    publisher = Column(TEXT, "Publisher that was concerned; '' for all: the collector itself did not run")

    added = True
    identity = ("eid",)
    typical_rows = 10
    examples = ["SELECT datetime(began, 'unixepoch') AS began, tables, reason, lost FROM event_gaps ORDER BY eid DESC;"]
