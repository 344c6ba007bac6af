"""The table `event_exclusions`: which events are dropped, where, and how many were."""

from __future__ import annotations

from ...vtables.table import BIGINT, TEXT, Column
from ..table import BufferTable


class EventExclusions(BufferTable):
    """The rules of the exclusion profiles in force; one row for each rule and each publisher it concerns."""

    profile = Column(TEXT, "Name of the profile")
    rule = Column(BIGINT, "Number of the rule in the profile, from 0")
    event_class = Column(TEXT, "Class of events it is about; '' for all")
    fields = Column(TEXT, "What an event must match, as JSON")
    publisher = Column(TEXT, "Publisher whose events it drops; '' where nobody sees any of that class")
    enforced = Column(TEXT, "Where that is decided: kernel (BPF maps, audit rules), watch (never taken) or collector")
    dropped = Column(
        BIGINT,
        "Events it dropped, each counted for the first rule that matches; NULL where audit or a watch decides: they "
        "do not count by rule",
    )

    typical_rows = 20
    examples = ["SELECT rule, fields, publisher, enforced, dropped FROM event_exclusions;"]
