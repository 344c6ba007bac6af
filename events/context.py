"""`Contexts`: who a process is, for events that name one: executable, parents, control group, container.

Read from /proc when a process is first named, and kept, since its events may arrive when it is gone. What is kept is
compared with the process now and then: another start time is another process, with a pid used again; another stack (the
kernel places it anew with each exec) is another program. A publisher's rows of `process_events` tell at once.
"""

from __future__ import annotations

import os
from time import monotonic

from ..vtables.sources.containers import container_in, container_of
from ..vtables.sources.files import read_once
from ..vtables.sources.process_paths import DELETED
from ..vtables.sources.procfs import parse_cgroup, parse_stat, pids
from ..vtables.sources.text import decode, from_os

TYPE_CHECKING = False
if TYPE_CHECKING:
    Context = tuple[str, int | None, str, str, str, str]

# Processes remembered; the ones named longest ago are forgotten first.
REMEMBERED = 10_000
# Parents that `ancestors` names at most.
DEPTH = 8
# Seconds that what is kept is believed without a look at the process, where nobody tells of programs that start and
# where somebody does.
BELIEVED, BELIEVED_TOLD = 0.05, 1.0
# Seconds after its end in which late events of a process still find it.
GRACE = 10.0
_UNKNOWN: Context = ("", None, "", "", "", "")
# Parents read for one process at most: a chain of ten thousand is somebody's joke.
_CHAIN = 100
# Control groups whose container is remembered.
_GROUPS = 1_000
_COMM = 15
# In the text of the ancestors.
_BETWEEN = " ← "
# linux/sched.h, PF_EXITING of a process's flags.
_EXITING = 0x4


class _Known:
    """What is kept of a process; `start` and `stack` as in /proc/PID/stat, b"none" of one that is gone."""

    __slots__ = ("_lineage", "chain", "comm", "context", "gone", "stack", "start", "until")

    def __init__(self, context: Context, comm: str, chain: tuple[str, ...], start: bytes, stack: bytes) -> None:
        self.context = context
        self.comm = comm
        self.chain = chain
        self.start = start
        self.stack = stack
        self.until = 0.0
        # When it was first found to be gone; 0 while it is not.
        self.gone = 0.0
        self._lineage: tuple[str, tuple[str, ...], str] = ("", (), "")

    def lineage(self, pid: int) -> tuple[tuple[str, ...], str]:
        """The ancestors of its children, and their text; `pid` is its own."""
        comm, chain, text = self._lineage
        if not chain or comm != self.comm:
            chain = (f"{self.comm or '?'} ({pid})", *self.chain)[:DEPTH] if self.comm or self.chain else ()
            text = _BETWEEN.join(chain)
            self._lineage = (self.comm, chain, text)
        return chain, text

    def is_still(self, fields: list[bytes]) -> bool:
        """Whether it is the process that these fields of /proc/PID/stat are of, in the same program. One that is ending
        has no stack any more; one that just begins another program has none yet, and is read again."""
        stack = fields[25]
        same = stack != b"0" and stack == self.stack
        return self.start == fields[19] and (same or int(fields[6]) & _EXITING != 0)


class Contexts:
    """What is known of processes, by pid: (exe, ppid, ancestors, cgroup_path, container_id, container_runtime).

    ppid and ancestors are those it had when it was first seen: parents that end later are not replaced by init.
    """

    def __init__(self, proc: str = "/proc") -> None:
        self._proc = proc
        self._known: dict[int, _Known] = {}
        self._groups: dict[bytes, tuple[str, str, str]] = {}
        self._believed = BELIEVED

    def prime(self) -> None:
        """Read the processes that there are, so that they are known when their last events arrive."""
        for pid in pids(os.listdir(self._proc))[:REMEMBERED]:
            self.of(pid)

    def of(self, pid: int) -> Context:
        """The context of a process; of one that is gone and was never seen, nothing."""
        known = self._known.get(pid)
        if known is None or known.until < monotonic():
            known = self._look(pid, known)
        return known.context

    def comm(self, pid: int) -> str:
        """The command name of a process; '' for one that is gone and was never seen."""
        known = self._known.get(pid)
        if known is None or known.until < monotonic():
            known = self._look(pid, known)
        return known.comm

    def started(self, pid: int, ppid: int | None = None, exe: str = "", cgroup: str = "", path: str = "") -> Context:
        """A program began to run in this process: its context. What is told needs not be read from /proc, and is all
        that is known of a process that is gone; `path` is what was executed, if only a script."""
        self._believed = BELIEVED_TOLD
        try:
            comm, fields = parse_stat(read_once(f"{self._proc}/{pid}/stat"))
            known = self._read(pid, comm, fields, 0, exe, cgroup)
        except (OSError, ValueError, IndexError):
            known = self._told(ppid, exe or path, cgroup, path or exe)
        self._keep(pid, known, monotonic() + self._believed)
        return known.context

    def told(self, pid: int, context: Context, path: str = "") -> None:
        """A program began to run in this process, and all is told: /proc is read only when somebody asks."""
        self._believed = BELIEVED_TOLD
        chain = tuple(context[2].split(_BETWEEN)) if context[2] else ()
        self._keep(pid, _Known(context, _comm(path or context[0]), chain, b"none", b"none"), 0.0)

    def ended(self, pid: int) -> None:
        """The process ended. Its late events still find it; a new process with its pid does not."""
        known = self._known.get(pid)
        if known is not None:
            known.gone = known.gone or monotonic()
            known.until = 0.0

    def _look(self, pid: int, known: _Known | None, level: int = 0) -> _Known:
        now = monotonic()
        try:
            comm, fields = parse_stat(read_once(f"{self._proc}/{pid}/stat"))
            if known is not None and known.is_still(fields):
                known.comm = decode(comm)
            else:
                known = self._read(pid, comm, fields, level)
        except (OSError, ValueError, IndexError):
            if known is None or (known.gone and now - known.gone > GRACE):
                known = _Known(_UNKNOWN, "", (), b"none", b"none")
            known.gone = known.gone or now
        self._keep(pid, known, now + self._believed)
        return known

    def _keep(self, pid: int, known: _Known, until: float) -> None:
        known.until = until
        self._known.pop(pid, None)
        if len(self._known) >= REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[pid] = known

    def _read(self, pid: int, comm: bytes, fields: list[bytes], level: int, exe: str = "", cgroup: str = "") -> _Known:
        folder = f"{self._proc}/{pid}"
        group = (cgroup, *container_of(cgroup)) if cgroup else self._group(read_once(folder + "/cgroup"))
        if not exe:
            try:
                exe = program(folder + "/exe")
            except OSError:
                exe = ""
        ppid = int(fields[1])
        chain, ancestors = self._lineage(ppid, level)
        return _Known((exe, ppid, ancestors, *group), decode(comm), chain, fields[19], fields[25])

    def _told(self, ppid: int | None, exe: str, cgroup: str, path: str) -> _Known:
        chain, ancestors = self._lineage(ppid or 0, 0)
        group = (cgroup, *container_of(cgroup)) if cgroup else ("", "", "")
        if not cgroup and ppid:
            # A child begins in its parent's control group (cgroups(7)), and there is no way out of a container.
            of_parent = self.of(ppid)[3:]
            group = of_parent if of_parent[1] else group
        # It is gone: of whatever has its pid later, this is not true.
        return _Known((exe, ppid, ancestors, *group), _comm(path), chain, b"none", b"none")

    def _lineage(self, ppid: int, level: int) -> tuple[tuple[str, ...], str]:
        if ppid <= 0 or level >= _CHAIN:
            return (), ""
        parent = self._known.get(ppid)
        if parent is None or parent.until < monotonic():
            parent = self._look(ppid, parent, level + 1)
        return parent.lineage(ppid)

    def _group(self, raw: bytes) -> tuple[str, str, str]:
        found = self._groups.get(raw)
        if found is None:
            if len(self._groups) >= _GROUPS:
                self._groups.clear()
            found = self._groups[raw] = (parse_cgroup(raw), *container_in(raw)[:2])
        return found


def _comm(path: str) -> str:
    """The command name of a program that was just started."""
    return decode(path.rpartition("/")[2].encode()[:_COMM])


def program(link: str, folder: int | None = None) -> str:
    """The path that a link /proc/PID/exe shows, without the mark of a file that was deleted; `folder` is an open
    directory that the link is relative to. Raises OSError."""
    target = os.readlink(link, dir_fd=folder)
    if target.endswith(DELETED) and not _is_there(link, folder, target):
        target = target[: -len(DELETED)]
    return from_os(target)


def _is_there(link: str, folder: int | None, target: str) -> bool:
    """Whether the file has that name, which only looks marked."""
    try:
        named, runs = os.lstat(target), os.stat(link, dir_fd=folder)
    except OSError:
        return False
    return (named.st_dev, named.st_ino) == (runs.st_dev, runs.st_ino)
