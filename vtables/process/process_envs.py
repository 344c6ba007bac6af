"""The table `process_envs`: the environment each process was started with (/proc/PID/environ)."""

from __future__ import annotations

from ..scan import Scan
from ..sources.files import LARGEST
from ..sources.procfs import each, parse_environ
from ..table import INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


class ProcessEnvs(Table):
    """The environment variables of the processes, as they were when each started its program."""

    pid = Column(INTEGER, "Process id", key=True)
    key = Column(TEXT, "Name of the variable")
    value = Column(TEXT, "Value of the variable")

    typical_rows = 3000
    examples = ["SELECT e.pid, p.name, e.value FROM process_envs e JOIN processes p USING (pid) WHERE e.key = 'HOME';"]

    def rows(self, scan: Scan) -> Iterator[tuple[int, str, str]]:
        for pid, raw in each(scan, lambda pid: scan.host.read(f"/proc/{pid}/environ"), scan.equals("pid")):
            if len(raw) >= LARGEST:
                scan.note(f"of an environment only the first {LARGEST >> 20} MiB were read", pid)
            for name, value in parse_environ(raw):
                yield pid, name, value
