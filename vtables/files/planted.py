"""What somebody else may have put where a file is written: a link on the way, a FIFO, another name of a file that is
not meant (proc_sys_fs(5): protected_symlinks, protected_fifos, protected_regular and protected_hardlinks, which not all
hosts set, and which only look at sticky directories).
"""

from __future__ import annotations

import os
import stat

from .place import Place, Refused, find, kind_of
from .writers import others_write


def find_own(path: str, *, follow: bool = True) -> Place:
    """As `find`; a symbolic link of somebody else ends the way (`Refused`), since it leads where they want.

    In a user namespace root itself may have no number, and its files belong to the overflow uid (user_namespaces(7)): a
    link is root's, too, if it and its directory belong to whoever has the root directory, and nobody else can write
    that directory.
    """
    passed: list[tuple[os.stat_result, int]] = []

    def look(at: str, found: os.stat_result, handle: int) -> None:
        if not stat.S_ISLNK(found.st_mode):
            passed[:] = [(found, handle)]
        elif found.st_uid not in (0, os.geteuid()) and not _is_unmapped_root(found, *passed[0]):
            raise Refused(f"{at} is a symbolic link of uid {found.st_uid}; name the file that is meant", at)

    return find(path, look, follow=follow)


def refuse_planted(place: Place) -> None:
    """Where others decide what is in a directory, what is found there may be theirs, or a second name of what is not
    meant. Raises `Refused`."""
    found, around = place.found, place.around
    if found is None or not _others_decide(place):
        return
    if found.st_uid not in (0, os.geteuid(), around.st_uid):
        raise Refused(f"it is {kind_of(found)} of uid {found.st_uid} in a directory that others can write", place.path)
    if may_be_linked(place):
        raise Refused("it has other names, and others can write the directory", place.path)


def may_be_linked(place: Place) -> bool:
    """Whether somebody else may have given the file that was found this name."""
    found = place.found
    return found is not None and stat.S_ISREG(found.st_mode) and found.st_nlink > 1 and _others_decide(place)


def _others_decide(place: Place) -> bool:
    return place.around.st_uid not in (0, os.geteuid()) or others_write(place.around, place.folder)


def _is_unmapped_root(found: os.stat_result, around: os.stat_result, folder: int) -> bool:
    return found.st_uid == around.st_uid == os.stat("/").st_uid and not others_write(around, folder)
