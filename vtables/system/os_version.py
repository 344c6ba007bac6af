"""The table `os_version`: the distribution (os-release(5))."""

from __future__ import annotations

import os

from ..scan import Scan
from ..sources.configuration import text_of
from ..sources.os_release import os_release
from ..sources.text import BLANKS, integer
from ..table import INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

# The point release of Debian, where os-release does not have it.
_DEBIAN = "/etc/debian_version"


def numbers(version: str, point_release: str) -> list[int]:
    """Major, minor and patch of a release, of which Debian keeps the point release elsewhere.

    >>> numbers("13", "13.8"), numbers("3.19.1", ""), numbers("13", "forky/sid")
    ([13, 8, 0], [3, 19, 1], [13, 0, 0])
    >>> numbers("3.23_alpha20251016", ""), numbers("rolling", "")
    ([3, 23, 0], [0, 0, 0])
    """
    from re import match

    full = point_release if version and point_release.startswith(version + ".") else version
    # What follows a number in its part is the name of a state before the release.
    found = [match("[0-9]*", part) for part in full.split(".")[:3]]
    return [*[integer(each[0]) or 0 for each in found if each], 0, 0][:3]


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
        fields = os_release(scan)
        if fields is None:
            scan.note("neither /etc/os-release nor /usr/lib/os-release could be read")
            return
        point = fields.get("DEBIAN_VERSION_FULL", "")
        if not point and fields.get("ID") == "debian":
            point = text_of(scan, _DEBIAN, expected=False).strip(BLANKS)
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
