"""The event table `process_events`: programs that were started."""

from __future__ import annotations

from ...vtables.table import BIGINT, INTEGER, TEXT, Column
from ..table import EventTable, eid, time, uptime


class ProcessEvents(EventTable, process_bound=True):
    """Programs that were started (execve(2)), with how they ended once they have; one row for each."""

    pid = Column(BIGINT, "Process id")
    path = Column(TEXT, "Path of the program")
    mode = Column(TEXT, "Permission bits of its file, in octal; '' where not known")
    cmdline = Column(TEXT, "Its arguments, a space between them")
    cmdline_size = Column(BIGINT, "Bytes of the arguments before any were cut")
    env = Column(TEXT, "Always NULL: environments hold secrets and are not recorded")
    env_count = Column(BIGINT, "Number of environment variables; NULL where not known")
    env_size = Column(BIGINT, "Bytes of the environment; NULL where not known")
    cwd = Column(TEXT, "Working directory")
    auid = Column(BIGINT, "Login user id (audit); 4294967295 for none")
    uid = Column(BIGINT, "Real user id")
    euid = Column(BIGINT, "Effective user id")
    gid = Column(BIGINT, "Real group id")
    egid = Column(BIGINT, "Effective group id")
    owner_uid = Column(BIGINT, "Owner of the program's file")
    owner_gid = Column(BIGINT, "Group of the program's file")
    atime = Column(BIGINT, "Last read of the program's file, in Unix seconds")
    mtime = Column(BIGINT, "Last change of its content, in Unix seconds")
    ctime = Column(BIGINT, "Last change of its inode, in Unix seconds")
    btime = Column(BIGINT, "Its creation, in Unix seconds; NULL where not known")
    overflows = Column(
        TEXT,
        "What was cut for being too long: cmdline, path; 'gone' where the process had ended or gone on to another "
        "program before it could be read (path is '', cmdline at most its name in brackets); '' for nothing",
    )
    parent = Column(BIGINT, "Process id of the parent")
    time = time()
    uptime = uptime()
    eid = eid()
    fsuid = Column(BIGINT, "User id for file access")
    suid = Column(BIGINT, "Saved user id")
    fsgid = Column(BIGINT, "Group id for file access")
    sgid = Column(BIGINT, "Saved group id")
    syscall = Column(TEXT, "System call: execve, execveat; fork or clone where forks are recorded")
    success = Column(INTEGER, "1 if it was started, 0 if that failed (told by audit, unless there was no such file)")
    exit_code = Column(
        BIGINT, "Exit code once it has ended, 128 + signal when a signal ended it; NULL while it runs or where not seen"
    )
    duration_ms = Column(BIGINT, "How long it ran, in milliseconds; NULL while it runs or where not seen")

    event_class = "process"
    publishers = ("bpf", "audit", "proc_connector", "polling")
    examples = [
        "SELECT time, pid, cmdline, ancestors FROM process_events ORDER BY eid DESC LIMIT 10;",
        "SELECT path, count(*) AS times FROM process_events GROUP BY path ORDER BY times DESC LIMIT 10;",
    ]
