"""Writing files that nobody else decides about: not where they go, not what they are, not who reads them.

`NewFile` is the one way to write a file, `append` to add to one (`private.py` has those for hostql alone). In a
directory that belongs to somebody else or that others can write, /tmp above all, they may have put a link, a FIFO or a
file of theirs in the place of ours (`planted.py`).

- A new file has no name until it is complete (O_TMPFILE of open(2)), so that nothing of it stays if hostql is killed.
  Where a file system cannot do that, it has one that cannot be foreseen (O_EXCL, `unfinished.py`). Then it takes the
  target's name.
  Until then, and where it fails, what had the name stays.
- What had the name is replaced, not written to: other hard links of it, and whoever has it open, keep what was there.
  The new file is its writer's. It keeps the permission bits and group of a file of its writer's; of somebody else's, it
  gets no more bits than both allow. ACLs and other extended attributes are the directory's defaults.
- What cannot be replaced, a mount point or a file in a directory that may not be written, is written when all rows are
  there, if it is a regular file of the writer's with no other name.
- A symbolic link is followed where root or the writer made it, wherever it is on the way.
- A device, a FIFO and an open descriptor (/dev/stdout) are written as they are, unless others may have put them there.
"""

from __future__ import annotations

import errno
import os
import stat

from . import unfinished
from .place import Refused, kind_of
from .planted import find_own, may_be_linked, refuse_planted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import BinaryIO, TextIO

# Descriptors as paths, for calls that take no descriptor (proc_pid_fd(5)).
_DESCRIPTORS = "/proc/self/fd"


class NewFile:
    """A file that takes its name when it is complete.

        with NewFile("/etc/hostql/x", mode=0o600) as new:
            new.text().write(...)

    mode     permission bits; None for those of what it replaces, else those that the umask leaves
    durable  whether it is on the disk, with its name, when it has it: a loss of power leaves the old or the new file
    fd       to write to
    """

    def __init__(self, path: str, *, mode: int | None = None, durable: bool = False) -> None:
        """Raises OSError."""
        self.fd = -1
        self._durable = durable
        self._stream: TextIO | BinaryIO | None = None
        # Whether what was written is still to have its name.
        self._pending = False
        # The name that the file has meanwhile, if any; and the file that it is copied to, if it is to replace none.
        self._name = ""
        self._target = -1
        self._place = find_own(path)
        try:
            self._open(mode)
        except BaseException:
            self._place.__exit__(None, None, None)
            raise

    def text(self) -> TextIO:
        """The file as a stream of text, UTF-8 with what is no Unicode as `\\xNN`; it is closed with the file."""
        stream = open(self.fd, "w", encoding="utf-8", errors="backslashreplace", newline="\n", closefd=False)
        self._stream = stream
        return stream

    def binary(self) -> BinaryIO:
        """The file as a stream of bytes; it is closed with the file."""
        stream = open(self.fd, "wb", closefd=False)
        self._stream = stream
        return stream

    def publish(self) -> None:
        """Give the file its name, now; what is written from here on goes to it, too. Raises OSError."""
        if self._stream is not None and not self._stream.closed:
            self._stream.flush()
        if not self._pending:
            return
        if self._target >= 0:
            self._copy()
        else:
            self._take_name()
        self._pending = False

    def close(self) -> None:
        """End it: a file that has not been given its name is removed. Raises OSError for what could not be written."""
        if self.fd < 0:
            return
        try:
            if self._stream is not None:
                self._stream.close()
        finally:
            file, self.fd = self.fd, -1
            self._remove_name()
            self._place.__exit__(None, None, None)
            if self._target >= 0:
                os.close(self._target)
            os.close(file)

    def __enter__(self) -> NewFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            try:
                self.publish()
            finally:
                self.close()
            return
        try:
            self.close()
        except OSError:
            # What is already on its way says more.
            pass

    def _open(self, mode: int | None) -> None:
        place, found = self._place, self._place.found
        if place.descriptor is not None:
            self.fd = os.dup(place.descriptor)
        elif found is None or stat.S_ISREG(found.st_mode):
            self._make(mode)
        elif stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), place.path)
        elif stat.S_ISSOCK(found.st_mode):
            raise Refused("it is a socket", place.path)
        else:
            refuse_planted(place)
            self.fd = place.open_found(os.O_WRONLY)

    def _make(self, mode: int | None) -> None:
        place, found = self._place, self._place.found
        if found is not None and place.is_mount_point():
            self._write_in_place(mode, "it is a mount point, which no file can replace")
            return
        ours = found is not None and found.st_uid == os.geteuid() and not may_be_linked(place)
        # The umask takes its bits from what is asked for here; fchmod below does not.
        first = 0o600 if mode is not None or ours else 0o666 if found is None else found.st_mode & 0o666
        try:
            self._make_beside(first)
        except OSError as error:
            why = f"no file can be made in {os.path.dirname(place.path)}: {error.strerror}"
            if found is None or error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
                raise OSError(error.errno, why, place.path) from error
            self._write_in_place(mode, why)
            return
        self._pending = True
        try:
            if mode is not None:
                os.fchmod(self.fd, mode)
            elif found is not None and ours:
                os.fchmod(self.fd, _kept(self.fd, found))
        except BaseException:
            self._remove_name()
            os.close(self.fd)
            raise

    def _make_beside(self, mode: int) -> None:
        """A file in the directory of the target, without a name where the file system can do that."""
        folder = self._place.folder
        flags = os.O_WRONLY | os.O_CLOEXEC
        if os.path.isdir(_DESCRIPTORS):
            try:
                self.fd = os.open(".", flags | os.O_TMPFILE, mode, dir_fd=folder)
                return
            except OSError as error:
                if error.errno not in (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT):
                    raise
        name = _unforeseen()
        # O_EXCL follows no link, either (open(2)).
        self.fd = os.open(name, flags | os.O_CREAT | os.O_EXCL, mode, dir_fd=folder)
        self._name = name
        unfinished.remember(folder, name)

    def _write_in_place(self, mode: int | None, why: str) -> None:
        """Keep what is written until all of it is there, and then copy it to the file that was found."""
        place, found = self._place, self._place.found
        assert found is not None
        if found.st_uid != os.geteuid() or found.st_nlink > 1:
            raise Refused(f"{why}, and it is not a file of yours with one name alone", place.path)
        self._target = place.open_found(os.O_WRONLY)
        try:
            if mode is not None:
                os.fchmod(self._target, mode)
            import tempfile

            with tempfile.TemporaryFile() as kept:
                self.fd = os.dup(kept.fileno())
        except BaseException:
            os.close(self._target)
            raise
        self._pending = True

    def _take_name(self) -> None:
        if self._durable:
            os.fsync(self.fd)
        folder = self._place.folder
        if not self._name:
            name = _unforeseen()
            try:
                os.link(f"{_DESCRIPTORS}/{self.fd}", name, dst_dir_fd=folder, follow_symlinks=True)
            except OSError as error:
                why = f"no file can be made in {os.path.dirname(self._place.path)}: {error.strerror}"
                raise OSError(error.errno, why, self._place.path) from error
            self._name = name
        os.replace(self._name, self._place.name, src_dir_fd=folder, dst_dir_fd=folder)
        unfinished.forget(folder, self._name)
        self._name = ""
        if self._durable:
            _sync(folder)

    def _copy(self) -> None:
        """What was kept, to the file that is written in place; what is written from here on goes there by itself."""
        written = 0
        while True:
            part = os.pread(self.fd, 1 << 20, written)
            if not part:
                break
            while part:
                count = os.write(self._target, part)
                written += count
                part = part[count:]
        os.ftruncate(self._target, written)
        if self._durable:
            os.fsync(self._target)
        os.dup2(self._target, self.fd, inheritable=False)

    def _remove_name(self) -> None:
        name, self._name = self._name, ""
        if not name:
            return
        try:
            os.unlink(name, dir_fd=self._place.folder)
        except OSError:
            pass
        unfinished.forget(self._place.folder, name)


def append(path: str, mode: int, *, plain: bool = False) -> int:
    """A descriptor that adds to a file, a new one with just this mode. Raises OSError.

    A file that others may have put there is refused: one of theirs, or another name of a file that is not meant.
    `plain` accepts a regular file alone: a FIFO makes its writer wait.
    """
    with find_own(path, follow=not plain) as place:
        flags = os.O_WRONLY | os.O_APPEND
        if place.descriptor is not None and not plain:
            return os.dup(place.descriptor)
        if place.found is None:
            file = place.open(flags | os.O_CREAT | os.O_EXCL, 0o600)
            os.fchmod(file, mode)
            return file
        if not stat.S_ISREG(place.found.st_mode) and (plain or not _written_to(place.found)):
            raise Refused(f"it is {kind_of(place.found)}, not a file", place.path)
        refuse_planted(place)
        return place.open_found(flags)


def _written_to(found: os.stat_result) -> bool:
    return stat.S_ISFIFO(found.st_mode) or stat.S_ISCHR(found.st_mode)


def _unforeseen() -> str:
    return f".hostql-{os.urandom(8).hex()}"


def _kept(file: int, found: os.stat_result) -> int:
    """The permission bits of what is replaced; without those of its group, where the new file cannot have that."""
    if os.fstat(file).st_gid != found.st_gid:
        try:
            os.fchown(file, -1, found.st_gid)
        except OSError:
            return found.st_mode & 0o707
    return found.st_mode & 0o777


def _sync(folder: int) -> None:
    try:
        file = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
    except PermissionError:
        # A directory that can be written and not read.
        return
    try:
        os.fsync(file)
    except OSError as error:
        # Some file systems do not know it of directories.
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(file)
