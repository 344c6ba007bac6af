"""The event table `process_file_events`: which process touched which file."""

from __future__ import annotations

from ...vtables.table import BIGINT, TEXT, Column
from ..table import EventTable, eid, time, uptime


class ProcessFileEvents(EventTable, process_bound=True):
    """Files that processes opened to write, renamed, linked or removed below the watched paths."""

    operation = Column(TEXT, "open, rename, unlink, link, symlink, mkdir, rmdir, truncate, chmod or chown")
    pid = Column(BIGINT, "Process id")
    ppid = Column(BIGINT, "Process id of its parent")
    time = time()
    executable = Column(TEXT, "Executable of the process")
    partial = Column(TEXT, "'true' where the path could not be told whole")
    cwd = Column(TEXT, "Working directory")
    path = Column(TEXT, "The file")
    dest_path = Column(TEXT, "New name of a rename or link; '' for others")
    uid = Column(TEXT, "Real user id")
    gid = Column(TEXT, "Real group id")
    auid = Column(TEXT, "Login user id (audit)")
    euid = Column(TEXT, "Effective user id")
    egid = Column(TEXT, "Effective group id")
    fsuid = Column(TEXT, "User id for file access")
    fsgid = Column(TEXT, "Group id for file access")
    suid = Column(TEXT, "Saved user id")
    sgid = Column(TEXT, "Saved group id")
    uptime = uptime()
    eid = eid()

    event_class = "file"
    publishers = ("bpf", "audit", "fanotify")
    examples = [
        "SELECT time, operation, executable, path FROM process_file_events ORDER BY eid DESC LIMIT 10;",
    ]
