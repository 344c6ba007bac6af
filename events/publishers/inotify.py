"""`Inotify`: changes of files by inotify(7): a watch on each directory, for an ordinary user and on any file system.

pyinotify makes the descriptor and the watches. Its reader is not used: it dies of a name that is not UTF-8, takes 28 us
an event where 4 suffice, keeps watching what was moved away, and tells nobody that the kernel's queue overflowed.
"""

from __future__ import annotations

import os
import select
import struct
import time

from ...vtables.sources.files import read
from ...vtables.sources.text import from_os
from ..file_changes import Changes
from ..publisher import Unavailable
from ..rescan import Rescan
from .file_watcher import EVENTS, FileWatcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..options import Options
    from ..publisher import Stream

# <linux/inotify.h>
OPEN, ATTRIB, CLOSE_WRITE = 0x20, 0x4, 0x8
MOVED_FROM, MOVED_TO, CREATE, DELETE = 0x40, 0x80, 0x100, 0x200
UNMOUNT, OVERFLOW, IGNORED = 0x2000, 0x4000, 0x8000
ONLYDIR, DONT_FOLLOW, IS_DIRECTORY = 0x0100_0000, 0x0200_0000, 0x4000_0000

# What is asked of a directory that can hold files of a category, and of one on the way to such.
_CHANGES = ATTRIB | CLOSE_WRITE | MOVED_FROM | MOVED_TO | CREATE | DELETE | ONLYDIR
_ON_THE_WAY = MOVED_FROM | MOVED_TO | CREATE | DELETE | ONLYDIR
_HEADER = struct.Struct("iIII")
_NAME = _HEADER.size
_SIMPLE = {ATTRIB: "ATTRIBUTES_MODIFIED", CLOSE_WRITE: "UPDATED", OPEN: "OPENED"}
# Milliseconds to wait for the other half of a move: one system call queues both.
_HALF_MS = 2


class Inotify(FileWatcher):
    """Watches directories."""

    name = "inotify"
    tier = 2
    settings = ("file_paths", "exclude_paths", "file_accesses", "watch_budget")

    def open(self, tables: frozenset[str], options: Options) -> None:
        self.begin(options)
        self._watches = self.watches()
        self._paths: dict[int, str] = {}
        self._descriptors: dict[str, int] = {}
        # Directories that were not watched before this walk.
        self._fresh: set[str] = set()
        # Entries told because a new directory was read, whose own event may be in the queue.
        self._told: set[str] = set()
        # Halves of moves by cookie: (path, whether it is a directory).
        self._moves: dict[int, tuple[str, bool]] = {}
        self._pyinotify = _pyinotify()
        try:
            self._manager = self._pyinotify.WatchManager()
        except OSError as error:
            raise Unavailable(str(error), "raise fs.inotify.max_user_instances") from None
        fd: int = self._manager.get_fd()
        os.set_blocking(fd, False)
        os.set_inheritable(fd, False)
        self.wait_for(fd, Changes())
        self._poll_kernel = select.poll()
        self._poll_kernel.register(fd, select.POLLIN)
        self._watch_tree("")
        if not self._paths:
            reason = next(iter(self._gaps.values()), "no directory can be watched")
            self.close()
            raise Unavailable(reason)

    def drain(self, stream: Stream) -> None:
        now, handled, empty, waited = int(time.time()), 0, False, False
        while handled < EVENTS and not empty:
            raw = self.read()
            if raw:
                handled += self._handle(raw, now)
            elif self._moves and not waited:
                self._poll_kernel.poll(_HALF_MS)
                waited = True
            else:
                empty = True
        if empty:
            self._forget_moved_out()
            self._told.clear()
            if self._rescan is None:
                self._drained_at = now
        if self.finish(stream):
            self._fresh.clear()

    def watch_anew(self) -> None:
        self._watches = self.watches()
        for path in [path for path in self._descriptors if not self._watches.leads(path)]:
            self._unwatch(path)
        self._watch_tree("")

    def close(self) -> None:
        self._poll.close()
        self._manager.close()
        self._changes.close()

    def _handle(self, raw: bytes, now: int) -> int:
        """The events in what was read: a header each, and a name filled up with NULs."""
        place, end, count, excluded = 0, len(raw), 0, 0
        unpack, paths, category, add = _HEADER.unpack_from, self._paths, self._watches.category, self._changes.add
        while place < end:
            descriptor, mask, cookie, length = unpack(raw, place)
            begin = place + _NAME
            place = begin + length
            count += 1
            if mask & (OVERFLOW | IGNORED | UNMOUNT) or not length:
                self._about_watch(descriptor, mask)
                excluded += 1
                continue
            directory = paths.get(descriptor)
            if directory is None:
                excluded += 1
                continue
            path = f"{directory}/{os.fsdecode(raw[begin:place].rstrip(bytes(1)))}"
            found = category(path)
            if mask & (CREATE | DELETE | MOVED_FROM | MOVED_TO):
                if not self._entry(path, found, mask, cookie, now):
                    excluded += 1
                continue
            action = _SIMPLE.get(mask & (ATTRIB | CLOSE_WRITE | OPEN))
            if found is None or action is None or (mask & OPEN and found not in self._accesses):
                excluded += 1
            else:
                add(path, found, action, now)
        self._counters.seen += count
        self._counters.excluded += excluded
        return count

    def _entry(self, path: str, category: str | None, mask: int, cookie: int, now: int) -> bool:
        """An entry of a directory came or went; gives whether that became a row."""
        directory = bool(mask & IS_DIRECTORY)
        if mask & CREATE:
            double = path in self._told
            self._told.discard(path)
            if category is not None and not double:
                self._changes.add(path, category, "CREATED", now)
            if directory:
                self._watch_tree(path, now)
            return category is not None and not double
        self._told.discard(path)
        transaction = cookie or None
        if mask & DELETE:
            action, transaction = "DELETED", None
        elif mask & MOVED_FROM:
            action = "MOVED_FROM"
            self._moves[cookie] = path, directory
        else:
            action = "MOVED_TO"
            before = self._moves.pop(cookie, None)
            if category is not None:
                self._changes.add(path, category, action, now, transaction)
            if directory:
                self._moved(before[0] if before else None, path, now)
            return category is not None
        if category is not None:
            self._changes.add(path, category, action, now, transaction)
        return category is not None

    def _about_watch(self, descriptor: int, mask: int) -> None:
        if mask & OVERFLOW:
            self.overflowed(Rescan(self._watches, self._changes, self._drained_at - 1, self._enter))
        elif mask & IGNORED:
            path = self._paths.pop(descriptor, None)
            self._manager.watches.pop(descriptor, None)
            if path is not None and self._descriptors.get(path) == descriptor:
                del self._descriptors[path]

    # Watches

    def _watch_tree(self, top: str, now: int | None = None) -> None:
        """Watch what leads to files of categories at and below a directory. With `now`, what is found in directories
        that were not watched before is told as created: it may have come before the watch."""
        for path, entry in self._watches.walk(top, self._enter):
            parent = path.rpartition("/")[0]
            if now is not None and parent in self._fresh:
                self._tell(path, entry.is_dir(follow_symlinks=False), now)
        self._fresh.clear()

    def _tell(self, path: str, directory: bool, now: int) -> None:
        category = self._watches.category(path)
        if category is not None:
            self._told.add(path)
            self._counters.seen += 1
            self._changes.add(path, category, "CREATED", now, content=not directory)

    def _enter(self, directory: str) -> bool:
        """Watch a directory; gives whether to look into it."""
        known = self._descriptors.get(directory)
        if known is None and len(self._paths) >= self._options.watch_budget:
            self.gap(
                "budget",
                f"the budget of {self._options.watch_budget} inotify watches is used up: {from_os(directory)} and more "
                "is not watched; raise watch_budget, or name what is not needed in exclude_paths",
            )
            return False
        mask = _CHANGES if self._watches.holds(directory) else _ON_THE_WAY
        if self._accesses and mask == _CHANGES:
            mask |= OPEN
        try:
            descriptor = self._add_watch(directory, mask)
        except OSError as error:
            return self._not_watched(directory, error)
        if descriptor != known:
            self._fresh.add(directory)
            before = self._paths.get(descriptor)
            if before is not None and self._descriptors.get(before) == descriptor:
                del self._descriptors[before]
            self._paths[descriptor] = directory
            self._descriptors[directory] = descriptor
        return True

    def _add_watch(self, directory: str, mask: int) -> int:
        """The watch descriptor. pyinotify cannot name a directory that is not UTF-8: it is opened instead."""
        name, opened = directory or "/", None
        try:
            name.encode()
            mask |= DONT_FOLLOW
        except UnicodeEncodeError:
            opened = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            name = f"/proc/self/fd/{opened}"
        try:
            found: int = self._manager.add_watch(name, mask, quiet=False)[name]
            return found
        except self._pyinotify.WatchManagerError:
            import ctypes

            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error)) from None
        finally:
            if opened is not None:
                os.close(opened)

    def _not_watched(self, directory: str, error: OSError) -> bool:
        import errno

        if error.errno == errno.ENOSPC:
            limit = read("/proc/sys/fs/inotify/max_user_watches").decode().strip()
            self.gap(
                "kernel",
                f"the kernel gives no more inotify watches (fs.inotify.max_user_watches is {limit}): "
                f"{from_os(directory)} and more is not watched; raise it with sysctl",
            )
        elif error.errno == errno.EACCES:
            self.gap("denied", f"{from_os(directory)} may not be read, and is not watched")
            # What it holds may be readable though it is not itself.
            return True
        return False

    def _unwatch(self, path: str) -> None:
        descriptor = self._descriptors.pop(path)
        self._paths.pop(descriptor, None)
        self._manager.rm_watch(descriptor)

    # Moves

    def _moved(self, old: str | None, new: str, now: int) -> None:
        """A directory has another name: so have the directories watched below it."""
        if old is not None:
            for path in self._below(old):
                descriptor = self._descriptors.pop(path)
                there = new + path[len(old) :]
                if self._watches.leads(there):
                    self._descriptors[there] = descriptor
                    self._paths[descriptor] = there
                else:
                    self._paths.pop(descriptor, None)
                    self._manager.rm_watch(descriptor)
        self._watch_tree(new, now)

    def _below(self, top: str) -> list[str]:
        """The watched directories at and below one."""
        if top not in self._descriptors:
            return []
        return [path for path in self._descriptors if path == top or path.startswith(top + "/")]

    def _forget_moved_out(self) -> None:
        """Moves whose other half did not come went where nothing is watched."""
        for path, directory in self._moves.values():
            for watched in self._below(path) if directory else ():
                self._unwatch(watched)
        self._moves.clear()


def _pyinotify() -> Any:
    import logging
    import warnings

    with warnings.catch_warnings():
        # It imports asyncore, which Python deprecates.
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            import pyinotify
        except ImportError as error:
            raise Unavailable(f"pyinotify cannot be imported: {error}") from None
    # It would write what it has to say to standard error.
    logging.getLogger("pyinotify").setLevel(logging.CRITICAL + 1)
    return pyinotify
