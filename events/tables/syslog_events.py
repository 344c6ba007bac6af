"""The event table `syslog_events`: messages from syslog."""

from __future__ import annotations

from ...vtables.table import BIGINT, INTEGER, TEXT, Column
from ..table import EventTable, eid


class SyslogEvents(EventTable):
    r"""Messages that rsyslog passes on through a named pipe.

    The pipe is made by whoever collects. rsyslog writes to it once its configuration has

    ```
    template(name="hostql" type="list") {
      property(name="timestamp" dateFormat="rfc3339" format="csv") constant(value=",")
      property(name="hostname" format="csv") constant(value=",")
      property(name="syslogseverity" format="csv") constant(value=",")
      property(name="syslogfacility-text" format="csv") constant(value=",")
      property(name="syslogtag" format="csv") constant(value=",")
      property(name="msg" format="csv") constant(value="\n")
    }
    *.* action(type="ompipe" Pipe="/var/lib/hostql/syslog_pipe" template="hostql")
    ```

    Lines of RFC 5424 and RFC 3164 that begin with `<PRI>` are understood, too. Where rsyslog runs as a user of its own,
    name a pipe in a folder that this user may enter: `"events": {"syslog_pipe": PATH}` in the configuration.
    """

    time = Column(BIGINT, "When it came through the pipe, in Unix seconds", range=True)
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
