"""The event table `seccomp_events`: system calls that a filter stopped."""

from __future__ import annotations

from ...vtables.table import BIGINT, TEXT, UNSIGNED_BIGINT, Column
from ..table import EventTable, eid, time, uptime


class SeccompEvents(EventTable, process_bound=True):
    """System calls that a seccomp filter stopped or reported."""

    time = time()
    uptime = uptime()
    auid = Column(UNSIGNED_BIGINT, "Login user id")
    uid = Column(UNSIGNED_BIGINT, "User id")
    gid = Column(UNSIGNED_BIGINT, "Group id")
    ses = Column(UNSIGNED_BIGINT, "Login session")
    pid = Column(UNSIGNED_BIGINT, "Process id")
    comm = Column(TEXT, "Command name")
    exe = Column(TEXT, "Executable of the process")
    sig = Column(BIGINT, "Signal sent to it, 0 for none")
    arch = Column(TEXT, "Architecture of the call")
    syscall = Column(TEXT, "Name of the system call; its number where it has none here")
    compat = Column(BIGINT, "1 for a 32-bit call on a 64-bit kernel")
    ip = Column(TEXT, "Address of the instruction, in hexadecimal")
    code = Column(TEXT, "What the filter said: KILL_PROCESS, TRAP, ERRNO, LOG and others")
    eid = eid()

    event_class = "security"
    publishers = ("audit",)
    examples = [
        "SELECT time, exe, syscall, code FROM seccomp_events ORDER BY eid DESC LIMIT 10;",
    ]
