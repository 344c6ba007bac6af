"""Whose files are read where a user may have put a link: not what only others, root above all, may read."""

from __future__ import annotations

import errno
import os
import stat

from .files import reading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .host import Host


class Keeper:
    """The user `uid`, who decides what lies in the folder `home`, and to what links in it lead.

    public  whether a file that everybody may read is read, too, wherever it is
    """

    __slots__ = ("_home", "_public", "uid")

    def __init__(self, uid: int, home: str, *, public: bool = True) -> None:
        self.uid = uid
        self._home = home
        self._public = public

    def reading(self, host: Host, path: str, limit: int) -> Callable[[int], bytes]:
        """For `use_regular`, as `reading` of files; OSError for a file whose content the user may not show."""
        read = reading(path, limit)

        def use(fd: int) -> bytes:
            found = os.fstat(fd)
            if not self._may_show(host, fd, found):
                raise OSError(errno.EINVAL, f"it leads to a file of another user (uid {found.st_uid})", path)
            return read(fd)

        return use

    def _may_show(self, host: Host, fd: int, found: os.stat_result) -> bool:
        """Whether an open file is the user's own, or lies in the home, put there by root or by whoever owns that.

        A character device can be /dev/null alone. A second name (hard link) may have been made by anybody.
        """
        if found.st_uid == self.uid or stat.S_ISCHR(found.st_mode):
            return True
        place = host.where(fd)
        if not place:
            return False
        home = host.realpath(self._home or "/").rstrip("/") + "/"
        if place.startswith(home) and found.st_nlink == 1 and found.st_uid in _owners(host, "/", home):
            return True
        return self._public and bool(found.st_mode & stat.S_IROTH) and _open_to_all(host, place)


def _owners(host: Host, *folders: str) -> set[int]:
    return {host.stat(folder).st_uid for folder in folders}


def _open_to_all(host: Host, place: str) -> bool:
    """Whether everybody may search each of the folders that a path leads through.

    Of the topmost that is taken for granted: an image may lie in a folder that others here do not get into.
    """
    names = place.split("/")
    try:
        return all(host.stat("/".join(names[:end])).st_mode & stat.S_IXOTH for end in range(2, len(names)))
    except OSError:
        return False
