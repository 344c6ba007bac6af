"""The event table `selinux_events`: what SELinux reports."""

from __future__ import annotations

from ...vtables.table import TEXT, Column
from ..table import EventTable, eid, time, uptime


class SelinuxEvents(EventTable):
    """What SELinux reports to audit: denials and changes of its policy."""

    type = Column(TEXT, "Name of the audit record: AVC, MAC_STATUS and others")
    message = Column(TEXT, "The record's text; what audit wrote in hexadecimal is decoded, in quotes")
    time = time()
    uptime = uptime()
    eid = eid()

    event_class = "security"
    publishers = ("audit",)
    examples = [
        "SELECT time, type, message FROM selinux_events ORDER BY eid DESC LIMIT 10;",
    ]
