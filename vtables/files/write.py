"""Writing files that nobody else decides about: not where they go, not what they are, not who reads them.

`NewFile` is the one way to write a file, `append` to add to one, `make_private` to have one for SQLite. In a directory
that others can write, /tmp above all, they may have put a link, a FIFO or a file of theirs in the place of ours.

- A new file is made beside its target under a name that cannot be foreseen (O_EXCL), and takes the target's name when
  it is complete. Until then, and where it fails, what had the name stays.
- What had the name is replaced, not written to: other hard links of it, and whoever has it open, keep what was there.
  The new file is its writer's. It keeps the permission bits and group of a file of its writer's; of somebody else's, it
  gets no more bits than both allow. ACLs and other extended attributes are the directory's defaults.
- A symbolic link is followed where root or the writer made it, wherever it is on the way.
- A device, a FIFO and an open descriptor (/dev/stdout) are written as they are, unless others may have put them there.
"""

from __future__ import annotations

import errno
import os
import stat

from .place import Place, Refused, find, kind_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import BinaryIO, TextIO

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


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
        # The name that the file has meanwhile; '' where it has its own, or is written as it is.
        self._name = ""
        self._place = find(path, _look)
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
        if not self._name:
            return
        if self._durable:
            os.fsync(self.fd)
        folder, self._name, name = self._place.folder, "", self._name
        try:
            os.replace(name, self._place.name, src_dir_fd=folder, dst_dir_fd=folder)
        except OSError:
            self._name = name
            raise
        if self._durable:
            _sync(folder)

    def close(self) -> None:
        """End it: a file that has not been given its name is removed. Raises OSError for what could not be written."""
        if self.fd < 0:
            return
        try:
            if self._stream is not None:
                self._stream.close()
        finally:
            file, self.fd = self.fd, -1
            try:
                if self._name:
                    os.unlink(self._name, dir_fd=self._place.folder)
            except OSError:
                pass
            self._place.__exit__(None, None, None)
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
            _refuse_planted(place)
            self.fd = place.open_found(os.O_WRONLY)

    def _make(self, mode: int | None) -> None:
        place, found = self._place, self._place.found
        ours = found is not None and found.st_uid == os.geteuid() and not _may_be_linked(place)
        # The umask takes its bits from what is asked for here; fchmod below does not.
        first = 0o600 if mode is not None or ours else 0o666 if found is None else found.st_mode & 0o666
        name = f".hostql-{os.urandom(8).hex()}"
        try:
            # O_EXCL follows no link, either (open(2)).
            self.fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, first, dir_fd=place.folder)
        except OSError as error:
            where = os.path.dirname(place.path)
            raise OSError(error.errno, f"no file can be made in {where}: {error.strerror}", place.path) from error
        self._name = name
        try:
            if mode is not None:
                os.fchmod(self.fd, mode)
            elif found is not None and ours:
                os.fchmod(self.fd, _kept(self.fd, found))
        except BaseException:
            os.unlink(name, dir_fd=place.folder)
            os.close(self.fd)
            raise


def append(path: str, mode: int, *, plain: bool = False) -> int:
    """A descriptor that adds to a file, a new one with just this mode. Raises OSError.

    A file that others may have put there is refused: one of theirs, or another name of a file that is not meant.
    `plain` accepts a regular file alone: a FIFO makes its writer wait.
    """
    with find(path, _look, follow=not plain) as place:
        flags = os.O_WRONLY | os.O_APPEND
        if place.descriptor is not None and not plain:
            return os.dup(place.descriptor)
        if place.found is None:
            file = place.open(flags | os.O_CREAT | os.O_EXCL, 0o600)
            os.fchmod(file, mode)
            return file
        if not stat.S_ISREG(place.found.st_mode) and (plain or not _written_to(place.found)):
            raise Refused(f"it is {kind_of(place.found)}, not a file", place.path)
        _refuse_planted(place)
        return place.open_found(flags)


def make_private(path: str) -> None:
    """Have a file that only its owner reads, with the directories above it: for SQLite, which opens it by its path.

    Raises OSError where it cannot be, or is no regular file, or somebody else's.
    """
    private_folder(os.path.dirname(path))
    with find(path, _look, follow=False) as place:
        if place.found is None:
            os.close(place.open(os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            return
        if not stat.S_ISREG(place.found.st_mode):
            raise Refused(f"it is {kind_of(place.found)}, not a file", place.path)
        if place.found.st_uid not in (0, os.geteuid()):
            raise Refused(f"owned by uid {place.found.st_uid}; remove it", place.path)
        _refuse_planted(place)
        if place.found.st_mode & 0o077 and place.found.st_uid == os.geteuid():
            # Only its name is opened: SQLite may have locks on it here (sources/locked.py).
            handle = place.open_found(os.O_PATH)
            os.chmod(f"/proc/self/fd/{handle}", 0o600)
            os.close(handle)


def private_folder(path: str) -> None:
    """Make a directory and those above it, where they are missing, each for its owner alone. Raises OSError."""
    if path and not os.path.isdir(path):
        private_folder(os.path.dirname(path))
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:
            if not os.path.isdir(path):
                raise


def _look(path: str, found: os.stat_result, handle: int) -> None:
    """A link of somebody else's leads where they want (proc_sys_fs(5), protected_symlinks, which not all hosts set)."""
    if stat.S_ISLNK(found.st_mode) and found.st_uid not in (0, os.geteuid()):
        raise Refused(f"{path} is a symbolic link of uid {found.st_uid}; name the file that is meant", path)


def _refuse_planted(place: Place) -> None:
    """Where others can write a directory, what is in it may be theirs, or a second name of what is not meant
    (proc_sys_fs(5), protected_fifos, protected_regular and protected_hardlinks)."""
    found, around = place.found, place.around
    if found is None or not around.st_mode & _OTHERS_WRITE:
        return
    if found.st_uid not in (0, os.geteuid(), around.st_uid):
        raise Refused(f"it is {kind_of(found)} of uid {found.st_uid} in a directory that others can write", place.path)
    if _may_be_linked(place):
        raise Refused("it has other names, and others can write the directory", place.path)


def _may_be_linked(place: Place) -> bool:
    found = place.found
    others_write = bool(place.around.st_mode & _OTHERS_WRITE)
    return found is not None and others_write and stat.S_ISREG(found.st_mode) and found.st_nlink > 1


def _written_to(found: os.stat_result) -> bool:
    return stat.S_ISFIFO(found.st_mode) or stat.S_ISCHR(found.st_mode)


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
