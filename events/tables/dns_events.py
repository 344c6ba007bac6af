"""The event table `dns_events`: names that were asked for."""

from __future__ import annotations

from ...vtables.table import BIGINT, INTEGER, TEXT, Column
from ..table import EventTable, eid, time, uptime


class DnsEvents(EventTable, process_bound=True):
    """DNS queries as they leave the host by UDP, with who asked."""

    pid = Column(BIGINT, "Process id")
    name = Column(TEXT, "Name that was asked for, without the final dot")
    type = Column(TEXT, "Type of record: A, AAAA, PTR, ...; a number where it has no name here")
    server_address = Column(TEXT, "Name server")
    server_port = Column(INTEGER, "Its port")
    time = time()
    uptime = uptime()
    eid = eid()
    uid = Column(BIGINT, "User id of the process")

    event_class = "dns"
    publishers = ("bpf",)
    examples = [
        "SELECT name, type, exe, count(*) AS times FROM dns_events GROUP BY 1, 2, 3 ORDER BY times DESC LIMIT 10;",
    ]
