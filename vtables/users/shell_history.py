"""The table `shell_history`: what users typed at their shells."""

from __future__ import annotations

from ..scan import Scan
from ..sources.configuration import bytes_of, text_of, understood
from ..sources.homes import homes
from ..sources.shell_history import history_files, parse_history
from ..sources.text import from_os
from ..table import BIGINT, INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


# Where shells keep their history, and which shell it is of where the name tells.
_FILES = {
    ".bash_history": "bash",
    ".zsh_history": "zsh",
    ".zhistory": "zsh",
    ".histfile": "zsh",
    ".history": "",
    ".sh_history": "",
    ".ash_history": "sh",
    ".mksh_history": "",
    ".config/zsh/.zsh_history": "zsh",
    ".local/share/zsh/history": "zsh",
    ".local/state/zsh/history": "zsh",
    ".local/state/bash/history": "bash",
}
# fish has a file for each of its sessions' names.
_FISH = (".local/share/fish", ".config/fish")
# Where HISTFILE is usually set, and by which shell.
_STARTUP = {
    ".bashrc": "bash",
    ".bash_profile": "bash",
    ".profile": "",
    ".zshrc": "zsh",
    ".zshenv": "zsh",
    ".zprofile": "zsh",
    ".kshrc": "",
    ".mkshrc": "",
}


class ShellHistory(Table):
    """Commands in the history files of local users' shells: bash, zsh, fish, ksh, mksh, tcsh, busybox.

    A file elsewhere is read if a start-up file sets HISTFILE to a path in the home directory, else a note names it.
    """

    uid = Column(BIGINT, "User whose history it is", key=True)
    time = Column(INTEGER, "When it was typed, in Unix seconds; 0 where the shell kept no time")
    command = Column(TEXT, "What was typed; of several lines where the shell kept them together")
    history_file = Column(TEXT, "File it is in")

    typical_rows = 1000
    examples = ["SELECT u.username, h.command FROM shell_history h JOIN users u USING (uid) LIMIT 10;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        seen = set()
        for user, home in homes(scan):
            for path, shell in _files(scan, home):
                if (user.uid, path) in seen:
                    continue
                seen.add((user.uid, path))
                raw = bytes_of(scan, path, expected=False)
                for time, command in understood(scan, path, parse_history(raw, shell)):
                    yield user.uid, time, command, from_os(path)


def _files(scan: Scan, home: str) -> Iterator[tuple[str, str]]:
    """(path, shell) of each file that may be there."""
    for name, shell in _FILES.items():
        yield f"{home}/{name}", shell
    for folder in _FISH:
        try:
            names = sorted(scan.host.listdir(f"{home}/{folder}"))
        except PermissionError:
            # The one that is always there; a note counts it.
            names = ["fish_history"]
        except OSError:
            continue
        yield from ((f"{home}/{folder}/{name}", "fish") for name in names if name.endswith("_history"))
    for name, shell in _STARTUP.items():
        for value in history_files(text_of(scan, f"{home}/{name}", expected=False)):
            path = home + value[1:] if value.startswith("~/") else value
            if path.startswith(f"{home}/") and not {"..", "."} & set(path.split("/")) and "$" not in path:
                yield path, shell
            elif value:
                scan.note(f"{home}/{name} sets HISTFILE to {value}, which is not read")
