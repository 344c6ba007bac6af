"""Where a path leads, and whether the way goes over a mount that a question must not touch: an automount point on which
nothing is mounted yet, which a look-up would mount, and a network or FUSE mount, whose server may never answer.

Links decide, not the path's text: `~/data` may lead to an automount point. So each component is looked at as a link
before the next (path_resolution(7)); links that were followed are remembered for a statement.
"""

from __future__ import annotations

import os

from .host import LIVE, NotReached
from .mounts import AUTOFS, is_remote, uppermost, uppermost_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..scan import Scan

# MAXSYMLINKS of the kernel.
_MOST_LINKS = 40
# Directories remembered for a statement.
_MOST_KNOWN = 50_000
# What in /proc can lead elsewhere: links that the kernel follows by itself (proc(5)), and its own automount points.
_OUT_OF_PROC = ("/root", "/cwd", "/exe", "/fd/", "/map_files/", "/sys/fs/")

_NOTES = {
    # (automount point, whether to be listed): what is said.
    (True, False): "what is below an automount point is not looked up, which could mount something",
    (True, True): "automount points are not walked into, which could mount something",
    (False, False): "what is on network and FUSE mounts is not looked up (--remote-mounts does)",
    (False, True): "network and FUSE mounts are not walked into (--remote-mounts does)",
}
_SILENT = "a network or FUSE mount did not answer"


class Ways:
    """The mounts to keep off, and the way to each directory that was asked for; one for a statement.

    slow  {mount point: whether it is an automount point}
    """

    def __init__(self, mounts: dict[str, tuple[str, int]], readlink: Callable[[str], str]) -> None:
        self.slow = _slow(mounts)
        self.reached: set[str] = set()
        self._readlink = readlink
        # (path without links, mount point on the way that is not to be touched or '') of directories, without and with
        # network and FUSE mounts.
        self._known: tuple[dict[str, tuple[str, str]], ...] = ({}, {})

    def stops(self, path: str, *, follow: bool = True, inside: bool = False, remote: bool = True) -> str:
        """The mount point on the way to a path that is not to be touched, '' for none.

        The end of the path may be an automount point, unless what is `inside` is asked for; with `remote`, network
        and FUSE mounts are such, too.
        """
        if not path.startswith("/"):
            path = f"{os.getcwd()}/{path}"
        above, _, name = path.rpartition("/")
        if name in ("", ".", ".."):
            return self._resolve(path, remote, inside=True)[1]
        folder, stop = self._known[remote].get(above) or self._directory(above, remote)
        if stop:
            return stop
        if not (follow or inside):
            # Most of a walk: the end is not followed, whatever it is.
            here = f"{folder}/{name}"
            return here if remote and self.slow.get(here) is False else ""
        return self._resolve(f"{folder}/{name}", remote, start=len(folder), follow=follow or inside, inside=inside)[1]

    def _directory(self, path: str, remote: bool) -> tuple[str, str]:
        known = self._known[remote]
        above, _, name = path.rpartition("/")
        folder, stop = known.get(above, ("", ""))
        if folder and not stop and name not in ("", ".", ".."):
            found = self._resolve(f"{folder}/{name}", remote, start=len(folder), inside=True)
        else:
            found = self._resolve(path, remote, inside=True)
        if len(known) < _MOST_KNOWN:
            known[path] = found
        return found

    def _resolve(
        self, path: str, remote: bool, *, start: int = 0, follow: bool = True, inside: bool = False
    ) -> tuple[str, str]:
        """(path without links, the mount point that ended the way or ''); up to `start` it has none."""
        done, todo, links = path[:start], path[start:].split("/")[::-1], 0
        while todo:
            name = todo.pop()
            if name in ("", ".", ".."):
                done = done.rpartition("/")[0] if name == ".." else done
                continue
            here = f"{done}/{name}"
            end = not todo and not inside
            automount = self.slow.get(here)
            if automount is not None:
                if (automount and not end) or (remote and not automount):
                    return here, here
                done = here
                continue
            if end and not follow:
                return here, ""
            try:
                target = self._readlink(here)
            except (OSError, ValueError):
                # No link; or not there, and then nothing behind it is.
                done = here
                continue
            links += 1
            if links > _MOST_LINKS:
                return here, ""
            if here.startswith("/proc/") and target[:1] != "/" and ":" in target:
                # A pipe, a socket, a namespace: no path.
                return here, ""
            if here.startswith("/proc/") and target[:1] == "/" and here.count("/") > 2:
                process = "/".join(here.split("/")[:3])
                target = self._seen_from_here(process, target)
                if target.startswith(process):
                    done = f"{process}/root"
                    todo += target[len(done) :].split("/")[::-1]
                    continue
            if target.startswith("/"):
                done = ""
            todo += target.split("/")[::-1]
        return done, ""

    def _seen_from_here(self, process: str, target: str) -> str:
        """The path by which what a process has at `target` is found here: below its root, if its mounts are others."""
        try:
            if self._readlink(f"{process}/ns/mnt") == LIVE.readlink("/proc/self/ns/mnt"):
                return target
            top = self._readlink(f"{process}/root").rstrip("/")
            mounts = uppermost(LIVE.read(f"{process}/mountinfo"))
        except OSError:
            return target
        self.slow.update({f"{process}/root{path}": automount for path, automount in _slow(mounts).items()})
        return f"{process}/root{target[len(top) :] if (target + '/').startswith(top + '/') else target}"


def _slow(mounts: dict[str, tuple[str, int]]) -> dict[str, bool]:
    kinds = {path: type for path, (type, _) in mounts.items() if path != "/"}
    return {path: type == AUTOFS for path, type in kinds.items() if type == AUTOFS or is_remote(type)}


class Guard:
    """What a scan's host asks before it looks a path up; raises NotReached, of which a note was made.

    search  whether nobody named the path: it comes from a pattern, a directory or an account. Then network and FUSE
            mounts are kept off, too, unless the settings allow them.
    """

    __slots__ = ("_scan", "_ways", "search")

    def __init__(self, scan: Scan) -> None:
        self._scan = scan
        self._ways: Ways | None = None
        self.search = False

    @property
    def ways(self) -> Ways:
        if self._ways is None:
            scan = self._scan
            self._ways = scan.shared("ways", lambda: Ways(uppermost_of(scan), scan.unguarded.readlink))
        return self._ways

    def __call__(self, path: str, follow: bool = True, inside: bool = False) -> None:
        if path.startswith("/proc/") and ((not follow and _is_link_of_process(path)) or _stays_in_proc(path)):
            return
        ways = self._ways or self.ways
        if not ways.slow or path in ways.reached:
            return
        remote = self.search and not self._scan.settings.remote_mounts
        stop = ways.stops(path, follow=follow, inside=inside, remote=remote)
        if stop:
            text = _NOTES[ways.slow[stop], inside]
            self._scan.note(text, stop)
            raise NotReached(text, path)

    def named(self, path: str) -> None:
        """For a path that the query names: a server is asked for it, but not waited for without end."""
        ways = self.ways
        if not ways.slow or path in ways.reached:
            return
        stop = ways.stops(path)
        # An automount point is kept off when it comes to the look-up, which may be one of a link alone.
        if not stop or ways.slow[stop]:
            return
        from .bounded import answers

        host = self._scan.unguarded
        if next(answers(lambda each: (host.stat(each).st_ino,), [path], self._scan.check)) is None:
            self._scan.note(_SILENT, stop)
            raise NotReached(_SILENT, path)
        # It answers, be it with an error: what follows gets the same.
        ways.reached.add(path)


def _stays_in_proc(path: str) -> bool:
    return not any(way in path for way in _OUT_OF_PROC)


def _is_link_of_process(path: str) -> bool:
    """Whether it is itself such a link, /proc/PID/exe or /proc/PID/fd/N, and nothing behind one."""
    parts = path.split("/")
    return len(parts) == 4 or (len(parts) == 5 and parts[3] == "fd")


def searching(scan: Scan) -> None:
    """What this scan looks up from now on was not named by the query; see `Guard`."""
    if scan.host.guard is not None:
        scan.host.guard.search = True


def named(scan: Scan, path: str) -> bool:
    """Whether a path that the query names may be looked up; if not, a note says so."""
    try:
        if scan.host.guard is not None:
            scan.host.guard.named(path)
    except NotReached:
        return False
    return True


def reaches(scan: Scan, path: str, *, inside: bool = False) -> bool:
    """Whether a path that nobody named may be looked up (with `inside`: listed as a directory); if not, a note says
    so."""
    guard = scan.host.guard
    if guard is None:
        return True
    try:
        guard(path, inside=inside)
    except NotReached:
        return False
    return True
