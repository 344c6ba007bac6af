"""The event table `syslog_events`: messages from syslog."""

from __future__ import annotations

from ...vtables.table import INTEGER, TEXT, Column
from ..table import EventTable, eid, time


class SyslogEvents(EventTable):
    """Messages that rsyslog passes on through a named pipe."""

    time = time()
    datetime = Column(TEXT, "Time as the message has it")
    host = Column(TEXT, "Host that it comes from")
    severity = Column(INTEGER, "0 emergency to 7 debug")
    facility = Column(TEXT, "Facility: auth, cron, daemon and others")
    tag = Column(TEXT, "Program, often with its process id")
    message = Column(TEXT, "The message")
    eid = eid()

    event_class = "syslog"
    publishers = ("syslog",)
    examples = [
        "SELECT datetime, tag, message FROM syslog_events ORDER BY eid DESC LIMIT 10;",
    ]
