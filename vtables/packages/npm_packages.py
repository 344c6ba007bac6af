"""The table `npm_packages`: Node packages installed for the whole host (package.json)."""

from __future__ import annotations

import json

from ..scan import Scan
from ..sources.configuration import names_in, text_of
from ..sources.text import clean, from_os, to_os
from ..table import INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


_ROOTS = ("/usr/lib", "/usr/local/lib", "/usr/share", "/opt/node/lib")


class NpmPackages(Table):
    """Packages in the host's node_modules folders, those within packages apart."""

    name = Column(TEXT, "Name of the package")
    version = Column(TEXT, "Version", collate="VERSION")
    description = Column(TEXT, "What it is")
    author = Column(TEXT, "Author")
    license = Column(TEXT, "Licence")
    homepage = Column(TEXT, "Home page")
    path = Column(TEXT, "Its package.json")
    directory = Column(TEXT, "Folder that holds node_modules, with a slash at the end; any may be asked for", key=True)
    depth = Column(INTEGER, "Always 0: packages within packages are not listed")
    max_depth = Column(INTEGER, "Not offered; always 0", hidden=True)
    pid_with_namespace = Column(INTEGER, "Not offered; always 0", hidden=True)
    mount_namespace_id = Column(TEXT, "Not offered; always ''", hidden=True)

    typical_rows = 10
    examples = ["SELECT name, version FROM npm_packages;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        asked = scan.equals("directory")
        for root, shown in [(root, root + "/") for root in _ROOTS] if asked is None else _asked(asked):
            for path in _packages(scan, f"{root}/node_modules"):
                text = text_of(scan, path, expected=False)
                if not text:
                    continue
                scan.check()
                try:
                    fields = json.loads(text)
                except (ValueError, RecursionError):
                    fields = None
                if not isinstance(fields, dict) or not isinstance(fields.get("name"), str):
                    scan.note("a package.json is not one of a package", path)
                    continue
                described = [_word(fields.get(key)) for key in ("name", "version", "description", "author", "license")]
                yield (*described, _word(fields.get("homepage")), from_os(path), shown, 0, 0, 0, "")


def _asked(directories: frozenset[Any]) -> Iterator[tuple[str, str]]:
    """(folder, as it was named) of the folders that the query names."""
    for shown in directories:
        if isinstance(shown, str) and shown.startswith("/") and "\0" not in shown:
            for folder in to_os(shown):
                yield folder.rstrip("/"), shown


def _packages(scan: Scan, folder: str) -> Iterator[str]:
    """The package.json of each package; a folder that begins with @ holds packages itself."""
    for name in names_in(scan, folder):
        if name.startswith("@"):
            yield from _packages(scan, f"{folder}/{name}")
        elif not name.startswith("."):
            yield f"{folder}/{name}/package.json"


def _word(value: object) -> str:
    """A field that is a text, or an object with a name or a type."""
    if isinstance(value, dict):
        value = value.get("name") or value.get("type")
    return clean(value) if isinstance(value, str) else ""
