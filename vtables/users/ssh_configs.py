"""The table `ssh_configs`: settings of ssh clients (ssh_config(5)), the host's and users'."""

from __future__ import annotations

import stat

from ..scan import Scan
from ..sources.configuration import LARGEST, glob_in, status_of, text_of, understood, why_refused
from ..sources.homes import homes
from ..sources.keepers import Keeper
from ..sources.ssh_config import included_path, parse_client_config, shown
from ..sources.text import from_os
from ..table import BIGINT, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, TypeVar

    T = TypeVar("T")

# Of these the first that exists; openSUSE ships its own in /usr/etc.
_SYSTEM = ("/etc/ssh/ssh_config", "/usr/etc/ssh/ssh_config")
# As deep as ssh follows files that include others.
_DEEPEST = 16
# Of one user, however often files include one another: files looked into and patterns looked up, lines, characters.
_MOST, _MOST_LINES, _MOST_TEXT = 1000, 100_000, LARGEST
_ROOT = (0, "/root", "root")


class SshConfigs(Table):
    """Settings of ssh clients, one a row, those of included files too."""

    uid = Column(BIGINT, "User whose file it is; 0 for the host's", key=True)
    block = Column(TEXT, "The Host or Match line it is under, in lower case, after > for one of an included file")
    option = Column(TEXT, "The setting, in lower case")
    ssh_config_file = Column(TEXT, "File it is in")

    typical_rows = 10
    examples = ["SELECT block, option FROM ssh_configs WHERE uid = 0;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        system = next((path for path in _SYSTEM if status_of(scan, path) is not None), _SYSTEM[0])
        yield from _File(scan, _ROOT, "/etc/ssh").rows(system, "", 0)
        seen = set()
        for user, home in homes(scan):
            if (user.uid, home) in seen:
                continue
            seen.add((user.uid, home))
            file = _File(scan, (user.uid, home, user.username), f"{home}/.ssh")
            yield from file.rows(f"{home}/.ssh/config", "", 0)


class _File:
    """A file with those it includes: whose it is, and where relative names begin."""

    def __init__(self, scan: Scan, user: tuple[int, str, str], folder: str) -> None:
        self._scan = scan
        self._uid, self._home, self._name = user
        self._folder = folder
        self._keeper = None if folder == "/etc/ssh" else Keeper(user[0], user[1])
        self._left, self._lines, self._text = _MOST, _MOST_LINES, _MOST_TEXT

    def rows(self, path: str, above: str, depth: int) -> Iterator[tuple[int, str, str, str]]:
        """The settings of a file; `above` is the block that includes it."""
        scan = self._scan
        self._left -= 1
        if depth > _DEEPEST or self._left < 0:
            self._note_depth(path)
            return
        if self._keeper is not None:
            self._note_refusal(path)
        block = above
        if self._text <= 0:
            self._note_end(path)
            return
        text = text_of(scan, path, expected=False, keeper=self._keeper)
        self._text -= len(text)
        for keyword, arguments in understood(scan, path, self._counted(path, parse_client_config(text))):
            setting = shown(keyword, arguments).lower()
            if keyword in ("host", "match"):
                block = f"{above} > {setting}" if above else setting
            else:
                yield self._uid, block, setting, from_os(path)
            if keyword == "include":
                for each in self._included(path, arguments):
                    if self._left < 0:
                        break
                    yield from self.rows(each, block, depth + 1)

    def _counted(self, path: str, records: Iterable[T]) -> Iterator[T]:
        """The records of a file, up to the last that one user may have."""
        for record in records:
            self._lines -= 1
            if self._lines < 0:
                self._note_end(path)
                return
            yield record

    def _note_end(self, path: str) -> None:
        most = f"{_MOST_LINES} lines or {_MOST_TEXT >> 20} MiB"
        self._scan.note(f"{from_os(self._name)}'s files have more than {most} in all: the rest is not read", path)

    def _included(self, path: str, names: list[str]) -> Iterator[str]:
        for name in names:
            if self._keeper is None and name.startswith("~"):
                self._scan.note(f"ssh refuses {from_os(path)}: Include {name} is for users' own files")
                continue
            self._left -= 1
            if self._left < 0:
                self._note_depth(path)
                return
            pattern = included_path(name, self._folder, self._home, self._name)
            if pattern is None:
                self._scan.note(f"what Include {name} names is not known without a session of the user's")
                continue
            for each in glob_in(self._scan, pattern):
                status = status_of(self._scan, each)
                if status is not None and not stat.S_ISDIR(status.st_mode):
                    yield each

    def _note_depth(self, path: str) -> None:
        self._scan.note("a file that is included too deeply, or too often, is not followed", path)

    def _note_refusal(self, path: str) -> None:
        """ssh does not start with a user's file that others can change."""
        status = status_of(self._scan, path)
        why = why_refused(self._scan, status, owners=(self._uid,)) if status is not None else ""
        if why:
            self._scan.note(f"ssh refuses {from_os(path)}: it {why}")
