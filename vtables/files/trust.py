"""Files that are read in trust: what they say is done, so nobody else may have written it, or put it there.

As sshd has it for a user's keys (sshd_config(5), StrictModes): the file and every directory above it are root's or the
user's, and nobody else can write them (`writers.py`), a sticky directory such as /tmp included. All of them are looked
at while they are held open, and the file that is read is the one that was looked at.

With `sticky`, a directory in which nobody can replace what is another's (inode(7), S_ISVTX) may be one that others can
write: what is in it is looked at all the same.
"""

from __future__ import annotations

import os
import stat

from .place import Place, Refused, find, kind_of
from .private import private_folder
from .writers import others_write

# Device numbers of /dev/null: a link that leads there means an empty file.
_NULL = os.makedev(1, 3)


def read_trusted(path: str, limit: int, *, sticky: bool = False) -> bytes:
    """The bytes of a regular file, at most `limit`. Raises OSError, `Refused` where it is not to be trusted."""
    with _trusted(path, sticky) as place:
        found = place.found
        assert found is not None
        if stat.S_ISCHR(found.st_mode) and found.st_rdev == _NULL:
            return b""
        if not stat.S_ISREG(found.st_mode):
            raise Refused(f"it is {kind_of(found)}, not a file", place.path)
        file = place.open_found(os.O_RDONLY | os.O_NONBLOCK)
        try:
            # Once more, of what is open.
            _check(place.path, os.fstat(file), file, place.path, sticky)
            parts, size = [], 0
            while size < limit:
                part = os.read(file, min(limit - size, 1 << 20))
                if not part:
                    break
                parts.append(part)
                size += len(part)
            return b"".join(parts)
        finally:
            os.close(file)


def check_trusted(path: str) -> None:
    """Raises OSError where a file or directory is not to be trusted (`Refused`), or cannot be found."""
    _trusted(path, False).__exit__(None, None, None)


def make_trusted(path: str) -> None:
    """Make a directory and those above it, where they are missing, for their owner alone. Raises OSError where it is
    not to be trusted, before anything is made."""
    there = path
    while not os.path.lexists(there):
        there = os.path.dirname(there) or "."
    if there != path:
        # As a directory on the way, which a message names.
        check_trusted(f"{there}/")
    private_folder(path)
    check_trusted(path)


def _trusted(path: str, sticky: bool) -> Place:
    place = find(path, lambda at, found, handle: _check(at, found, handle, "", sticky))
    try:
        if place.found is None:
            raise FileNotFoundError(2, os.strerror(2), path)
        if place.descriptor is not None:
            raise Refused("it is an open descriptor, not a file", path)
        if not stat.S_ISCHR(place.found.st_mode):
            handle = place.open_found(os.O_PATH)
            try:
                _check(place.path, place.found, handle, place.path, sticky)
            finally:
                os.close(handle)
        if stat.S_ISREG(place.found.st_mode) and place.found.st_nlink > 1 and others_write(place.around, place.folder):
            raise Refused("it has other names, and others can write the directory", place.path)
    except BaseException:
        place.__exit__(None, None, None)
        raise
    return place


def _check(at: str, found: os.stat_result, handle: int, path: str, sticky: bool) -> None:
    """`path` is the file that is meant, which needs no name in a message; all else are directories above it."""
    subject = "" if at == path else f"{at} is "
    if found.st_uid not in (0, os.geteuid()):
        whom = "root" if os.geteuid() == 0 else f"root or uid {os.geteuid()}"
        raise Refused(f"{subject}owned by uid {found.st_uid}; chown it to {whom}", at)
    if not others_write(found, handle):
        return
    remedy = "chmod go-w it"
    if stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX:
        if sticky:
            return
        remedy = "move the file to a directory that nobody else can write"
    raise Refused(f"{subject}writable by others (mode {stat.S_IMODE(found.st_mode):04o}); {remedy}", at)
