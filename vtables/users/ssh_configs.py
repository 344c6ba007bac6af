"""The table `ssh_configs`: settings of ssh clients (ssh_config(5)), the host's and users'."""

from __future__ import annotations

from ..scan import Scan
from ..sources.configuration import text_of, understood
from ..sources.homes import in_homes
from ..sources.text import lines
from ..table import BIGINT, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


_SYSTEM = "/etc/ssh/ssh_config"


def parse_ssh_config(text: str) -> Iterator[tuple[str, str] | None]:
    r"""(block, option) of each setting, in lower case; the block is the Host or Match line it is under.

    None for a line that has no name of a setting and a value.

    >>> list(parse_ssh_config("Port 22\nHost a\n  User Bob # x\n"))
    [('', 'port 22'), ('host a', 'user bob # x')]
    """
    block = ""
    for line in lines(text):
        line = " ".join(line.split()).lower()
        if not line or line.startswith("#"):
            continue
        if line.startswith(("host ", "match ")):
            block = line
        else:
            name, space, _ = line.replace("=", " ").partition(" ")
            yield (block, line) if space and name.isascii() and name.isalnum() else None


class SshConfigs(Table):
    """Settings of ssh clients, one a row."""

    uid = Column(BIGINT, "User whose file it is; 0 for the host's", key=True)
    block = Column(TEXT, "The Host or Match line it is under, in lower case; '' for none")
    option = Column(TEXT, "The setting, in lower case")
    ssh_config_file = Column(TEXT, "File it is in")

    typical_rows = 10
    examples = ["SELECT block, option FROM ssh_configs WHERE uid = 0;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        for block, option in understood(scan, _SYSTEM, parse_ssh_config(text_of(scan, _SYSTEM, expected=False))):
            yield 0, block, option, _SYSTEM
        for uid, path, text in in_homes(scan, (".ssh/config",)):
            for block, option in understood(scan, path, parse_ssh_config(text)):
                yield uid, block, option, path
