"""The table `file`: files and directories by path, directory or pattern (stat(2))."""

from __future__ import annotations

import stat
from operator import attrgetter

from ..scan import Scan
from ..sources.host import NotReached
from ..sources.text import from_os
from ..table import BIGINT, INTEGER, TEXT, Column, Table
from ._paths import asked_paths, note_beyond

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from ..sources.host import Host

_TYPES = {
    stat.S_IFREG: "regular",
    stat.S_IFDIR: "directory",
    stat.S_IFLNK: "symlink",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "character",
    stat.S_IFBLK: "block",
}

_NAMES = frozenset(("path", "directory", "filename"))
_TYPE_BITS = stat.S_IFMT(0o777777)


def _stat(field: str) -> Callable[[Any], Any]:
    """Reads a field of a row's stat, all in C: half the cost of a property, for each value of each file."""
    return attrgetter(f"_stat.st_{field}")


class _File:
    """One path; it is asked for once, and its link's target apart."""

    __slots__ = ("_dangling", "_host", "_link", "_name", "_stat", "directory", "path")

    pid_with_namespace = 0
    mount_namespace_id = ""
    mode = property(lambda self: f"{stat.S_IMODE(self._stat.st_mode):04o}")
    atime = property(lambda self: self._stat[stat.ST_ATIME])
    mtime = property(lambda self: self._stat[stat.ST_MTIME])
    ctime = property(lambda self: self._stat[stat.ST_CTIME])
    type = property(lambda self: _TYPES.get(stat.S_IFMT(self._stat.st_mode), "unknown"))
    symlink = property(lambda self: int(self._link))

    def __init__(self, host: Host, path: str, directory: str, name_alone: bool) -> None:
        """Raises OSError where there is no such file. `name_alone`: it was listed, no more will be asked for."""
        self._host = host
        self._name = path
        self.path = path if path.isascii() else from_os(path)
        self.directory = directory if directory.isascii() else from_os(directory)
        if name_alone:
            return
        found = host.lstat(path)
        self._link = found.st_mode & _TYPE_BITS == stat.S_IFLNK
        self._dangling = False
        if self._link:
            try:
                found = host.stat(path)
            except OSError:
                # A link that leads nowhere is shown as itself.
                self._dangling = True
        self._stat = found

    @property
    def btime(self) -> int | None:
        return self._host.creation_time(self._name, follow=not self._dangling)

    @property
    def filename(self) -> str:
        return self.path.rpartition("/")[2] or "."

    @property
    def symlink_target_path(self) -> str:
        return from_os(self._host.readlink(self._name)) if self._link else ""


class _Unread:
    """A path that cannot be looked up, of which only its name is known."""

    __slots__ = ("directory", "path")

    pid_with_namespace = 0
    mount_namespace_id = ""
    mode = atime = mtime = ctime = btime = type = symlink = symlink_target_path = None
    filename = _File.filename

    class _stat:
        st_ino = st_uid = st_gid = st_rdev = st_size = st_blksize = st_nlink = None

    def __init__(self, path: str, directory: str) -> None:
        self.path = from_os(path)
        self.directory = from_os(directory)


class File(Table):
    """Files and directories. A symbolic link shows what it leads to, and says that it is a link.

    `LIKE` on path and directory expands on disk: `%` is one level, `%%` everything below, dotfiles included; links to
    directories are not followed by `%%`. Parts without wildcard are names as they stand. `--osquery-patterns` reads
    patterns as osquery does.
    """

    path = Column(TEXT, "Path", required=True, like=True)
    directory = Column(TEXT, "Directory it is in", required=True, like=True)
    filename = Column(TEXT, "Last part of the path")
    inode = Column(BIGINT, "Inode number", value=_stat("ino"))
    uid = Column(BIGINT, "Owner", value=_stat("uid"))
    gid = Column(BIGINT, "Group", value=_stat("gid"))
    mode = Column(TEXT, "Permission bits, in octal")
    device = Column(BIGINT, "Device number of a device node, else 0", value=_stat("rdev"))
    size = Column(BIGINT, "Size, in bytes", value=_stat("size"))
    block_size = Column(INTEGER, "Block size for I/O, in bytes", value=_stat("blksize"))
    atime = Column(BIGINT, "Last read, in Unix seconds")
    mtime = Column(BIGINT, "Last change of the content, in Unix seconds")
    ctime = Column(BIGINT, "Last change of the content or the inode, in Unix seconds")
    btime = Column(BIGINT, "Creation, in Unix seconds; NULL where the file system does not keep it")
    hard_links = Column(INTEGER, "Number of its names", value=_stat("nlink"))
    symlink = Column(INTEGER, "1 if the path is a symbolic link, else 0")
    type = Column(TEXT, "regular, directory, symlink (one that leads nowhere), fifo, socket, character or block")
    symlink_target_path = Column(TEXT, "What the link says; '' for what is no link")
    pid_with_namespace = Column(INTEGER, "Not offered; always 0", hidden=True)
    mount_namespace_id = Column(TEXT, "Not offered; always ''", hidden=True)

    identity = ("path",)
    typical_rows = 200
    examples = [
        "SELECT path, size FROM file WHERE path = '/etc/passwd';",
        "SELECT path, human_size(size) AS size FROM file WHERE path LIKE '/etc/%' ORDER BY file.size DESC LIMIT 5;",
    ]

    def rows(self, scan: Scan) -> Iterator[_File | _Unread]:
        host = scan.host
        # A directory tells names: to ask for each file as well costs as much again as the whole walk.
        name_alone = scan.equals("path") is None and scan.columns <= _NAMES
        for path, directory in asked_paths(scan):
            try:
                yield _File(host, path, directory, name_alone)
            except NotReached:
                if scan.equals("path") is None:
                    yield _Unread(path, directory)
            except PermissionError:
                scan.denied("files", path)
                if scan.equals("path") is None:
                    # Its directory names it.
                    yield _Unread(path, directory)
            except (FileNotFoundError, NotADirectoryError, ValueError):
                # Not there, or gone since its directory was read.
                continue
            except OSError as error:
                if not note_beyond(scan, path, error):
                    scan.note(f"a file cannot be looked up: {error.strerror}", path)
                    yield _Unread(path, directory)
