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
# The point release of Debian, where os-release does not have it.
_DEBIAN = "/etc/debian_version"


def parse_os_release(text: str) -> Iterator[tuple[str, str] | None]:
    r"""(name, value) of each assignment, quotes and shell escapes undone; None for a line that is none.

    >>> list(parse_os_release('NAME="Debian GNU/Linux"\nID=debian\n# x\nHOME_URL=\'a#b\' # c\n'))
    [('NAME', 'Debian GNU/Linux'), ('ID', 'debian'), ('HOME_URL', 'a#b')]
    """
    for line in lines(text):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        name, equals, quoted = line.partition("=")
        value = _unquoted(quoted)
        yield (name, value) if equals and name.isidentifier() and value is not None else None


def _unquoted(quoted: str) -> str | None:
    """What a shell makes of a value, up to a comment; None where a quote is not closed. Spaces need no quotes."""
    found: list[str] = []
    quote = ""
    characters = iter(quoted)
    for character in characters:
        if character == quote:
            quote = ""
        elif character == "\\" and quote != "'":
            following = next(characters, "")
            # In double quotes it protects what a shell would expand there, and stands for itself before all else.
            found.append(following if not quote or following in '$`"\\' else character + following)
        elif not quote and character in "\"'":
            quote = character
        elif not quote and character == "#" and (not found or found[-1].isspace()):
            break
        else:
            found.append(character)
    return None if quote else "".join(found).strip()


def numbers(version: str, point_release: str) -> list[int]:
    """Major, minor and patch of a release, of which Debian keeps the point release elsewhere.

    >>> numbers("13", "13.8"), numbers("3.19.1", ""), numbers("13", "forky/sid")
    ([13, 8, 0], [3, 19, 1], [13, 0, 0])
    """
    full = point_release if version and point_release.startswith(version + ".") else version
    return [*[integer(part) or 0 for part in full.split(".")[:3]], 0, 0][:3]


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
        point = fields.get("DEBIAN_VERSION_FULL", "")
        if not point and fields.get("ID") == "debian":
            point = text_of(scan, _DEBIAN, expected=False, limit=_LARGEST).strip()
        yield (
            fields.get("NAME", ""),
            fields.get("VERSION", fields.get("VERSION_ID", "")),
            *numbers(fields.get("VERSION_ID", ""), point),
            fields.get("BUILD_ID", ""),
            fields.get("ID", ""),
            fields.get("ID_LIKE", ""),
            fields.get("VERSION_CODENAME", ""),
            os.uname().machine if scan.host.live else "",
            0,
            "",
        )
