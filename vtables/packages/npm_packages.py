"""The table `npm_packages`: Node packages installed for the whole host or for a user (package.json)."""

from __future__ import annotations

import json

from ..scan import Scan
from ..sources.configuration import names_in, text_of
from ..sources.text import clean, from_os
from ..table import INTEGER, TEXT, Column, Table
from ._places import asked_for, keeper_of, places

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


# Folders that hold node_modules: of distributions' Nodes and of version managers' for the whole host.
_ROOTS = (
    *("/usr/lib", "/usr/local/lib", "/usr/share", "/opt/node/lib", "/opt/nodejs/lib"),
    *(f"{each}/versions/node/*/lib" for each in ("/usr/local/n", "/usr/local/nvm", "/opt/nvm")),
    *(f"{each}/installs/nodejs/*/lib" for each in ("/opt/asdf", "/opt/asdf-data")),
    "/usr/local/share/pnpm/global/*",
    "/usr/local/share/pnpm/global/v*/*",
)
# Below a home: prefixes that users give npm; nvm, n, nodenv, fnm, volta, asdf and mise; pnpm, yarn and bun.
_HOME_ROOTS = (
    *(f"{each}/lib" for each in (".npm-global", ".npm-packages", ".local", "n")),
    *(f".nvm/versions/{each}/*/lib" for each in ("node", "io.js")),
    *(".nvm/v*/lib", "n/n/versions/node/*/lib", ".n/lib", ".nodenv/versions/*/lib"),
    *(f"{each}/node-versions/*/installation/lib" for each in (".local/share/fnm", ".fnm")),
    ".volta/tools/image/node/*/lib",
    *(f".volta/tools/image/packages/{each}/lib" for each in ("*", "@*/*")),
    *(f".asdf/installs/nodejs/*/{each}lib" for each in ("", ".npm/")),
    *(f"{each}/installs/node/*/lib" for each in (".local/share/mise", ".local/share/rtx")),
    ".local/share/mise/installs/npm-*/*/lib",
    *(f".local/share/pnpm/global/{each}" for each in ("*", "v*/*")),
    *(".config/yarn/global", ".yarn/global", ".bun/install/global"),
)
_LARGEST = 1 << 20


class NpmPackages(Table):
    """Packages in node_modules folders of the host and of users' version managers, those within packages apart."""

    name = Column(TEXT, "Name of the package")
    version = Column(TEXT, "Version", collate="VERSION")
    description = Column(TEXT, "What it is")
    author = Column(TEXT, "Author")
    license = Column(TEXT, "Licence; several with a comma between")
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
        found = (
            ((folder, from_os(folder) + "/") for _, folder in places(scan, _ROOTS, _HOME_ROOTS))
            if asked is None
            else asked_for(asked)
        )
        seen = set()
        for root, shown in found:
            # A link beside each global folder of pnpm's leads to it again.
            real = (scan.host.realpath(f"{root}/node_modules"), shown if asked else "")
            if real in seen:
                continue
            seen.add(real)
            if scan.host.exists(f"{root}/.pnp.cjs"):
                scan.note("packages that Yarn keeps in zip files (Plug'n'Play) are left out", root)
            for path, name in _packages(scan, f"{root}/node_modules"):
                keeper = keeper_of(scan, f"{root}/node_modules", path.rpartition("/")[0])
                text = text_of(scan, path, expected=False, limit=_LARGEST, keeper=keeper)
                fields = parse_package(text, name) if text else {}
                if fields is None:
                    scan.note("a package.json is not one of a package", path)
                elif fields:
                    yield (*[fields[key] for key in _FIELDS], from_os(path), shown, 0, 0, 0, "")


_FIELDS = ("name", "version", "description", "author", "license", "homepage")


def parse_package(text: str, name: str) -> dict[str, str] | None:
    """The fields of a package.json; `name` is its folder's, which counts where it names itself nothing. None for junk.

    >>> parse_package('{"version": "1.0", "licenses": [{"type": "MIT"}, "ISC"], "author": {"name": "Ann"}}', "a")
    {'name': 'a', 'version': '1.0', 'description': '', 'author': 'Ann', 'license': 'MIT, ISC', 'homepage': ''}
    """
    try:
        fields = json.loads(text[1:] if text[:1] == "\ufeff" else text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    found = {key: _word(fields.get(key)) for key in _FIELDS}
    # What packages of long ago have.
    found["license"] = found["license"] or _word(fields.get("licenses"))
    found["name"] = found["name"] or clean(name)
    return found


def _packages(scan: Scan, folder: str) -> Iterator[tuple[str, str]]:
    """(package.json, name of the folder) of each package; a folder that begins with @ holds packages itself."""
    seen = set()
    # Scopes last: a link that makes one of the folder itself hides no package in its own place.
    for name in sorted(names_in(scan, folder), key=lambda name: name.startswith("@")):
        scan.check()
        within = names_in(scan, f"{folder}/{name}") if name.startswith("@") else [""]
        for each in within:
            path = f"{folder}/{name}/{each}".rstrip("/")
            # Names with a dot are the package managers' own; a scope in a scope is a link that loops.
            if name.startswith(".") or each.startswith((".", "@")):
                continue
            real = scan.host.realpath(path)
            if real not in seen:
                seen.add(real)
                yield f"{path}/package.json", from_os(f"{name}/{each}".rstrip("/"))


def _word(value: object) -> str:
    """A field that is a text, an object with a name or a type, or a list of these."""
    if isinstance(value, list):
        return ", ".join(filter(None, [_word(each) for each in value if not isinstance(each, list)]))
    if isinstance(value, dict):
        value = value.get("name") or value.get("type")
    return clean(value) if isinstance(value, str) else ""
