"""The table `python_packages`: installed Python distributions (their METADATA or PKG-INFO files)."""

from __future__ import annotations

from ..scan import Scan
from ..sources.configuration import names_in, text_of
from ..sources.homes import homes
from ..sources.text import from_os, lines, to_os
from ..table import BIGINT, INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


_ROOTS = ("/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/local/lib64")
# Below a home: packages of the user, of Pythons that pyenv built, of programs that pipx installed.
_HOME_ROOTS = (".local/lib", ".pyenv/versions/*/lib", ".local/share/pipx/venvs/*/lib", ".local/pipx/venvs/*/lib")
_FOLDERS = ("site-packages", "dist-packages")


def parse_metadata(text: str) -> dict[str, str]:
    r"""The header fields by name, the first of each; what follows the empty line is left out.

    >>> parse_metadata("Name: a\nVersion: 1\nClassifier: x\nClassifier: y\n\nName: no\n")
    {'Name': 'a', 'Version': '1', 'Classifier': 'x'}
    """
    found: dict[str, str] = {}
    for line in lines(text.partition("\n\n")[0]):
        name, colon, value = line.partition(":")
        if colon and line[:1] not in (" ", "\t"):
            found.setdefault(name, value.strip())
    return found


class PythonPackages(Table):
    """Python distributions of the system's Pythons, of users' ~/.local, pyenv and pipx.

    Virtual environments are not looked for; `directory = '/srv/app/.venv/lib/python3.11/site-packages'` reads one.
    """

    name = Column(TEXT, "Name of the distribution")
    uid = Column(BIGINT, "User in whose home it is; 0 for the system's", key=True)
    version = Column(TEXT, "Version", collate="VERSION")
    summary = Column(TEXT, "What it is, in a line")
    author = Column(TEXT, "Author")
    license = Column(TEXT, "Licence, as the author wrote it")
    path = Column(TEXT, "Its metadata folder or file")
    directory = Column(TEXT, "Folder of packages it is in, with a slash at the end; any may be asked for", key=True)
    pid_with_namespace = Column(INTEGER, "Not offered; always 0", hidden=True)

    typical_rows = 100
    examples = ["SELECT name, version, directory FROM python_packages ORDER BY name LIMIT 5;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        asked = scan.equals("directory")
        seen = set()
        for uid, folder, shown in _folders(scan) if asked is None else _asked(scan, asked):
            real = (scan.host.realpath(folder), shown if asked else "")
            if real in seen:
                continue
            seen.add(real)
            for name in names_in(scan, folder):
                if name.endswith((".dist-info", ".egg-info")):
                    scan.check()
                    path = f"{folder}/{name}"
                    fields = parse_metadata(_metadata(scan, path))
                    if not fields.get("Name"):
                        scan.note("a distribution's metadata does not name it", path)
                        continue
                    described = [fields.get(key, "") for key in ("Version", "Summary", "Author", "License")]
                    yield (fields["Name"], uid, *described, from_os(path), shown, 0)


def _folders(scan: Scan) -> Iterator[tuple[int, str, str]]:
    """(uid, folder, the folder as it is shown) of each folder of packages."""
    roots = [(0, root) for root in _ROOTS]
    for user, home in homes(scan):
        for each in _HOME_ROOTS:
            before, star, after = f"{home}/{each}".partition("/*/")
            roots += (
                [(user.uid, f"{before}/{name}/{after}") for name in names_in(scan, before)]
                if star
                else [(user.uid, before)]
            )
    for uid, root in roots:
        for python in names_in(scan, root):
            if python.startswith("python"):
                for folder in _FOLDERS:
                    path = f"{root}/{python}/{folder}"
                    yield uid, path, from_os(path) + "/"


def _asked(scan: Scan, directories: frozenset[Any]) -> Iterator[tuple[int, str, str]]:
    """The folders that the query names, whoever's they are; one in a home belongs to that user."""
    for shown in directories:
        if not isinstance(shown, str) or not shown.startswith("/") or "\0" in shown:
            continue
        for folder in to_os(shown):
            folder = folder.rstrip("/")
            owners = [(len(home), user.uid) for user, home in homes(scan) if home and folder.startswith(home + "/")]
            yield max(owners, default=(0, 0))[1], folder, shown


def _metadata(scan: Scan, path: str) -> str:
    if not scan.host.isdir(path):
        return text_of(scan, path, expected=False)
    name = "METADATA" if path.endswith(".dist-info") else "PKG-INFO"
    return text_of(scan, f"{path}/{name}", expected=False)
