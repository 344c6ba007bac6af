"""The table `process_envs`: the environment each process was started with (/proc/PID/environ)."""

from __future__ import annotations

from ..scan import Scan
from ..sources.files import read
from ..sources.procfs import parse_environ, pids
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
        proc = scan.host.proc
        asked = scan.equals("pid")
        for pid in pids(proc) if asked is None else asked:
            scan.check()
            if not isinstance(pid, int) or pid <= 0:
                continue
            scan.tried("processes", pid)
            try:
                raw = read(f"{proc}/{pid}/environ")
            except PermissionError:
                scan.denied("processes", pid)
                continue
            except OSError:
                # The process is gone.
                continue
            for name, value in parse_environ(raw):
                yield pid, name, value
