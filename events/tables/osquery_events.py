"""The table `osquery_events`: event tables and their publishers, as osquery's users know it."""

from __future__ import annotations

from ...vtables.table import INTEGER, TEXT, Column
from ..table import BufferTable


class OsqueryEvents(BufferTable):
    """The event tables and the publishers that feed them."""

    name = Column(TEXT, "Name of the event table or the publisher")
    publisher = Column(TEXT, "Publisher that feeds it")
    type = Column(TEXT, "publisher or subscriber (an event table)")
    subscriptions = Column(INTEGER, "Event tables that the publisher feeds; 1 for an event table that is fed")
    events = Column(INTEGER, "Events stored since the collector started")
    refreshes = Column(INTEGER, "How often the publisher was started again")
    active = Column(INTEGER, "1 if it is at work, else 0")

    typical_rows = 20
    examples = ["SELECT name, publisher, events FROM osquery_events WHERE type = 'subscriber' AND active = 1;"]
