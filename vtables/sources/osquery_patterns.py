"""osquery's reading of a LIKE pattern on a path: a shell's glob, expanded on disk.

What differs from our own reading (`patterns.py`), as osquery's users know it: `%` does not find names that begin with a
dot; `%%` means everything below only at the end of a pattern, follows links to directories (each directory is entered
once), and goes 65 levels deep; names are compared by case; `[..]`, `{a,b}`, `*`, `?` and a backslash are the shell's;
`_` is itself; a directory is found with a slash at its end; a pattern without a slash in front begins at the working
directory. SQLite's LIKE is then applied to the paths found.
"""

from __future__ import annotations

import os
import re

from .patterns import compiled, leads_to_directory
from .text import from_os
from .ways import reaches, searching

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..scan import Scan

_DEEPEST = 65
_BATCH = 256


def expand_as_osquery(scan: Scan, pattern: str) -> Iterator[str]:
    """The paths that the pattern finds, sorted as a shell sorts them, what is below a directory after it."""
    walk = _Walk(scan)
    if pattern.startswith("%/"):
        pattern = f"{os.getcwd()}/{pattern}"
    everything = pattern.endswith("%%")
    for alternative in alternatives(re.sub("%+", "*", pattern)):
        for path in walk.below("", alternative.split("/")):
            yield path
            if everything and path.endswith("/"):
                yield from walk.tree(path, 1)


class _Walk:
    """One expansion, and the directories it has been in."""

    def __init__(self, scan: Scan) -> None:
        self._scan = scan
        searching(scan)
        self._entered: set[tuple[int, int]] = set()

    def below(self, folder: str, parts: list[str]) -> Iterator[str]:
        """What the parts of a glob lead to; `folder` is '' or ends with a slash."""
        part, rest = parts[0], parts[1:]
        if _literal(part) is not None:
            yield from self._named(folder + (_literal(part) or ""), rest)
            return
        matches = _matcher(part)
        found = [(name, directory) for name, directory in self._entries(folder) if matches(from_os(name))]
        for name, directory in sorted(found):
            if rest and directory:
                yield from self.below(f"{folder}{name}/", rest)
            elif not rest:
                yield f"{folder}{name}/" if directory else folder + name

    def _named(self, path: str, rest: list[str]) -> Iterator[str]:
        """A path without wildcard up to here, and what the rest leads to below it."""
        if rest:
            yield from self.below(path + "/", rest)
        elif path and reaches(self._scan, path) and self._scan.host.lexists(path):
            directory = self._scan.host.isdir(path) and not path.endswith("/")
            yield path + "/" if directory else path

    def tree(self, folder: str, depth: int) -> Iterator[str]:
        """Everything below a directory that was not entered before."""
        try:
            found = self._scan.host.stat(folder)
        except OSError:
            return
        if (found.st_dev, found.st_ino) in self._entered:
            return
        self._entered.add((found.st_dev, found.st_ino))
        if depth >= _DEEPEST:
            self._scan.note(f"osquery's reading of %% ends {_DEEPEST} levels down", folder)
            return
        for name, directory in sorted(self._entries(folder, dots=False)):
            yield f"{folder}{name}/" if directory else folder + name
            if directory:
                yield from self.tree(f"{folder}{name}/", depth + 1)

    def _entries(self, folder: str, dots: bool = True) -> Iterator[tuple[str, bool]]:
        """(name, whether it is or leads to a directory) of what is in a directory."""
        scan = self._scan
        scan.check()
        if not reaches(scan, folder or ".", inside=True):
            return
        scan.tried("directories", folder)
        if dots:
            yield from ((".", True), ("..", True))
        try:
            with scan.host.scandir(folder or ".") as entries:
                for count, entry in enumerate(entries):
                    if count % _BATCH == 0:
                        scan.check()
                    yield entry.name, leads_to_directory(entry)
        except PermissionError:
            scan.denied("directories", folder)
        except OSError as error:
            if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
                scan.note(f"a directory cannot be read: {error.strerror}", folder)


def alternatives(pattern: str) -> list[str]:
    """What braces stand for, as a shell has it.

    >>> alternatives("/etc/{a,b}*"), alternatives("{}"), alternatives("{x")
    (['/etc/a*', '/etc/b*'], ['{}'], ['{x'])
    """
    found = re.search(r"\{([^{}]+)\}", pattern)
    if found is None:
        return [pattern]
    before, after = pattern[: found.start()], pattern[found.end() :]
    return [one for choice in found[1].split(",") for one in alternatives(before + choice + after)]


def _literal(part: str) -> str | None:
    r"""The name that a part without wildcard means, its backslashes undone; None where it has wildcards.

    >>> _literal("a\\*"), _literal("a*"), _literal("a[b"), _literal("a[b]")
    ('a*', None, 'a[b', None)
    """
    if re.search(r"[*?]|\[.+\]", re.sub(r"\\.", "", part)):
        return None
    return re.sub(r"\\(.)", r"\1", part)


def _matcher(part: str) -> Callable[[str], object]:
    """Whether a name fits one part of a glob; a dot in front must be written."""
    hidden = "" if part[:1] == "." else r"(?!\.)"
    return compiled(translated(part), hidden)


def translated(part: str, character: str = ".") -> list[str]:
    """The regular expressions of the tokens of one part of a glob; `character` is that of any one character."""
    tokens = re.findall(r"\\.|\*+|\?|\[[!^]?\]?[^\]]*\]|.", part, re.DOTALL)
    return [_one(token, character) for token in tokens]


def _one(token: str, character: str) -> str:
    if token[0] == "[" and len(token) > 2:
        negated = token[1] in "!^"
        inside = re.sub(r"([\[\]\\&|~])", r"\\\1", token[2 if negated else 1 : -1]).replace("--", "-\\-")
        return f"[{'^/' if negated else ''}{inside}]"
    if token[0] == "\\" and len(token) > 1:
        return re.escape(token[1])
    return {"*": character + "*", "?": character}.get(token[0]) or re.escape(token)
