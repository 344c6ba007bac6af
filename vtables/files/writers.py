"""Who can write a file or directory besides its owner and root: by its permission bits, its POSIX ACL (acl(5)), and who
is in its group.
"""

from __future__ import annotations

import errno
import os
import stat

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_ACL = "system.posix_acl_access"
# linux/posix_acl_xattr.h and posix_acl.h: a header of four bytes, then entries of tag, permissions, id.
_ACL_HEADER, _ACL_ENTRY = 4, "<HHI"
_USER, _GROUP_OBJ, _GROUP = 0x02, 0x04, 0x08
_WRITE = 0x02


def others_write(found: os.stat_result, handle: int) -> bool:
    """Whether somebody else than its owner, root and this user can write what `handle` (O_PATH will do) stands for.

    Its owner's own group is nobody else. What is root's on a file system that is mounted read-only is written by
    nobody, whatever its permission bits, as with a ConfigMap of Kubernetes.
    """
    # A link has no permissions of its own.
    writable = found.st_mode & _OTHERS_WRITE
    if stat.S_ISLNK(found.st_mode) or not writable:
        return False
    if found.st_uid == 0 and os.fstatvfs(handle).f_flag & os.ST_RDONLY:
        return False
    if writable & stat.S_IWOTH:
        return True
    try:
        entries = parse_acl(os.getxattr(f"/proc/self/fd/{handle}", _ACL))
    except OSError as error:
        # Without such an ACL the bits are the group's; what cannot be read may say anything.
        return error.errno not in (errno.ENODATA, errno.EOPNOTSUPP) or not _is_own_group(found.st_uid, found.st_gid)
    return any(_is_other(found, tag, number) for tag, bits, number in entries if bits & _WRITE)


def parse_acl(raw: bytes) -> list[tuple[int, int, int]]:
    r"""(tag, permissions, user or group) of each entry of the extended attribute.

    >>> parse_acl(b"\2\0\0\0" b"\1\0\6\0\xff\xff\xff\xff" b"\2\0\6\0\x8a\x13\0\0")
    [(1, 6, 4294967295), (2, 6, 5002)]
    """
    import struct

    return list(struct.iter_unpack(_ACL_ENTRY, raw[_ACL_HEADER : len(raw) - (len(raw) - _ACL_HEADER) % 8]))


def _is_other(found: os.stat_result, tag: int, number: int) -> bool:
    """Whether an entry that lets somebody write means somebody else. The group bits of the mode, which let this be
    asked, are the mask of them all."""
    if tag == _USER:
        return number not in (0, os.geteuid(), found.st_uid)
    if tag in (_GROUP_OBJ, _GROUP):
        return not _is_own_group(found.st_uid, found.st_gid if tag == _GROUP_OBJ else number)
    return False


def _is_own_group(uid: int, gid: int) -> bool:
    """Whether a group is a user's alone, as many distributions make one for each user, who then has a umask of 002:
    it has the user's name, and nobody else is in it, be it as a member or by a primary group. Debian's sshd takes that
    for what it is, too. Root's group is more than root."""
    if uid == 0:
        return False
    import grp
    import pwd

    try:
        user, group = pwd.getpwuid(uid), grp.getgrgid(gid)
    except KeyError:
        return False
    if user.pw_gid != gid or group.gr_name != user.pw_name:
        return False
    members = {member for each in [group, *grp.getgrall()] if each.gr_gid == gid for member in each.gr_mem}
    return members <= {user.pw_name} and all(each.pw_uid == uid for each in pwd.getpwall() if each.pw_gid == gid)
