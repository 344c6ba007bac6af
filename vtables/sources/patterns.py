"""Path patterns expanded on disk: which files a LIKE or GLOB on a path can mean.

In LIKE, `%` stands for one level (any name, hidden ones too, or a part of it), `%%` for everything below, at any place
of the pattern; `_` is any one character. In GLOB the same are `*`, `**` and `?`. A path is spelt as the pattern spells
it (`//`, `..`, a slash at the end for directories alone), and its parts without wildcard are names as they stand. What
is found streams in constant memory; SQLite checks each path against the pattern again. osquery's own reading of
patterns is in `osquery_patterns.py`.
"""

from __future__ import annotations

import re

from .text import from_os
from .ways import reaches, searching

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..scan import Scan
    from .host import Entry

# Entries between two looks at whether the statement was stopped.
_BATCH = 256
# Levels with wildcards a pattern may have; each takes a few calls of Python's stack.
_LEVELS = 200
# Directories of a walk held open at a time; those further down are read whole instead.
_OPEN = 64


def expand(scan: Scan, patterns: list[tuple[str, str]], *, expected: bool = True) -> Iterator[str]:
    """The paths that the narrowest of the (LIKE or GLOB, pattern) pairs may match, as os functions take them.

    That nothing matches is a note where something is `expected` to.
    """
    anchored = [each for each in patterns if each[1].startswith("/")]
    if not anchored:
        scan.note("a pattern that does not begin with / matches no path", str(patterns))
        return
    operator, pattern = max(anchored, key=_narrowness)
    walk = _Walk(scan, operator)
    if sum(any(character in part for character in "%_*?[") for part in pattern.split("/")) > _LEVELS:
        scan.note(f"a pattern with wildcards in more than {_LEVELS} levels is not followed")
        return
    yield from walk.below("", pattern.split("/")[1:])
    if expected and not walk.found:
        scan.note(f"nothing matches {pattern}")


def _narrowness(pattern: tuple[str, str]) -> tuple[bool, int]:
    """Orders patterns by how much there is to walk: everything below a directory comes first."""
    return "%%" not in pattern[1] and "**" not in pattern[1], len(re.split(r"[%_*?[]", pattern[1])[0])


class _Walk:
    """One expansion: where not to go, and whether anything was found."""

    def __init__(self, scan: Scan, operator: str) -> None:
        self._scan = scan
        self._operator = operator
        self._any_depth, self._wild = ("%%", "%_") if operator == "LIKE" else ("**", "*?[")
        searching(scan)
        self.found = False

    def below(self, folder: str, parts: list[str]) -> Iterator[str]:
        """The paths below a directory that the rest of the pattern leads to."""
        fixed = 0
        while fixed < len(parts) and not any(character in parts[fixed] for character in self._wild):
            fixed += 1
        folder = "/".join([folder, *parts[:fixed]]) if fixed else folder
        rest = parts[fixed:]
        if not rest:
            if reaches(self._scan, folder) and self._scan.host.lexists(folder):
                self.found = True
                yield folder
        elif self._any_depth in rest[0]:
            yield from self._tree(folder) if rest == [self._any_depth] else self._matching(folder, rest)
        else:
            matches = matcher(self._operator, rest[0])
            for entry in self._entries(folder):
                if matches(from_os(entry.name)):
                    path = f"{folder}/{entry.name}"
                    if len(rest) == 1:
                        self.found = True
                        yield path
                    elif leads_to_directory(entry):
                        yield from self.below(path, rest[1:])

    def _matching(self, top: str, rest: list[str]) -> Iterator[str]:
        """What of the tree fits the rest of the pattern: after `%%`, too, a single `%` is one level."""
        matches = matcher(self._operator, "/".join(rest))
        begins = matcher(self._operator, rest[0].partition(self._any_depth)[0] + self._any_depth[0])
        end = "/" if not rest[-1] else ""
        start = len(top) + 1
        for path in self._tree(top, begins):
            if matches(from_os(path[start:]) + end) and (not end or self._scan.host.isdir(path)):
                self.found = True
                yield path + end

    def _tree(self, top: str, begins: Callable[[str], object] | None = None) -> Iterator[str]:
        """Everything below a directory, depth first; symbolic links are named, not followed.

        `begins` chooses among the names in the directory itself.
        """
        entries = self._entries(top)
        if begins is not None:
            entries = (entry for entry in entries if begins(from_os(entry.name)))
        stack = [(top + "/", entries)]
        while stack:
            folder, entries = stack[-1]
            for entry in entries:
                path = folder + entry.name
                if begins is None:
                    self.found = True
                yield path
                if entry.is_dir(follow_symlinks=False):
                    inside = self._entries(path)
                    stack.append((path + "/", inside if len(stack) < _OPEN else iter(list(inside))))
                    break
            else:
                stack.pop()

    def _entries(self, folder: str) -> Iterator[Entry]:
        scan = self._scan
        scan.check()
        if not reaches(scan, folder or "/", inside=True):
            return
        scan.tried("directories", folder)
        try:
            with scan.host.scandir(folder or "/") as entries:
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


def leads_to_directory(entry: Entry) -> bool:
    """Whether it is a directory, or a link to one; a link to itself is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def matcher(operator: str, pattern: str) -> Callable[[str], object]:
    """Whether a path fits (a part of) the pattern; LIKE ignores case as SQLite's does: that of ASCII letters alone."""
    if pattern in ("%", "*"):
        return bool
    if operator == "GLOB":
        return compiled([_one_of_glob(found) for found in _GLOB.finditer(pattern)])
    wild = {"%": "[^/]*", "_": "[^/]"}
    tokens = re.findall("%%+|.", pattern, re.DOTALL)
    return compiled([".*" if token[:2] == "%%" else wild.get(token) or _like(token) for token in tokens])


def compiled(pieces: list[str], before: str = "") -> Callable[[str], object]:
    """The match of pieces of a regular expression, of which only `[^/]*` and `.*` match more than one character.

    What stands between two of these is taken where it first fits, once and for all: a later place could give no more
    to the second, unless that stops at slashes and the first does not. Otherwise '%a%a%a%a%a%b' would take hours.
    """
    parts, stars = [""], [""]
    for piece in pieces:
        if piece in ("[^/]*", ".*"):
            stars.append(piece)
            parts.append("")
        else:
            parts[-1] += piece
    translated = before + parts[0]
    for place in range(1, len(parts)):
        following = stars[place + 1] if place + 1 < len(stars) else ""
        if not following or (stars[place] == ".*" and following != ".*"):
            translated += stars[place] + parts[place]
        else:
            translated += f"(?=(?P<n{place}>{stars[place]}?{parts[place]}))(?P=n{place})"
    return re.compile(f"{translated}\\Z", re.DOTALL).match


# Wildcards of GLOB, and what is none of them. A class ([a-z]) is left to SQLite: here it is any character.
_GLOB = re.compile(r"\*\*+|\*|\?|\[\^?\]?[^\]]*\]|.", re.DOTALL)


def _one_of_glob(found: re.Match[str]) -> str:
    token = found[0]
    if token[:2] == "**":
        return ".*"
    if token == "?" or len(token) > 1:
        return "[^/]"
    return "[^/]*" if token == "*" else re.escape(token)


def _like(character: str) -> str:
    if character.isascii() and character.isalpha():
        return f"[{character.lower()}{character.upper()}]"
    return re.escape(character)
