"""The table `deb_packages`: Debian packages (dpkg(1), its file status and its folder updates)."""

from __future__ import annotations

from ..scan import Scan
from ..sources.configuration import names_in, text_of, understood
from ..sources.text import BLANKS, integer, lines, words
from ..table import BIGINT, INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any


ADMINDIR = "/var/lib/dpkg"
# Ten thousand packages make some 15 MB.
_LARGEST = 64 << 20
# How often the files are read until dpkg has written none of them meanwhile.
_TRIES = 3
# Fields that dpkg keeps for a package of whatever state, and their spelling here; dpkg takes any (deb822(5)).
_NAMES = (
    *("Package", "Version", "Source", "Installed-Size", "Architecture", "Multi-Arch", "Status", "Maintainer"),
    *("Section", "Priority"),
)
_SPELLING = {name.lower(): name for name in _NAMES}
_KEPT = ("Section", "Priority")
# Words that dpkg knows, and names of packages, in whatever case they are written.
_WORDS = ("Package", "Status", "Priority")


def parse_status(text: str) -> Iterator[dict[str, str] | None]:
    r"""The fields of each package by name, the first line of a longer field alone; None for one without a name.

    >>> list(parse_status("Package: a\nversion: 1-2\nDescription: x\n more\n\nPackage: b\n"))
    [{'Package': 'a', 'Version': '1-2', 'description': 'x'}, {'Package': 'b'}]
    """
    for block in lines(text, "\n\n"):
        fields = {}
        for line in block.split("\n"):
            name, colon, value = line.partition(":")
            if colon and line[:1] not in (" ", "\t"):
                name = name.rstrip(" \t").lower()
                fields[_SPELLING.get(name, name)] = value.strip(BLANKS)
        for name in _WORDS:
            if name in fields:
                fields[name] = " ".join(words(fields[name].lower()))
        if block.strip(BLANKS):
            yield fields if fields.get("Package") else None


def merge(packages: list[dict[str, str]], updates: Iterable[dict[str, str]]) -> None:
    """Put newer states of packages in the places of those they had, or at the end; section and priority stay.

    Of a package that several architectures may have at once (`Multi-Arch: same`) each has its own.

    >>> packages = [{"Package": "a", "Version": "1", "Section": "x"}]
    >>> merge(packages, [{"Package": "a", "Version": "2", "Section": "y"}, {"Package": "b"}])
    >>> packages
    [{'Package': 'a', 'Version': '2', 'Section': 'x'}, {'Package': 'b'}]
    """
    places: dict[str, list[int]] = {}
    for place, fields in enumerate(packages):
        places.setdefault(fields["Package"], []).append(place)
    for update in updates:
        instances = places.setdefault(update["Package"], [])
        replaced = _replaced(packages, instances, update)
        if replaced is None:
            instances.append(len(packages))
            packages.append(update)
        else:
            old = packages[replaced]
            packages[replaced] = {**update, **{name: old[name] for name in _KEPT if old.get(name)}}


def _replaced(packages: list[dict[str, str]], instances: list[int], update: dict[str, str]) -> int | None:
    """Which of a package's instances an update is of; None for one of another architecture beside them.

    One alone is replaced by any other, unless both are such that they can be there together.
    """
    arch = update.get("Architecture")
    there = [place for place in instances if _is_there(packages[place])]
    if len(there) == 1 and not all(each.get("Multi-Arch") == "same" for each in (update, packages[there[0]])):
        return there[0]
    return next((place for place in instances if packages[place].get("Architecture") == arch), None)


def _is_there(fields: dict[str, str]) -> bool:
    """Whether there is something of a package on the host."""
    return fields.get("Status", "").rpartition(" ")[2] not in ("", "not-installed")


def packages_of(scan: Scan, admindir: str) -> list[dict[str, str]]:
    """The packages of which there is something on the host: not what is `not-installed`, as dpkg-query(1).

    While dpkg runs, and after it died, the newest states are in files of the folder updates; their names are numbers.
    """
    file, folder = f"{admindir}/status", f"{admindir}/updates"
    packages: list[dict[str, str]] = []
    for _ in range(_TRIES):
        before = _written(scan, file)
        packages = list(_paragraphs(scan, file, text_of(scan, file, limit=_LARGEST)))
        updates = [f"{folder}/{name}" for name in names_in(scan, folder) if name.isascii() and name.isdigit()]
        for path in updates:
            merge(packages, _paragraphs(scan, path, text_of(scan, path, expected=False)))
        if _written(scan, file) == before:
            break
    there = [fields for fields in packages if _is_there(fields)]
    for fields in there:
        if not fields.get("Version"):
            scan.note(f"a package of {file} has no version")
    return there


def _paragraphs(scan: Scan, file: str, text: str) -> Iterator[dict[str, str]]:
    """The packages of a file; of one that was cut short, with a note, those before the last paragraph."""
    if text and not text.endswith("\n"):
        scan.note("a file ends in the midst of a package, which is left out", file)
        text = text[: text.rfind("\n\n") + 1]
    return understood(scan, file, parse_status(text), "paragraph")


def _written(scan: Scan, file: str) -> tuple[int, int] | None:
    """What tells a version of a file from the one that was put in its place."""
    try:
        found = scan.host.stat(file)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


class DebPackages(Table):
    """Packages dpkg knows: installed ones, wholly or in part, and those removed whose configuration is left."""

    name = Column(TEXT, "Name of the package")
    version = Column(TEXT, "Version", collate="VERSION_DPKG")
    source = Column(TEXT, "Source package where its name or version differs, else ''")
    size = Column(BIGINT, "Installed size, in KiB")
    arch = Column(TEXT, "Architecture")
    revision = Column(TEXT, "Debian revision: what follows the last - of the version; '' for a native package")
    status = Column(TEXT, "What is wanted, whether it is right, what is so: 'install ok installed'")
    maintainer = Column(TEXT, "Who maintains it")
    section = Column(TEXT, "Section of the archive")
    priority = Column(TEXT, "Priority")
    admindir = Column(TEXT, "Folder of dpkg's data", additional=True)
    pid_with_namespace = Column(INTEGER, "Not offered; always 0", hidden=True)
    mount_namespace_id = Column(TEXT, "Not offered; always ''", hidden=True)

    typical_rows = 500
    examples = ["SELECT name, version FROM deb_packages WHERE name = 'bash';"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        for admindir in scan.equals("admindir") or [ADMINDIR]:
            if not isinstance(admindir, str) or not admindir.startswith("/"):
                continue
            for fields in packages_of(scan, admindir):
                get = fields.get
                version = get("Version", "")
                yield (
                    get("Package", ""),
                    version,
                    get("Source", ""),
                    integer(get("Installed-Size", "")),
                    get("Architecture", ""),
                    version.rpartition("-")[2] if "-" in version else "",
                    get("Status", ""),
                    get("Maintainer", ""),
                    get("Section", ""),
                    get("Priority", ""),
                    admindir,
                    0,
                    "",
                )
