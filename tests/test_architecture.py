"""The house keeps its order: arrows run downwards, every package is shipped, start-up stays lean."""

from __future__ import annotations

import ast
import configparser
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# The part of a room that all may import.
FILES = "vtables/files"
# Which rooms a room may import from besides (docs/architecture.md).
ALLOWED = {
    "vtables": set(),
    "watchdog": set(),
    "events": {"vtables"},
    "daemon": {"vtables", "events", "watchdog"},
    "shell": {"vtables", "events", "watchdog", "daemon"},
}


def sources(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def imported_rooms(path: Path) -> Iterator[str]:
    """The rooms a file imports from, absolute or relative."""
    package = ("hostql", *path.relative_to(ROOT).parent.parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            start = ".".join(part for part in (base, node.module) if part)
            names = [f"{start}.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "hostql" and len(parts) > 1 and parts[1] in ALLOWED:
                yield FILES if "/".join(parts[1:3]) == FILES else parts[1]


@pytest.mark.parametrize("room", [room for room in ALLOWED if (ROOT / room).is_dir()])
def test_arrows_run_downwards(room: str) -> None:
    crossing = {
        f"{path.relative_to(ROOT)} imports {other}"
        for path in sources(room)
        for other in imported_rooms(path)
        if other not in (room, FILES) and other not in ALLOWED[room]
    }
    assert not crossing


def test_the_part_that_all_may_import_imports_nothing_of_ours() -> None:
    assert {other for path in sources(FILES) for other in imported_rooms(path)} == {FILES}


def test_own_imports_are_relative() -> None:
    """The folders have common names on PyPI (watchdog, events): only relative imports are sure to be ours."""
    absolute = {
        str(path.relative_to(ROOT))
        for room in ALLOWED
        for path in sources(room)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.ImportFrom) and not node.level and (node.module or "").split(".")[0] == "hostql")
        or (isinstance(node, ast.Import) and any(alias.name.split(".")[0] == "hostql" for alias in node.names))
    }
    assert not absolute


def test_every_package_is_shipped() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    listed = set(config["options"]["packages"].split())
    present = {
        ".".join(("hostql", *path.parent.relative_to(ROOT).parts))
        for room in ALLOWED
        for path in (ROOT / room).rglob("__init__.py")
    }
    assert present | {"hostql"} == listed


def test_every_file_says_what_it_is() -> None:
    silent = {
        str(path.relative_to(ROOT))
        for room in ALLOWED
        for path in sources(room)
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert not silent


# Who may look at a path of the running host, and by what: a reader that did so would read this host's files where those
# of another root are meant. First the resolver, then what is not the scanned host's: our own files, the database of
# libmagic, what the running kernel alone knows.
DIRECT = {
    "sources/host.py": {"os.stat", "os.lstat", "os.readlink", "os.listdir", "os.scandir", "os.statvfs", "os.listxattr"}
    | {
        "os.open",
        "os.getxattr",
        "os.path.realpath",
        "os.path.exists",
        "os.path.samefile",
        "files.read",
        "files.read_once",
        "files.use_regular",
        "creation_time",
    },
    "sources/tree.py": {"os.open", "os.stat", "os.readlink"},
    "sources/files.py": {"os.open", "os.path.exists"},
    "catalog.py": {"os.scandir", "os.listdir", "open"},
    "sources/history.py": {"os.path.isfile"},
    "filesystem/magic.py": {"os.path.isfile", "os.path.isdir"},
    "attaching.py": {"os.path.realpath", "os.path.exists", "os.stat", "read_regular", "use_regular"},
    "sources/apart.py": {"os.open"},
    "sources/locked.py": {"os.path.realpath", "os.stat"},
    "sources/sqlite_files.py": {"os.stat", "os.access"},
    "sources/commands.py": {"os.access"},
    "sources/netns.py": {"os.listdir", "os.stat", "os.readlink", "os.open"},
    "sources/procnet.py": {"read"},
    "sources/blkid.py": {"os.open"},
    "sources/hardware_ids.py": {"read"},
    "sources/statx.py": {"os.stat"},
    "filesystem/mounts.py": {"os.open", "os.statvfs"},
}
BY_PATH = {
    *("access", "chdir", "getxattr", "listdir", "listxattr", "lstat", "open", "readlink", "scandir", "stat", "statvfs"),
    *("walk", "fwalk", "exists", "lexists", "isdir", "isfile", "islink", "ismount", "realpath", "getsize", "getmtime"),
    *("samefile", "read_regular", "read_once", "use_regular", "read", "creation_time"),
}


def looked_at(path: Path) -> set[str]:
    """By which functions (of os, pathlib and the like, or sources/files.py) a file looks at paths of this host."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    modules = ("files", "os", "path", "statx")
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    bare = {alias.name for node in froms if (node.module or "").split(".")[-1] in modules for alias in node.names}
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Name, ast.Attribute)):
            name = ast.unparse(node)
            before, _, last = name.rpartition(".")
            known = before in ("os", "os.path", "files") or (not before and (last in bare or last == "open"))
            if (known and last in BY_PATH and name != "os.read") or before in ("pathlib", "glob", "shutil", "Path"):
                found.add(name)
    return found


def test_tables_read_the_files_of_their_host() -> None:
    """Everything in vtables goes through the methods of Host, so that another root is that root alone."""
    found = {
        str(path.relative_to(ROOT / "vtables")): looked_at(path)
        for path in sources("vtables")
        if ROOT / FILES not in path.parents
    }
    assert {path: names for path, names in found.items() if names} == DIRECT
