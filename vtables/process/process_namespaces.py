"""The table `process_namespaces` (/proc/PID/ns, namespaces(7))."""

from __future__ import annotations

from ..scan import Scan
from ..sources.procfs import chosen
from ..table import INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_KINDS = ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts")


class ProcessNamespaces(Table):
    """The namespaces of each process, by inode; two processes share one when the numbers are equal."""

    pid = Column(INTEGER, "Process id", key=True)
    cgroup_namespace = Column(TEXT, "Inode of the control group namespace; '' where it cannot be read")
    ipc_namespace = Column(TEXT, "Inode of the IPC namespace; '' where it cannot be read")
    mnt_namespace = Column(TEXT, "Inode of the mount namespace; '' where it cannot be read")
    net_namespace = Column(TEXT, "Inode of the network namespace; '' where it cannot be read")
    pid_namespace = Column(TEXT, "Inode of the process id namespace; '' where it cannot be read")
    user_namespace = Column(TEXT, "Inode of the user namespace; '' where it cannot be read")
    uts_namespace = Column(TEXT, "Inode of the namespace of host names; '' where it cannot be read")

    identity = ("pid",)
    typical_rows = 300
    examples = ["SELECT net_namespace, count(*) AS processes FROM process_namespaces GROUP BY net_namespace;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        for pid in chosen(scan, scan.equals("pid")):
            scan.check()
            scan.tried("processes", pid)
            try:
                inodes = [_inode(scan, f"/proc/{pid}/ns/{kind}") for kind in _KINDS]
                if not any(inodes):
                    # A kernel has no namespaces at all, or the process is gone: only then is there no such directory.
                    scan.host.stat(f"/proc/{pid}")
            except PermissionError:
                scan.denied("processes", pid)
                inodes = [""] * len(_KINDS)
            except (FileNotFoundError, ProcessLookupError):
                continue
            except OSError as error:
                scan.note(f"a process could not be read: {error.strerror}", pid)
                continue
            yield (pid, *inodes)


def _inode(scan: Scan, link: str) -> str:
    """What stands in the brackets of `net:[INODE]`; '' where the kernel has no such namespaces."""
    try:
        return scan.host.readlink(link).partition("[")[2][:-1]
    except FileNotFoundError:
        return ""
