"""The table `python_packages`: installed Python distributions (their METADATA or PKG-INFO files)."""

from __future__ import annotations

from ..scan import Scan
from ..sources.configuration import names_in, text_of
from ..sources.homes import in_homes
from ..sources.text import BLANKS, clean, from_os, lines
from ..sources.ways import reaches
from ..table import BIGINT, INTEGER, TEXT, Column, Table
from ._places import asked_for, keeper_of, owner_of, places

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from ..sources.keepers import Keeper


# Folders that hold pythonX.Y/site-packages: the system's Pythons, programs of `pipx install --global`, conda's.
_CONDA = ("*conda", "*conda3", "*forge3", "mambaforge")
_ENVS = ("", "envs/*/")
_ROOTS = (
    *("/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/local/lib64", "/opt/pipx/venvs/*/lib", "/opt/pipx/shared/lib"),
    *(f"{top}/{each}/{of}lib" for top in ("/opt", "/usr/local", "/usr/share") for each in _CONDA for of in _ENVS),
    *(
        f"{each}/installs/python/*/lib"
        for each in ("/opt/asdf", "/opt/asdf-data", "/opt/mise", "/usr/local/share/mise")
    ),
    *("/opt/pyenv/versions/*/lib", "/usr/local/pyenv/versions/*/lib", "/opt/python/*/lib"),
)
# Below a home: what `pip install --user` made; Pythons of pyenv, asdf, mise, uv and conda; programs of pipx and uv.
_HOME_ROOTS = (
    ".local/lib",
    *(f".pyenv/versions/*/{each}lib" for each in ("", "envs/*/")),
    *(f"{each}/installs/python/*/lib" for each in (".asdf", ".local/share/mise", ".local/share/rtx")),
    *(f".local/share/uv/{each}/*/lib" for each in ("python", "tools")),
    *(f"{each}/{of}lib" for each in (".local/share/pipx", ".local/pipx") for of in ("venvs/*/", "shared/")),
    *(f"{each}/{of}lib" for each in (*_CONDA, "micromamba", ".local/share/mamba", ".conda") for of in _ENVS),
    ".pixi/envs/*/lib",
    # Poetry, PDM and the environments of its own.
    *(".local/share/pypoetry/venv/lib", ".local/share/pdm/venv/lib", ".local/share/pdm/venvs/*/lib"),
    # Virtual environments of pipenv, poetry, hatch and virtualenvwrapper.
    *(
        f"{each}/*/lib"
        for each in (".local/share/virtualenvs", ".cache/pypoetry/virtualenvs", ".virtualenvs", ".venvs")
    ),
    ".local/share/hatch/env/virtual/*/*/*/lib",
)
# Other virtual environments: those that lie in a home, and in a folder of a home by a name that they often have.
_ENVIRONMENTS = ("*", "*/.venv", "*/venv", "*/env")
_FOLDERS = ("site-packages", "dist-packages")
_LARGEST = 1 << 20


def parse_metadata(text: str) -> dict[str, str]:
    r"""The header fields by name in small letters, the first of each; what follows the empty line is left out.

    >>> parse_metadata("Name: a\nSummary: in\n  two lines\nClassifier: x\nclassifier: y\n\nName: no\n")
    {'name': 'a', 'summary': 'in two lines', 'classifier': 'x'}
    """
    found: dict[str, list[str]] = {}
    last: list[str] = []
    for line in lines(text.replace("\r\n", "\n").partition("\n\n")[0]):
        if line[:1] in (" ", "\t"):
            last.append(line.strip(BLANKS))
            continue
        name, colon, value = line.partition(":")
        # A field that was there before is not continued either.
        last = [value.strip(BLANKS)]
        if colon:
            found.setdefault(name.lower(), last)
    return {name: " ".join(filter(None, parts)) for name, parts in found.items()}


class PythonPackages(Table):
    """Python distributions of the system's Pythons, of conda and pipx, and of those in homes.

    In homes these are of `pip install --user`, pyenv, asdf, mise, uv, pipx, conda, and virtual environments up to a
    folder below the home; `directory = '/srv/app/.venv/lib/python3.11/site-packages'` reads any other.
    """

    name = Column(TEXT, "Name of the distribution")
    uid = Column(BIGINT, "User in whose home it is; 0 for the system's", key=True)
    version = Column(TEXT, "Version", collate="VERSION")
    summary = Column(TEXT, "What it is, in a line")
    author = Column(TEXT, "Author, or the author's address where there is nothing else")
    license = Column(TEXT, "Licence: an SPDX expression, or what the author wrote")
    path = Column(TEXT, "Its metadata folder or file")
    directory = Column(TEXT, "Folder of packages it is in, with a slash at the end; any may be asked for", key=True)
    pid_with_namespace = Column(INTEGER, "Not offered; always 0", hidden=True)
    editable_location = Column(TEXT, "Folder of the project that an editable installation uses; '' for others")

    typical_rows = 100
    examples = [
        "SELECT name, version, directory FROM python_packages ORDER BY name LIMIT 5;",
        "SELECT name, editable_location FROM python_packages WHERE editable_location <> '';",
    ]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        asked, uids = scan.equals("directory"), scan.equals("uid")
        folders = _folders(scan) if asked is None else asked_for(asked)
        seen = set()
        for uid, folder, shown in _owned(scan, folders):
            real = (scan.host.realpath(folder), shown if asked else "")
            if real in seen or (uids is not None and uid not in uids):
                continue
            seen.add(real)
            for path, project in _distributions(scan, folder):
                scan.check()
                keeper = keeper_of(scan, folder, path)
                get = parse_metadata(_metadata(scan, path, keeper)).get
                if not get("name"):
                    scan.note("a distribution's metadata does not name it", path)
                    continue
                author, license = (
                    get("author") or get("author-email", ""),
                    get("license-expression") or get("license", ""),
                )
                described = (get("version", ""), get("summary", ""), author, license)
                if not project and scan.wants("editable_location"):
                    file = f"{path}/direct_url.json"
                    project = _project(text_of(scan, file, expected=False, limit=_LARGEST, keeper=keeper))
                yield (get("name"), uid, *described, from_os(path), shown, 0, from_os(project))


def _folders(scan: Scan) -> Iterator[tuple[str, str]]:
    """(folder, as it is shown) of each folder of packages; last those that a link of another home leads to."""
    roots = [*places(scan, _ROOTS, _HOME_ROOTS), *_conda_environments(scan)]
    for uid, folder in places(scan, (), _ENVIRONMENTS):
        if scan.host.isfile(f"{folder}/pyvenv.cfg"):
            roots.append((uid, f"{folder}/lib"))
    elsewhere = []
    for uid, root in roots:
        for python in names_in(scan, root):
            if python.startswith(("python", "pypy")):
                for folder in _FOLDERS:
                    path = f"{root}/{python}/{folder}"
                    if owner_of(scan, scan.host.realpath(path)) == uid:
                        yield path, from_os(path) + "/"
                    else:
                        elsewhere.append((path, from_os(path) + "/"))
    yield from elsewhere


def _conda_environments(scan: Scan) -> Iterator[tuple[int, str]]:
    """(uid, folder that holds pythonX.Y) of the environments that conda lists for a user, wherever they are."""
    for uid, _, text in in_homes(scan, [".conda/environments.txt"], everybody=True):
        for line in lines(text):
            folder = line.strip(BLANKS).rstrip("/")
            if folder.startswith("/") and "\0" not in folder and reaches(scan, folder):
                yield uid, f"{folder}/lib"


def _owned(scan: Scan, folders: Iterable[tuple[str, str]]) -> Iterator[tuple[int, str, str]]:
    """The folders with the user in whose home each really is, whatever links lead there."""
    for folder, shown in folders:
        yield owner_of(scan, scan.host.realpath(folder)), folder, shown


def _distributions(scan: Scan, folder: str) -> Iterator[tuple[str, str]]:
    """(metadata folder or file, folder of the project of an editable installation) of what pip lists in a folder."""
    for name in names_in(scan, folder):
        path, kind = f"{folder}/{name}", name.lower().rpartition(".")[2]
        if kind not in ("dist-info", "egg-info", "egg-link", "egg"):
            continue
        if not name[0].isalnum():
            # pip renames what it removes: ~umpy-1.0.dist-info is left of numpy where it was interrupted.
            scan.note("the rest of an interrupted installation or removal is left out", path)
        elif kind == "egg-link":
            # What `setup.py develop` leaves: the first line is the folder of the project, from here if it is relative.
            text = text_of(scan, path, limit=_LARGEST, keeper=keeper_of(scan, folder, folder))
            line = text.split("\n", 1)[0].strip()
            if line:
                project = scan.host.realpath(f"{folder}/{line}") if line[0] != "/" else line
                yield from (
                    (f"{project}/{each}", project) for each in names_in(scan, project) if each.endswith(".egg-info")
                )
        elif kind != "egg":
            yield path, ""
        elif scan.host.isdir(f"{path}/EGG-INFO"):
            yield f"{path}/EGG-INFO", ""
        else:
            scan.note("an egg that is a zip file is not read", path)


def _metadata(scan: Scan, path: str, keeper: Keeper) -> str:
    for file in [f"{path}/METADATA", f"{path}/PKG-INFO"] if scan.host.isdir(path) else [path]:
        text = text_of(scan, file, expected=False, limit=_LARGEST, keeper=keeper)
        if text:
            return text
    return ""


def _project(text: str) -> str:
    """The folder that a direct_url.json (PEP 610) of an editable installation names.

    >>> _project('{"url": "file:///srv/a%20b", "dir_info": {"editable": true}}'), _project("")
    ('/srv/a b', '')
    >>> _project('{"url": "file://localhost/srv/a", "dir_info": {"editable": true}}')
    '/srv/a'
    """
    if '"editable"' not in text:
        return ""
    import json
    from urllib.parse import unquote

    file = ("file://localhost/", "file:///")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    info, url = (found.get("dir_info"), found.get("url")) if isinstance(found, dict) else (None, None)
    if not isinstance(info, dict) or info.get("editable") is not True or not isinstance(url, str):
        return ""
    if not url.lower().startswith(file):
        return clean(url)
    return clean(unquote(url[url.index("/", len("file://")) :], errors="surrogateescape"))
