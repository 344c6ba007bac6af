"""The table `os_version`: the distribution (os-release(5))."""

from __future__ import annotations

import os

from ..scan import Scan
from ..sources.files import read
from ..sources.text import decode
from ..table import INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_FILES = ("/etc/os-release", "/usr/lib/os-release")


def parse_os_release(raw: bytes) -> dict[str, str]:
    r"""Assignments by name, quotes and shell escapes undone; a line that is none is left out.

    >>> parse_os_release(b'NAME="Debian GNU/Linux"\nID=debian\n# x\n')
    {'NAME': 'Debian GNU/Linux', 'ID': 'debian'}
    """
    from shlex import split

    found = {}
    for line in decode(raw).splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and name.isidentifier():
            try:
                found[name] = "".join(split(value))
            except ValueError:
                continue
    return found


class OsVersion(Table):
    """The distribution and its release; one row."""

    name = Column(TEXT, "Name of the distribution")
    version = Column(TEXT, "Release, as the distribution writes it")
    major = Column(INTEGER, "First number of the release")
    minor = Column(INTEGER, "Second number of the release, 0 where it has none")
    patch = Column(INTEGER, "Third number of the release, 0 where it has none")
    build = Column(TEXT, "Build id of an image, '' for none")
    platform = Column(TEXT, "Short name of the distribution, such as debian")
    platform_like = Column(TEXT, "Distributions it is close to, by short name")
    codename = Column(TEXT, "Code name of the release")
    arch = Column(TEXT, "Machine architecture")
    pid_with_namespace = Column(INTEGER, "Not offered; always 0", hidden=True)
    mount_namespace_id = Column(TEXT, "Not offered; always ''", hidden=True)

    typical_rows = 1
    examples = ["SELECT name, version, codename FROM os_version;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        for file in _FILES:
            try:
                fields = parse_os_release(read(scan.host.path(file)))
                break
            except OSError:
                continue
        else:
            scan.note("neither /etc/os-release nor /usr/lib/os-release could be read")
            return
        numbers = [int(part) if part.isdigit() else 0 for part in fields.get("VERSION_ID", "").split(".")[:3]]
        yield (
            fields.get("NAME", ""),
            fields.get("VERSION", fields.get("VERSION_ID", "")),
            *[*numbers, 0, 0, 0][:3],
            fields.get("BUILD_ID", ""),
            fields.get("ID", ""),
            fields.get("ID_LIKE", ""),
            fields.get("VERSION_CODENAME", ""),
            os.uname().machine,
            0,
            "",
        )
