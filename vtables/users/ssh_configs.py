"""The table `ssh_configs`: settings of ssh clients (ssh_config(5)), the host's and users'."""

from __future__ import annotations

import stat

from ..scan import Scan
from ..sources.configuration import glob_in, status_of, text_of, understood, why_refused
from ..sources.homes import homes
from ..sources.keepers import Keeper
from ..sources.ssh_config import included_path, parse_ssh_config, shown
from ..sources.text import from_os
from ..table import BIGINT, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

# Of these the first that exists; openSUSE ships its own in /usr/etc.
_SYSTEM = ("/etc/ssh/ssh_config", "/usr/etc/ssh/ssh_config")
# As deep as ssh follows files that include others.
_DEEPEST = 16
# Files of one user's that are looked into, however often they include one another.
_MOST = 1000
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
        self._left = _MOST

    def rows(self, path: str, above: str, depth: int) -> Iterator[tuple[int, str, str, str]]:
        """The settings of a file; `above` is the block that includes it."""
        scan = self._scan
        self._left -= 1
        if depth > _DEEPEST or self._left < 0:
            scan.note("a file that is included too deeply, or too often, is not followed", path)
            return
        if self._keeper is not None:
            self._note_refusal(path)
        block = above
        text = text_of(scan, path, expected=False, keeper=self._keeper)
        for keyword, arguments in understood(scan, path, parse_ssh_config(text)):
            setting = shown(keyword, arguments).lower()
            if keyword in ("host", "match"):
                block = f"{above} > {setting}" if above else setting
            else:
                yield self._uid, block, setting, from_os(path)
            if keyword == "include":
                for each in self._included(arguments):
                    yield from self.rows(each, block, depth + 1)

    def _included(self, names: list[str]) -> Iterator[str]:
        for name in names:
            pattern = included_path(name, self._folder, self._home, self._name)
            if pattern is None:
                self._scan.note(f"what Include {name} names is not known without a session of the user's")
                continue
            for path in glob_in(self._scan, pattern):
                status = status_of(self._scan, path)
                if status is not None and not stat.S_ISDIR(status.st_mode):
                    yield path

    def _note_refusal(self, path: str) -> None:
        """ssh does not start with a user's file that others can change."""
        status = status_of(self._scan, path)
        why = why_refused(self._scan, status, owners=(self._uid,)) if status is not None else ""
        if why:
            self._scan.note(f"ssh refuses {from_os(path)}: it {why}")
