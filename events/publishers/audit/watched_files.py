"""Which files' changes are recorded: the directories and files that `Options.file_paths` name, for audit's rules."""

from __future__ import annotations

import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ...options import Options

# `%`, `%%` and shell wildcards.
_WILD = re.compile(r"[%*?\[]")


class WatchedFiles:
    """folders and files for rules; `watched` is exact, since a rule covers all that is below a directory."""

    def __init__(self, options: Options | None = None) -> None:
        patterns = list(_all(options.file_paths)) if options else []
        self._wanted = [_regex(pattern) for pattern in patterns]
        self._unwanted = [_regex(pattern) for pattern in _all(options.exclude_paths)] if options else []
        folders, files = set(), set()
        for pattern in patterns:
            if _WILD.search(pattern):
                folders.add(_base(pattern))
            elif os.path.isdir(pattern):
                folders.add(pattern.rstrip("/") or "/")
            else:
                files.add(pattern)
        # A directory below another one needs no rule of its own.
        self.folders = tuple(sorted(each for each in folders if not _below(each, folders)))
        self.files = tuple(sorted(each for each in files if not _below(each, folders)))

    def watched(self, path: str) -> bool:
        """Whether the changes of this file are wanted."""
        return any(each.fullmatch(path) for each in self._wanted) and not any(
            each.fullmatch(path) for each in self._unwanted
        )


def _all(categories: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for patterns in categories.values():
        yield from patterns


def _base(pattern: str) -> str:
    """The directory above the first wildcard."""
    match = _WILD.search(pattern)
    assert match is not None
    return os.path.dirname(pattern[: match.start()]) or "/"


def _below(path: str, folders: Iterable[str]) -> bool:
    return any(path != each and (path + "/").startswith(each.rstrip("/") + "/") for each in folders)


def _regex(pattern: str) -> re.Pattern[str]:
    """`%` and `*` are within one level, `%%` all below; a path without either is that file, or what a directory has."""
    if not _WILD.search(pattern):
        return re.compile(re.escape(pattern.rstrip("/")) + ("(/[^/]*)?" if os.path.isdir(pattern) else ""))
    parts = re.split(r"(%%|%|\*|\?)", pattern)
    words = {"%%": ".*", "%": "[^/]*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(words.get(part) or re.escape(part) for part in parts), re.DOTALL)
