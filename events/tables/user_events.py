"""The event table `user_events`: logins and uses of privilege."""

from __future__ import annotations

from ...vtables.table import BIGINT, INTEGER, TEXT, Column
from ..table import EventTable, eid, time, uptime


class UserEvents(EventTable, process_bound=True):
    """Logins, logouts, authentications and uses of privilege, as PAM, sshd, sudo and others report them to audit."""

    uid = Column(BIGINT, "User id of the program that reports")
    auid = Column(BIGINT, "Login user id; 4294967295 for none")
    pid = Column(BIGINT, "Process id of the program that reports")
    message = Column(TEXT, "The report's own words")
    type = Column(
        INTEGER, "Number of the audit record: 1100 authentication, 1105 session opened, 1112 login and others"
    )
    path = Column(TEXT, "Executable that reports")
    address = Column(TEXT, "Remote address; '' for none")
    terminal = Column(TEXT, "Terminal")
    time = time()
    uptime = uptime()
    eid = eid()
    type_name = Column(TEXT, "Name of the audit record: USER_AUTH, USER_START, USER_LOGIN and others")
    account = Column(TEXT, "Account it is about")
    success = Column(INTEGER, "1 if it worked, 0 if it was refused")

    event_class = "user"
    publishers = ("audit",)
    examples = [
        "SELECT time, type_name, account, address, success FROM user_events ORDER BY eid DESC LIMIT 10;",
    ]
