"""The table `process_namespaces` (/proc/PID/ns, namespaces(7))."""

from __future__ import annotations

from ..scan import Scan
from ..sources.procfs import note_whose, pids
from ..table import INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_KINDS = ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts")


class ProcessNamespaces(Table):
    """The namespaces of each process, by inode; two processes share one when the numbers are equal."""

    pid = Column(INTEGER, "Process id", key=True)
    cgroup_namespace = Column(TEXT, "Inode of the control group namespace; '' where it may not be read")
    ipc_namespace = Column(TEXT, "Inode of the IPC namespace; '' where it may not be read")
    mnt_namespace = Column(TEXT, "Inode of the mount namespace; '' where it may not be read")
    net_namespace = Column(TEXT, "Inode of the network namespace; '' where it may not be read")
    pid_namespace = Column(TEXT, "Inode of the process id namespace; '' where it may not be read")
    user_namespace = Column(TEXT, "Inode of the user namespace; '' where it may not be read")
    uts_namespace = Column(TEXT, "Inode of the namespace of host names; '' where it may not be read")

    identity = ("pid",)
    typical_rows = 300
    examples = ["SELECT net_namespace, count(*) AS processes FROM process_namespaces GROUP BY net_namespace;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        note_whose(scan)
        asked = scan.equals("pid")
        for pid in pids(scan.host.listdir("/proc")) if asked is None else asked:
            scan.check()
            if not isinstance(pid, int) or pid <= 0:
                continue
            scan.tried("processes", pid)
            try:
                inodes = [scan.host.readlink(f"/proc/{pid}/ns/{kind}").partition("[")[2][:-1] for kind in _KINDS]
            except PermissionError:
                scan.denied("processes", pid)
                inodes = [""] * len(_KINDS)
            except OSError:
                # The process is gone.
                continue
            yield (pid, *inodes)
