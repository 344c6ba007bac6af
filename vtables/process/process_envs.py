"""The table `process_envs`: the environment each process was started with (/proc/PID/environ)."""

from __future__ import annotations

from ..scan import Scan
from ..sources.files import read
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
        def variables(pid: int) -> list[tuple[str, str]]:
            return parse_environ(read(f"{scan.host.proc}/{pid}/environ"))

        for pid, found in each(scan, variables, scan.equals("pid")):
            for name, value in found:
                yield pid, name, value
