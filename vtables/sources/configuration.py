"""The host's own files and folders: one place for those that are missing, forbidden, no files at all, or too large."""

from __future__ import annotations

from .text import BLANKS, decode, from_os, words

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator
    from typing import TypeVar

    from ..scan import Scan
    from .keepers import Keeper

    T = TypeVar("T")

# More than any file of this kind has; of a larger one the beginning is read, with a note.
LARGEST = 16 << 20
# What a file's holes and a crash leave behind.
_HOLE = bytes(4096)
# Records between two looks at whether the statement was stopped.
_BATCH = 256


def text_of(scan: Scan, path: str, *, expected: bool = True, limit: int = LARGEST, keeper: Keeper | None = None) -> str:
    """The text of a file, '' where it cannot be read: a note says why, but for a missing one that need not exist.

    Where an ordinary user decides what is at the path, that is the `keeper`: others' secrets are not read for theirs.
    """
    raw = bytes_of(scan, path, expected=expected, limit=limit, keeper=keeper)
    if _HOLE in raw:
        raw = raw.replace(_HOLE, b"")
        scan.note(f"{from_os(path)} has holes (pages of zeros), which are left out")
    return decode(raw)


def bytes_of(
    scan: Scan,
    path: str,
    *,
    expected: bool = True,
    limit: int = LARGEST,
    whole: bool = True,
    cut: bool = True,
    keeper: Keeper | None = None,
) -> bytes:
    """The bytes of a file, as `text_of` gives its text.

    Of one larger than `limit` the whole lines before it, with a note if the file is wanted `whole`; nothing, with a
    note, of one that makes no sense when it is `cut`.
    """
    shown = from_os(path)
    scan.tried("files", shown)
    try:
        if keeper is None:
            raw = scan.host.read_regular(path, limit + 1)
        else:
            raw = scan.host.use_regular(path, keeper.reading(scan.host, path, limit + 1))
    except PermissionError:
        scan.denied("files", shown)
    except (FileNotFoundError, NotADirectoryError):
        # A link to /dev/null means an empty file, in an image without device nodes too.
        if (expected or scan.host.islink(path)) and scan.host.realpath(path) != "/dev/null":
            scan.note(f"there is no {shown}")
    except OSError as error:
        scan.note(f"cannot read {shown}: {error.strerror}")
    else:
        if len(raw) <= limit:
            return raw
        if not cut:
            scan.note(f"{shown} is larger than {limit >> 10} KiB and is not read")
            return b""
        if whole:
            scan.note(f"{shown} is too large: only its first {limit >> 10} KiB were read")
        return raw[: raw.rfind(b"\n", 0, limit) + 1 or limit]
    return b""


def may_exist(scan: Scan, path: str) -> bool:
    """Whether a path leads to something, or to what cannot be looked at: reading that says why in a note. A link that
    leads nowhere does not: its file is yet to be made."""
    try:
        scan.host.stat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError:
        pass
    return True


def status_of(scan: Scan, path: str) -> os.stat_result | None:
    """The status of a file, of what it leads to where it is a link; None where there is none or it cannot be seen."""
    try:
        return scan.host.stat(path)
    except (OSError, ValueError):
        return None


def why_refused(scan: Scan, status: os.stat_result, *, owners: tuple[int, ...] = (), group: bool = False) -> str:
    """Why a program that reads files of root's alone (or of one of the `owners`) refuses this one; '' if it does not.

    Nobody else may write it: not even root's group, unless `group` allows that. Root is whoever owns the root folder,
    so that a tree which an ordinary user unpacked is judged as the host it came from.
    """
    import stat

    root = status_of(scan, "/")
    uid, gid = (root.st_uid, root.st_gid) if root is not None else (0, 0)
    if status.st_uid not in (uid, *owners):
        return f"is owned by uid {status.st_uid}"
    if status.st_mode & stat.S_IWOTH:
        return "can be written by everybody"
    if status.st_mode & stat.S_IWGRP and not (group and status.st_gid == gid):
        return f"can be written by gid {status.st_gid}"
    return ""


def names_in(scan: Scan, folder: str) -> list[str]:
    """The names in a folder, sorted; none where there is no such folder or, with a note, where it cannot be read."""
    shown = from_os(folder)
    scan.tried("directories", shown)
    try:
        return sorted(scan.host.listdir(folder))
    except PermissionError:
        scan.denied("directories", shown)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        scan.note(f"cannot read {shown}: {error.strerror}")
    return []


def glob_in(scan: Scan, pattern: str) -> list[str]:
    """The paths that an absolute pattern of glob(3) matches, in order; a wildcard matches no dot at the beginning."""
    from fnmatch import fnmatchcase

    found = [""]
    for part in pattern.split("/")[1:]:
        part, wild = _unescaped(part)
        if wild:
            found = [
                f"{folder}/{name}"
                for folder in found
                for name in names_in(scan, folder or "/")
                if fnmatchcase(name, part) and (name[0] != "." or part[0] == ".")
            ]
        else:
            found = [f"{folder}/{part}" for folder in found]
    return sorted([path for path in found if status_of(scan, path) is not None])


def _unescaped(part: str) -> tuple[str, bool]:
    r"""A part of a pattern for fnmatch, which knows no backslash, and whether it has wildcards; else the plain name.

    >>> _unescaped(r"a\*b"), _unescaped(r"a\*b*"), _unescaped(r"\a[\*x]")
    (('a*b', False), ('a[*]b*', True), ('a[*x]', True))
    """
    if "\\" not in part:
        return part, any(letter in part for letter in "*?[")
    import re

    escape = re.compile(r"\\(.)")
    if not any(letter in escape.sub("", part) for letter in "*?["):
        return escape.sub(r"\1", part), False

    def plain(found: re.Match[str]) -> str:
        if found[1]:
            return escape.sub(r"\1", found[1])
        return f"[{found[2]}]" if found[2] in "*?[" else found[2]

    return re.sub(r"(\[!?\]?[^]]*\])|\\(.)", plain, part), True


def understood(scan: Scan, path: str, records: Iterable[T | None], what: str = "line") -> Iterator[T]:
    """What a parser made of a file; a None among it is a line (or whatever `what` says) that a note counts."""
    for count, record in enumerate(records):
        if count % _BATCH == 0:
            scan.check()
        if record is None:
            scan.note(f"a {what} of {from_os(path)} makes no sense")
        else:
            yield record


def split_comment(line: str) -> tuple[list[str], str]:
    """The words of a line and the comment after `#`.

    >>> split_comment("ssh 22/tcp # Secure Shell")
    (['ssh', '22/tcp'], 'Secure Shell')
    """
    before, _, comment = line.partition("#")
    return words(before), comment.strip(BLANKS)
