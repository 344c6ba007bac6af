"""The event table `socket_events`: connections made, accepted and awaited."""

from __future__ import annotations

from ...vtables.table import BIGINT, INTEGER, TEXT, Column
from ..table import EventTable, eid, time, uptime


class SocketEvents(EventTable, process_bound=True):
    """Sockets that were connected, bound, set to listen or accepted, with the result."""

    action = Column(TEXT, "connect, bind, listen or accept")
    pid = Column(BIGINT, "Process id")
    path = Column(TEXT, "Executable of the process")
    fd = Column(TEXT, "File descriptor of the socket")
    auid = Column(BIGINT, "Login user id (audit); 4294967295 for none")
    family = Column(INTEGER, "Address family: 2 IPv4, 10 IPv6, 1 unix")
    protocol = Column(INTEGER, "Protocol number: 6 TCP, 17 UDP; NULL where not known")
    local_address = Column(TEXT, "Local address")
    remote_address = Column(TEXT, "Remote address")
    local_port = Column(INTEGER, "Local port")
    remote_port = Column(INTEGER, "Remote port")
    socket = Column(TEXT, "Path of a unix socket")
    time = time()
    uptime = uptime()
    eid = eid()
    success = Column(INTEGER, "1 if it worked, 0 if it failed")
    status = Column(
        TEXT,
        "succeeded, failed, in_progress (a connect that does not wait) or no_client (an accept that does not wait)",
    )
    error = Column(INTEGER, "Error number (errno) of a call that failed, 0 for none")
    uid = Column(BIGINT, "User id of the process")

    event_class = "socket"
    publishers = ("bpf", "audit")
    examples = [
        "SELECT time, action, exe, remote_address, remote_port, status FROM socket_events ORDER BY eid DESC LIMIT 10;",
    ]
