"""`Watches`: which directories are watched for `file_events`, and which category a path falls under.

Patterns are read as osquery reads those of `file_paths`: a shell's glob in which `%` is one level and `%%` everything
below. Dotfiles are found by both, for integrity is theirs too. A pattern without wildcard means that path, and where it
is a directory, what lies directly in it; so does a slash at the end. What is below an excluded path is excluded.
"""

from __future__ import annotations

import os
import re

from ..vtables.sources.osquery_patterns import alternatives, translated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from ..vtables.sources.mounts import Mount
    from .exclusion.rules import PathPattern, Rule

# File systems that the kernel makes up: no change in them is ever reported.
_MADE_UP = frozenset(
    "proc sysfs cgroup cgroup2 debugfs tracefs securityfs pstore bpf configfs fusectl mqueue devpts nsfs efivarfs "
    "binfmt_misc hugetlbfs autofs rpc_pipefs selinuxfs".split()
)
_WILD = re.compile(r"[%*?\[{]")


class Watches:
    """What to watch. A directory is named without a slash at its end, so that the root is ''.

    roots   the directories that the patterns name before their first wildcard
    """

    def __init__(
        self,
        file_paths: Mapping[str, Sequence[str]],
        exclude_paths: Mapping[str, Sequence[str]] | None = None,
        *,
        rules: Iterable[Rule] = (),
        mounts: Iterable[Mount] = (),
    ) -> None:
        self._categories = list(file_paths)
        wanted = {name: _patterns(texts) for name, texts in file_paths.items()}
        every = [pattern for patterns in wanted.values() for pattern in patterns]
        self.roots = sorted({pattern.fixed for pattern in every})
        self._wanted = _union("(" + "|".join(p.matches for p in patterns) + ")" for patterns in wanted.values())
        self._holds = _union(source for pattern in every for source in pattern.holds)
        self._leads = _union(source for pattern in every for source in (*pattern.leads, *pattern.holds))
        refused = [pattern for texts in (exclude_paths or {}).values() for pattern in _patterns(texts)]
        below = [pattern.matches + "(?:/.*)?" for pattern in refused]
        below += [re.escape(mount.path) + "(?:/.*)?" for mount in mounts if _skips(mount, self.roots)]
        named = [(pattern.kind, re.escape(pattern.text.rstrip("/"))) for rule in rules for pattern in _decided(rule)]
        below += [source + "(?:/.*)?" for kind, source in named if kind == "prefix"]
        self._excluded = _union((*below, *(source for _, source in named)))
        self._pruned = _union((*below, *(pattern.base for pattern in refused if pattern.base is not None)))

    def tops(self) -> list[str]:
        """The directories that hold all that is watched, none of them below another; the root is '/'."""
        found: list[str] = []
        for root in self.roots:
            if not any(root == top or root.startswith(top + "/") for top in found):
                found.append(root)
        return [top or "/" for top in found]

    def category(self, path: str) -> str | None:
        """The first category that the path falls under; None where it falls under none or is excluded."""
        found = self._wanted(path)
        if found is None or self._excluded(path):
            return None
        return self._categories[(found.lastindex or 1) - 1]

    def leads(self, directory: str) -> bool:
        """Whether to watch a directory: something in it or below it may fall under a category."""
        return self._leads(directory) is not None and not self._pruned(directory)

    def holds(self, directory: str) -> bool:
        """Whether something directly in a directory may fall under a category."""
        return self._holds(directory) is not None

    def walk(self, top: str, enter: Callable[[str], bool]) -> Iterator[tuple[str, os.DirEntry[str]]]:
        """(path, entry) of what is in the directories to watch at and below `top`.

        `enter` is called with each directory before it is read, and says whether to read it. Links are not followed.
        """
        stack = [top] if self.leads(top) else []
        while stack:
            directory = stack.pop()
            if not enter(directory):
                continue
            try:
                with os.scandir(directory or "/") as entries:
                    listed = list(entries)
            except OSError:
                # Gone meanwhile, or it may be watched but not read: nothing can be found in it.
                continue
            for entry in listed:
                path = f"{directory}/{entry.name}"
                yield path, entry
                if entry.is_dir(follow_symlinks=False) and self.leads(path):
                    stack.append(path)


class _Pattern:
    """One pattern as regular expressions: of the paths it matches, and of the directories on the way to them.

    matches  paths
    holds    directories that such paths may be directly in
    leads    directories above those
    fixed    the directory before the first wildcard
    base     of a pattern that ends with `/%%`, the directories of which it matches everything; else None
    """

    def __init__(self, text: str) -> None:
        parts = [part for part in text.split("/") if part] + (["%"] if text.endswith("/") else [])
        fixed = 0
        while fixed < len(parts) and not _WILD.search(parts[fixed]):
            fixed += 1
        exact = fixed == len(parts)
        # The kernel names directories by where they are: a link on the way is followed now.
        self.fixed = os.path.realpath("/" + "/".join(parts[: fixed - 1 if exact else fixed])).rstrip("/")
        parts = [*self.fixed.split("/")[1:], *parts[fixed - 1 if exact else fixed :]]
        sources = ["/" + _part(part) for part in parts]
        above = ["".join(sources[:depth]) for depth in range(len(sources))]
        self.matches = "".join(sources)
        self.base = above[-1] if parts[-1:] == ["%%"] else None
        deep = next((place for place, part in enumerate(parts) if "%%" in part or "**" in part), None)
        if deep is not None:
            begin = _part(re.split(r"%%|\*\*", parts[deep])[0])
            self.leads, self.holds = above[: deep + 1], [f"{above[deep]}(?:/{begin}.*)?"]
        elif exact:
            self.leads, self.holds = above, [above[-1], self.matches] if above else [self.matches]
            self.matches += "(?:/[^/]+)?"
        else:
            self.leads, self.holds = above, above[-1:]


def _patterns(texts: Iterable[str]) -> list[_Pattern]:
    return [_Pattern(one) for text in texts if text.startswith("/") for one in alternatives(text)]


def _part(part: str) -> str:
    """The regular expression of one part of a pattern: `%` and `*` stay in their level, `%%` and `**` do not."""
    if part in ("%%", "**"):
        return ".+"
    pieces = re.split(r"%%+|\*\*+", part)
    return ".*".join("".join(translated(piece.replace("%", "*"), "[^/]")) for piece in pieces)


def _union(sources: Iterable[str]) -> Callable[[str], re.Match[str] | None]:
    """Matches what one of the expressions matches; nothing where there are none."""
    return re.compile("|".join(dict.fromkeys(sources)) or "(?!)", re.DOTALL).fullmatch


def decides(rule: Rule) -> bool:
    """Whether a rule is about paths alone, and about such as are told from one another without looking at events."""
    return rule.fields() == {"path"} and all(p.kind != "glob" and "\\x" not in p.text for p in rule.path)


def _decided(rule: Rule) -> tuple[PathPattern, ...]:
    return rule.path if decides(rule) else ()


def _skips(mount: Mount, roots: Sequence[str]) -> bool:
    """Whether a mount is not walked into: the kernel made it up, or another machine answers. One that a pattern names
    before its first wildcard is."""
    return (mount.type in _MADE_UP or mount.remote) and not any(
        root == mount.path or root.startswith(mount.path + "/") for root in roots
    )
