"""The event table `file_events`: changes of files that are watched."""

from __future__ import annotations

from ...vtables.table import BIGINT, INTEGER, TEXT, Column
from ..table import EventTable, eid, time


class FileEvents(EventTable, process_bound=True):
    """Changes of the files and directories that the configuration names; one row for each change."""

    target_path = Column(TEXT, "The file")
    category = Column(TEXT, "Category of the configuration it falls under")
    action = Column(TEXT, "CREATED, UPDATED, DELETED, MOVED_FROM, MOVED_TO, ATTRIBUTES_MODIFIED, OPENED or RESCANNED")
    transaction_id = Column(BIGINT, "The same for the two rows of one move")
    inode = Column(BIGINT, "Inode number")
    uid = Column(BIGINT, "Owner")
    gid = Column(BIGINT, "Group")
    mode = Column(TEXT, "Permission bits, in octal")
    size = Column(BIGINT, "Size, in bytes")
    atime = Column(BIGINT, "Last read, in Unix seconds")
    mtime = Column(BIGINT, "Last change of the content, in Unix seconds")
    ctime = Column(BIGINT, "Last change of the inode, in Unix seconds")
    md5 = Column(TEXT, "MD5 of the content; NULL where not hashed", collate="NOCASE")
    sha1 = Column(TEXT, "SHA-1 of the content", collate="NOCASE")
    sha256 = Column(TEXT, "SHA-256 of the content", collate="NOCASE")
    hashed = Column(
        INTEGER, "1 if hashed; 0 if there was no need; -1 if that failed, it is over 50 MiB or changed before"
    )
    time = time()
    eid = eid()
    pid = Column(BIGINT, "Process that changed it; NULL where the publisher cannot tell")

    event_class = "file"
    publishers = ("fanotify", "inotify")
    examples = [
        "SELECT time, action, target_path, sha256 FROM file_events ORDER BY eid DESC LIMIT 10;",
    ]
