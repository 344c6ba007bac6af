"""`Fanotify`: changes of files by fanotify(7): whole file systems without a watch per directory, and who changed them.

For root. A file system that cannot be marked (overlay, FUSE) leaves `file_events` to inotify.
"""

from __future__ import annotations

import errno
import os
import select
import time

from ...vtables.sources.files import read
from ...vtables.sources.mounts import parse_mountinfo
from ..file_changes import Changes
from ..publisher import Unavailable
from ..rescan import Rescan
from . import fanotify_abi as abi
from .file_watcher import EVENTS, FileWatcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...vtables.sources.mounts import Mount
    from ..options import Options
    from ..publisher import Stream

_MASK = abi.ATTRIB | abi.CLOSE_WRITE | abi.CREATE | abi.DELETE | abi.ONDIR
_HALVES = abi.MOVED_FROM | abi.MOVED_TO
# The kernel merges what happens to one file: in this order it usually did.
_ACTIONS = (
    (abi.CREATE, "CREATED"),
    (abi.MOVED_TO, "MOVED_TO"),
    (abi.OPEN, "OPENED"),
    (abi.CLOSE_WRITE, "UPDATED"),
    (abi.ATTRIB, "ATTRIBUTES_MODIFIED"),
    (abi.MOVED_FROM, "MOVED_FROM"),
    (abi.DELETE, "DELETED"),
)
# Events in directories that are gone, kept until the event of their removal tells their path.
_UNRESOLVED = 20_000


class Fanotify(FileWatcher):
    """Watches file systems."""

    name = "fanotify"
    tier = 1
    settings = ("file_paths", "exclude_paths", "file_accesses")

    def open(self, tables: frozenset[str], options: Options) -> None:
        self.begin(options)
        self._unresolved: list[abi.Event] = []
        # (directory, name) and handle of directories that were removed.
        self._removed: list[tuple[tuple[bytes, bytes], bytes]] = []
        self._transaction = 0
        self._marked: set[str] = set()
        self.wait_for(_group(), Changes(with_pid=True))
        self._mountinfo = os.open("/proc/self/mountinfo", os.O_RDONLY | os.O_CLOEXEC)
        self._poll.register(self._mountinfo, select.EPOLLPRI | select.EPOLLERR)
        self._directories = abi.Directories(lambda path: self._watches.leads(path))
        try:
            self._mark_mounts()
        except Unavailable:
            self.close()
            raise

    def drain(self, stream: Stream) -> None:
        if any(fd == self._mountinfo for fd, _ in self._poll.poll(0)):
            try:
                self._mark_mounts()
            except Unavailable as unavailable:
                self.gap("mounts", unavailable.reason)
        now, handled = int(time.time()), 0
        while handled < EVENTS:
            raw = self.read()
            if not raw:
                self._resolve_removed(now)
                if self._rescan is None:
                    self._drained_at = now
                break
            for event in abi.parse(raw):
                handled += 1
                self._handle(event, now)
        self.finish(stream)

    def watch_anew(self) -> None:
        self._mark_mounts()

    def close(self) -> None:
        self._poll.close()
        self._directories.close()
        self._changes.close()
        os.close(self._mountinfo)
        os.close(self._fd)

    # Events

    def _handle(self, event: abi.Event, now: int) -> None:
        counters, mask = self._counters, event.mask
        counters.seen += 1
        if mask & abi.OVERFLOW:
            self.overflowed(Rescan(self._watches, self._changes, self._drained_at - 1, lambda directory: True))
        elif event.place is None:
            counters.excluded += 1
        elif mask & abi.RENAME and event.before is not None:
            self._renamed(event, event.before, event.place, now)
        else:
            if mask & abi.ONDIR:
                self._about_directory(event, event.place)
            self._changed(event, event.place, now)

    def _changed(self, event: abi.Event, place: tuple[bytes, bytes], now: int) -> None:
        path = self._path(place)
        if path is None:
            # Its directory is gone; the event of that is in the queue, and tells where it was.
            if len(self._unresolved) < _UNRESOLVED:
                self._unresolved.append(event)
            else:
                self._counters.lost += 1
            return
        category = self._watches.category(path) if path else None
        actions = [action for bit, action in _ACTIONS if event.mask & bit] if category is not None else []
        if "OPENED" in actions and (category not in self._accesses or event.pid == os.getpid()):
            actions.remove("OPENED")
        if not actions or category is None:
            self._counters.excluded += 1
            return
        if len(actions) > 1:
            self._counters.seen += len(actions) - 1
            if actions[-1] == "DELETED" and os.path.lexists(path):
                actions = ["DELETED", *actions[:-1]]
        for action in actions:
            self._changes.add(path, category, action, now, None, event.pid or None)

    def _renamed(self, event: abi.Event, before: tuple[bytes, bytes], place: tuple[bytes, bytes], now: int) -> None:
        old, new = self._path(before), self._path(place)
        self._transaction += 1
        rows = 0
        for path, action in ((old, "MOVED_FROM"), (new, "MOVED_TO")):
            category = self._watches.category(path) if path else None
            if path and category is not None:
                rows += 1
                self._changes.add(path, category, action, now, self._transaction, event.pid or None)
        self._counters.seen += max(0, rows - 1)
        self._counters.excluded += not rows
        if event.mask & abi.ONDIR:
            self._directories.forget()
            if new and not (old and self._watches.leads(old)):
                self._tell_tree(new, event.pid, now)

    def _tell_tree(self, top: str, pid: int, now: int) -> None:
        """A directory came from where nothing is watched: what is in it is new here."""
        for path, entry in self._watches.walk(top, lambda directory: True):
            category = self._watches.category(path)
            if category is not None:
                self._counters.seen += 1
                new = not entry.is_dir(follow_symlinks=False)
                self._changes.add(path, category, "CREATED", now, None, pid or None, content=new)

    def _about_directory(self, event: abi.Event, place: tuple[bytes, bytes]) -> None:
        if event.mask & _HALVES:
            self._directories.forget()
        elif event.mask & abi.DELETE and event.target is not None:
            self._removed.append((place, event.target))

    def _path(self, place: tuple[bytes, bytes]) -> str | None:
        """The path of an entry; '' where nobody wants it, None where its directory is gone."""
        directory, name = self._directories.path(place[0]), place[1]
        if not isinstance(directory, str):
            return directory if directory is None else ""
        # An event of the directory itself, not of something in it.
        return directory if name == b"." else f"{directory}/{os.fsdecode(name)}"

    def _resolve_removed(self, now: int) -> None:
        """The queue is empty: what is unresolved was in directories whose removal was told meanwhile, the innermost
        first."""
        for place, target in reversed(self._removed):
            path = self._path(place)
            if path is not None:
                self._directories.know(target, path)
        self._removed.clear()
        events, self._unresolved = self._unresolved, []
        for event in events:
            if event.place is not None:
                self._changed(event, event.place, now)
        self._counters.lost += len(self._unresolved)
        self._unresolved.clear()

    # File systems

    def _mark_mounts(self) -> None:
        """Mark every file system that holds something wanted, those mounted since among them. Raises Unavailable."""
        mounts = parse_mountinfo(read("/proc/self/mountinfo"))
        self._watches = self.watches(mounts)
        self._directories.forget()
        wanted = {_mount_of(root, mounts) for root in self._watches.roots}
        wanted |= {mount.path for mount in mounts if self._watches.leads(mount.path.rstrip("/"))}
        wanted.discard("")
        mask = _MASK | (abi.OPEN if self._accesses else 0)
        for path in sorted(wanted - self._marked):
            try:
                self._mark(mask, path)
                self._directories.mounted(path)
            except OSError as error:
                if error.errno == errno.EPERM:
                    raise _forbidden() from None
                kind = next((mount.type for mount in reversed(mounts) if mount.path == path), "?")
                raise Unavailable(
                    f"fanotify cannot watch {path} ({kind}): {error.strerror}", "exclude it in exclude_paths"
                ) from None
            self._marked.add(path)
        self._marked &= wanted

    def _mark(self, mask: int, path: str) -> None:
        try:
            abi.mark(self._fd, mask | abi.RENAME, path)
        except OSError as error:
            # Before Linux 5.17 the two halves of a move are events of their own.
            if error.errno != errno.EINVAL:
                raise
            abi.mark(self._fd, mask | _HALVES, path)


def _group() -> int:
    flags = abi.CLOEXEC | abi.NONBLOCK | abi.REPORT_DIR_FID | abi.REPORT_NAME
    try:
        try:
            return abi.init(flags | abi.REPORT_FID | abi.REPORT_TARGET_FID)
        except OSError as error:
            # Before Linux 5.17 the target is not told.
            if error.errno != errno.EINVAL:
                raise
            return abi.init(flags)
    except OSError as error:
        if error.errno == errno.EPERM:
            raise _forbidden() from None
        raise Unavailable(f"this kernel has no fanotify with names: {error.strerror}") from None


def _forbidden() -> Unavailable:
    return Unavailable("fanotify needs CAP_SYS_ADMIN", "run as root")


def _mount_of(directory: str, mounts: list[Mount]) -> str:
    """Where the file system is mounted that a directory lies on or would lie on."""
    above = [m.path for m in mounts if m.path == "/" or directory == m.path or directory.startswith(m.path + "/")]
    return max(above, key=len, default="/")
