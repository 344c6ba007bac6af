"""The table `os_version`: the distribution (os-release(5))."""

from __future__ import annotations

import os

from ..scan import Scan
from ..sources.configuration import text_of, understood
from ..sources.text import integer, lines
from ..table import INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

# No such file is longer; the shell's quoting is slow to undo.
_LARGEST = 65536
_FILES = ("/etc/os-release", "/usr/lib/os-release")


def parse_os_release(text: str) -> Iterator[tuple[str, str] | None]:
    r"""(name, value) of each assignment, quotes and shell escapes undone; None for a line that is none.

    >>> list(parse_os_release('NAME="Debian GNU/Linux"\nID=debian\n# x\n'))
    [('NAME', 'Debian GNU/Linux'), ('ID', 'debian')]
    """
    from shlex import split

    for line in lines(text):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        try:
            yield (name, _unquoted("".join(split(value)))) if equals and name.isidentifier() else None
        except ValueError:
            yield None


def _unquoted(value: str) -> str:
    """What shlex leaves: inside double quotes a shell lets a backslash protect these two as well."""
    return value.replace("\\$", "$").replace("\\`", "`")


class OsVersion(Table):
    """The distribution and its release; one row."""

    name = Column(TEXT, "Name of the distribution")
    version = Column(TEXT, "Release, as the distribution writes it", collate="VERSION")
    major = Column(INTEGER, "First number of the release")
    minor = Column(INTEGER, "Second number of the release, 0 where it has none")
    patch = Column(INTEGER, "Third number of the release, 0 where it has none")
    build = Column(TEXT, "Build id of an image, '' for none")
    platform = Column(TEXT, "Short name of the distribution, such as debian")
    platform_like = Column(TEXT, "Distributions it is close to, by short name")
    codename = Column(TEXT, "Code name of the release")
    arch = Column(TEXT, "Machine architecture; '' for the files of another host")
    pid_with_namespace = Column(INTEGER, "Not offered; always 0", hidden=True)
    mount_namespace_id = Column(TEXT, "Not offered; always ''", hidden=True)

    typical_rows = 1
    examples = ["SELECT name, version, codename FROM os_version;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        for file in _FILES:
            text = text_of(scan, file, expected=False, limit=_LARGEST)
            if text:
                break
        else:
            scan.note("neither /etc/os-release nor /usr/lib/os-release could be read")
            return
        fields = dict(understood(scan, file, parse_os_release(text)))
        numbers = [integer(part) or 0 for part in fields.get("VERSION_ID", "").split(".")[:3]]
        yield (
            fields.get("NAME", ""),
            fields.get("VERSION", fields.get("VERSION_ID", "")),
            *[*numbers, 0, 0, 0][:3],
            fields.get("BUILD_ID", ""),
            fields.get("ID", ""),
            fields.get("ID_LIKE", ""),
            fields.get("VERSION_CODENAME", ""),
            os.uname().machine if scan.host.live else "",
            0,
            "",
        )
