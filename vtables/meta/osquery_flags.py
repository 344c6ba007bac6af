"""The table `osquery_flags`: the command line's options, under the name that osquery's queries know."""

from __future__ import annotations

from ..scan import Scan
from ..settings import Settings
from ..table import INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


# Settings a query can see, by the option that sets them; the shell's options as such are in `hostql --help`.
_SETTINGS = (
    ("remote_mounts", "Walk into network and FUSE mounts too"),
    ("osquery_patterns", "Read LIKE on the path of a file as osquery does"),
    ("read_max", "Bytes up to which the table hash reads a file"),
    ("state", "Folder in which an agent keeps what the tables about it show"),
)


class OsqueryFlags(Table):
    """Settings of hostql that change what tables answer."""

    name = Column(TEXT, "Name of the setting")
    type = Column(TEXT, "Type of its value")
    description = Column(TEXT, "What it does")
    default_value = Column(TEXT, "Value it has unless it is set")
    value = Column(TEXT, "Value it has now")
    shell_only = Column(INTEGER, "1 if it matters to the shell alone")

    # An agent has them in its state.
    in_file = True
    typical_rows = 1
    examples = ["SELECT name, value FROM osquery_flags;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        unset = Settings()
        for name, description in _SETTINGS:
            default, value = getattr(unset, name), getattr(scan.settings, name)
            kind = {bool: "bool", int: "uint64"}.get(type(default), "string")
            yield name, kind, description, shown(default), shown(value), 0


def shown(value: object) -> str:
    """A value as the table has it.

    >>> shown(True), shown(7), shown("x")
    ('true', '7', 'x')
    """
    return str(value).lower() if isinstance(value, bool) else str(value)
