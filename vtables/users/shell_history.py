"""The table `shell_history`: what users typed at their shells."""

from __future__ import annotations

from ..scan import Scan
from ..sources.configuration import understood
from ..sources.homes import in_homes
from ..sources.text import lines
from ..table import BIGINT, INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


_FILES = (".bash_history", ".zsh_history", ".zhistory", ".history", ".sh_history")


def parse_history(text: str) -> Iterator[tuple[int, str]]:
    r"""(Unix time, command) of each entry; 0 where the shell kept no time. Reads bash's and zsh's own forms.
    >>> list(parse_history("ls\n#1700000000\nid\n: 1700000001:0;pwd\n"))
    [(0, 'ls'), (1700000000, 'id'), (1700000001, 'pwd')]
    """
    time = 0
    for line in lines(text):
        if line[:1] == "#" and _is_time(line[1:]):
            time = int(line[1:])
        elif line.startswith(": ") and ";" in line and _is_time(line[2:].partition(":")[0]):
            yield int(line[2:].partition(":")[0]), line.partition(";")[2]
        elif line:
            yield time, line
            time = 0


def _is_time(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 12


class ShellHistory(Table):
    """Commands in the history files of local users' shells."""

    uid = Column(BIGINT, "User whose history it is", key=True)
    time = Column(INTEGER, "When it was typed, in Unix seconds; 0 where the shell kept no time")
    command = Column(TEXT, "What was typed; a line each")
    history_file = Column(TEXT, "File it is in")

    typical_rows = 1000
    examples = ["SELECT u.username, h.command FROM shell_history h JOIN users u USING (uid) LIMIT 10;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        for uid, path, text in in_homes(scan, _FILES):
            for time, command in understood(scan, path, parse_history(text)):
                yield uid, time, command, path
