"""Files and directories that hostql keeps for itself: nobody else reads them, and they are not put where a link of
somebody else leads.
"""

from __future__ import annotations

import errno
import os
import stat

from .place import Refused, kind_of
from .planted import find_own, refuse_planted


def make_private(path: str) -> None:
    """Have a file that only its owner reads, with the directories above it: for SQLite, which opens it by its path.

    Raises OSError where it cannot be, or is no regular file, or somebody else's.
    """
    private_folder(os.path.dirname(path))
    with find_own(path, follow=False) as place:
        if place.found is None:
            os.close(place.open(os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            return
        if not stat.S_ISREG(place.found.st_mode):
            raise Refused(f"it is {kind_of(place.found)}, not a file", place.path)
        if place.found.st_uid not in (0, os.geteuid()):
            raise Refused(f"owned by uid {place.found.st_uid}; remove it", place.path)
        refuse_planted(place)
        if place.found.st_mode & 0o077 and place.found.st_uid == os.geteuid():
            # Only its name is opened: SQLite may have locks on it here (sources/locked.py).
            handle = place.open_found(os.O_PATH)
            os.chmod(f"/proc/self/fd/{handle}", 0o600)
            os.close(handle)


def private_folder(path: str, mode: int = 0o700) -> None:
    """Make a directory and those above it, where they are missing, each for its owner alone (or with this mode), and
    none by way of somebody else's link. Raises OSError."""
    if not path:
        return
    try:
        place = find_own(path)
    except FileNotFoundError:
        private_folder(os.path.dirname(path.rstrip("/")), mode)
        place = find_own(path)
    with place:
        if place.found is None:
            try:
                os.mkdir(place.name, mode, dir_fd=place.folder)
            except FileExistsError:
                private_folder(path, mode)
        elif not stat.S_ISDIR(place.found.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)


def lock_file(path: str) -> int:
    """A descriptor of a file that is there to be locked (flock(2)), with the directories above it. Raises OSError."""
    private_folder(os.path.dirname(path))
    with find_own(path, follow=False) as place:
        if place.found is not None:
            if not stat.S_ISREG(place.found.st_mode):
                raise Refused(f"it is {kind_of(place.found)}, not a file", place.path)
            refuse_planted(place)
        return place.open(os.O_RDWR | os.O_CREAT | os.O_NONBLOCK, 0o600)


def remove_own(path: str, content: bytes) -> None:
    """Remove a short file that has still just this content, which nobody else's has. Raises OSError."""
    with find_own(path) as place:
        if place.found is None or not stat.S_ISREG(place.found.st_mode):
            return
        file = place.open_found(os.O_RDONLY | os.O_NONBLOCK)
        try:
            ours = os.read(file, len(content) + 1) == content
        finally:
            os.close(file)
        if ours:
            os.unlink(place.name, dir_fd=place.folder)
