"""The table `npm_packages`: Node packages installed for the whole host or for a user (package.json)."""

from __future__ import annotations

import json

from ..scan import Scan
from ..sources.configuration import names_in, text_of
from ..sources.homes import in_homes
from ..sources.text import BLANKS, clean, from_os, lines
from ..sources.ways import reaches
from ..table import INTEGER, TEXT, Column, Table
from ._places import asked_for, keeper_of, places

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


# Folders that hold node_modules: of distributions' Nodes and of version managers' for the whole host.
_SHARED = ("/opt", "/usr/local", "/usr/local/share")
_OF_NVM = ("versions/node/*", "versions/io.js/*", "v*")
_OF_PNPM = ("global/*", "global/v*/*", "nodejs/*/lib")
_CONDA = ("*conda", "*conda3", "*forge3", "mambaforge", "micromamba")
_ROOTS = (
    *("/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share", "/opt/node/lib", "/opt/nodejs/lib"),
    # Archives of nodejs.org, unpacked as its instructions have it.
    *(
        f"{each}/node-*/lib"
        for each in ("/usr/local/lib/nodejs", "/usr/local/lib", "/usr/local", "/opt", "/opt/nodejs")
    ),
    *(f"{each}/versions/node/*/lib" for each in ("/usr/local/n", "/opt/n")),
    *(f"{each}/{of}/lib" for each in ("/usr/local/nvm", "/usr/local/share/nvm", "/opt/nvm") for of in _OF_NVM),
    *(
        f"{each}/asdf{of}/installs/nodejs/*/{npm}lib"
        for each in _SHARED
        for of in ("", "-data")
        for npm in ("", ".npm/")
    ),
    *(f"{each}/mise/installs/{of}/lib" for each in _SHARED for of in ("node/*", "npm-*/*")),
    *(f"{each}/fnm/node-versions/*/installation/lib" for each in _SHARED),
    *(f"{each}/volta/tools/image/{of}/lib" for each in _SHARED for of in ("node/*", "packages/*", "packages/@*/*")),
    *(f"{each}/nodenv/versions/*/lib" for each in _SHARED),
    *(f"{top}/{each}/{of}lib" for top in ("/opt", "/usr/local") for each in _CONDA for of in ("", "envs/*/")),
    *(f"/usr/local/share/pnpm/{each}" for each in _OF_PNPM),
    "/usr/local/share/.config/yarn/global",
)
# Below a home: prefixes that users give npm; nvm, n, nodenv, fnm, volta, asdf and mise; pnpm, yarn and bun.
_HOME_ROOTS = (
    *(f"{each}/lib" for each in (".npm-global", ".npm-packages", ".local", "n")),
    *(f"{each}/{of}/lib" for each in (".nvm", ".config/nvm") for of in _OF_NVM),
    # nvm of the shell fish, and nvs.
    *(".local/share/nvm/v*/lib", *(f"{each}/node/*/*/lib" for each in (".nvs", ".local/share/nvs"))),
    *("n/n/versions/node/*/lib", ".n/lib", ".nodenv/versions/*/lib"),
    *(f"{each}/node-versions/*/installation/lib" for each in (".local/share/fnm", ".fnm")),
    ".volta/tools/image/node/*/lib",
    *(f".volta/tools/image/packages/{each}/lib" for each in ("*", "@*/*")),
    *(f".asdf/installs/nodejs/*/{each}lib" for each in ("", ".npm/")),
    *(f"{each}/installs/node/*/lib" for each in (".local/share/mise", ".local/share/rtx")),
    ".local/share/mise/installs/npm-*/*/lib",
    *(f".local/share/pnpm/{each}" for each in _OF_PNPM),
    *(f"{each}/{of}lib" for each in (*_CONDA, ".local/share/mamba", ".conda") for of in ("", "envs/*/")),
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
        found = ((folder, from_os(folder) + "/") for folder in _folders(scan)) if asked is None else asked_for(asked)
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


def _folders(scan: Scan) -> Iterator[str]:
    """The folders that may hold node_modules: the usual ones, and below the prefix that a user's .npmrc sets."""
    for _, folder in places(scan, _ROOTS, _HOME_ROOTS):
        yield folder
    for _, path, text in in_homes(scan, [".npmrc"]):
        home = path.rpartition("/")[0]
        for line in lines(text):
            name, equals, value = line.partition("=")
            if equals and name.strip(BLANKS) == "prefix":
                prefix = value.strip(BLANKS).strip("\"'").replace("${HOME}", home)
                prefix = home + prefix[1:] if prefix.startswith("~/") else prefix
                if prefix.startswith("/") and "${" not in prefix and reaches(scan, prefix):
                    yield f"{prefix.rstrip('/')}/lib"
                else:
                    scan.note(f"the prefix {prefix} that {from_os(path)} sets is not known", path)


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
