"""Path patterns expanded on disk: which files a LIKE or GLOB on a path can mean.

In LIKE, `%` stands for one level (any name, hidden ones too, or a part of it), `%%` for everything below, at any place
of the pattern; `_` is any one character. In GLOB the same are `*`, `**` and `?`. What is found streams in constant
memory; SQLite checks each path against the pattern again.
"""

from __future__ import annotations

import fnmatch
import os
import re

from .mounts import remote_paths
from .text import from_os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..scan import Scan

# Entries between two looks at whether the statement was stopped.
_BATCH = 256


def expand(scan: Scan, operator: str, pattern: str) -> Iterator[str]:
    """The paths (as os functions take them, below the host's root) that the pattern may match, each once."""
    if not pattern.startswith("/"):
        scan.note("a pattern that does not begin with / matches no path", pattern)
        return
    any_depth, wild = ("%%", "%_") if operator == "LIKE" else ("**", "*?[")
    parts = [part for part in pattern.split("/") if part]
    walk = _Walk(scan)
    yield from walk.below("", parts, operator, any_depth, wild)
    if not walk.found:
        scan.note(f"nothing matches {pattern}")


class _Walk:
    """One expansion: where not to go, and whether anything was found."""

    def __init__(self, scan: Scan) -> None:
        self._scan = scan
        self._remote = remote_paths(scan)
        self.found = False

    def below(self, folder: str, parts: list[str], operator: str, any_depth: str, wild: str) -> Iterator[str]:
        """The paths below a directory that the rest of the pattern leads to."""
        fixed = 0
        while fixed < len(parts) and not any(character in parts[fixed] for character in wild):
            fixed += 1
        folder = "/".join([folder, *parts[:fixed]]) if fixed else folder
        rest = parts[fixed:]
        if not rest:
            if os.path.lexists(self._scan.host.path(folder or "/")):
                self.found = True
                yield folder or "/"
        elif any_depth in rest[0]:
            yield from self._tree(folder)
        else:
            matches = _matcher(operator, rest[0])
            for entry in self._entries(folder):
                if matches(from_os(entry.name)):
                    path = f"{folder}/{entry.name}"
                    if len(rest) == 1:
                        self.found = True
                        yield path
                    elif entry.is_dir():
                        yield from self.below(path, rest[1:], operator, any_depth, wild)

    def _tree(self, top: str) -> Iterator[str]:
        """Everything below a directory, depth first; symbolic links are named, not followed."""
        stack = [self._entries(top)]
        folders = [top]
        while stack:
            entry = next(stack[-1], None)
            if entry is None:
                stack.pop()
                folders.pop()
                continue
            path = f"{folders[-1]}/{entry.name}"
            self.found = True
            yield path
            if entry.is_dir(follow_symlinks=False):
                stack.append(self._entries(path))
                folders.append(path)

    def _entries(self, folder: str) -> Iterator[os.DirEntry[str]]:
        scan = self._scan
        scan.check()
        if folder in self._remote:
            scan.note("network and FUSE mounts are not walked into (--remote-mounts does)", folder)
            return
        scan.tried("directories", folder)
        try:
            with os.scandir(scan.host.path(folder or "/")) as entries:
                for count, entry in enumerate(entries):
                    if count % _BATCH == 0:
                        scan.check()
                    yield entry
        except PermissionError:
            scan.denied("directories", folder)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            scan.note(f"a directory cannot be read: {error.strerror}", folder)


def _matcher(operator: str, part: str) -> Callable[[str], object]:
    """Whether a name fits one part of the pattern; LIKE ignores case, as SQLite's does."""
    if part in ("%", "*"):
        return bool
    if operator == "GLOB":
        return re.compile(fnmatch.translate(part.replace("[^", "[!")), re.DOTALL).match
    translated = "".join({"%": ".*", "_": "."}.get(character, re.escape(character)) for character in part)
    return re.compile(f"{translated}\\Z", re.DOTALL | re.IGNORECASE).match
