"""`Contexts`: who a process is, for events that name one: executable, parents, control group, container.

Read from /proc when a process is first named, kept for as long as it lives; a publisher that saw it start tells more
than /proc can once it is gone.
"""

from __future__ import annotations

import os

from ..vtables.sources.containers import container_of
from ..vtables.sources.files import read_once
from ..vtables.sources.procfs import parse_cgroup, parse_stat
from ..vtables.sources.text import decode, from_os

TYPE_CHECKING = False
if TYPE_CHECKING:
    Context = tuple[str, int | None, str, str, str, str]

# Processes remembered; the ones named longest ago are forgotten first.
REMEMBERED = 10_000
# Parents that `ancestors` names at most.
DEPTH = 8
_UNKNOWN: Context = ("", None, "", "", "", "")


class Contexts:
    """What is known of processes, by pid: (exe, ppid, ancestors, cgroup_path, container_id, container_runtime)."""

    def __init__(self, proc: str = "/proc") -> None:
        self._proc = proc
        self._known: dict[int, Context] = {}

    def of(self, pid: int) -> Context:
        """The context of a process; of one that is gone and was never seen, nothing."""
        found = self._known.get(pid)
        if found is None:
            found = self._read(pid)
            if found is not _UNKNOWN:
                if len(self._known) >= REMEMBERED:
                    self._known.pop(next(iter(self._known)))
                self._known[pid] = found
        return found

    def comm(self, pid: int) -> str:
        """The command name of a process; '' for one that is gone."""
        return self._name(pid)[0]

    def forget(self, pid: int) -> None:
        """The process ended, or became another program."""
        self._known.pop(pid, None)

    def _read(self, pid: int) -> Context:
        folder = f"{self._proc}/{pid}"
        try:
            _, fields = parse_stat(read_once(folder + "/stat"))
            ppid = int(fields[1])
            cgroup = parse_cgroup(read_once(folder + "/cgroup"))
        except (OSError, ValueError, IndexError):
            return _UNKNOWN
        try:
            exe = from_os(os.readlink(folder + "/exe")).replace(" (deleted)", "")
        except OSError:
            exe = ""
        return (exe, ppid, self._ancestors(ppid), cgroup, *container_of(cgroup))

    def _ancestors(self, pid: int) -> str:
        found: list[str] = []
        while pid > 0 and len(found) < DEPTH:
            name, parent = self._name(pid)
            if not name:
                break
            found.append(f"{name} ({pid})")
            pid = parent
        return " ← ".join(found)

    def _name(self, pid: int) -> tuple[str, int]:
        try:
            comm, fields = parse_stat(read_once(f"{self._proc}/{pid}/stat"))
            return decode(comm), int(fields[1])
        except (OSError, ValueError, IndexError):
            return "", 0
