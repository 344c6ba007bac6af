"""A blob: one group of BPF programs, compiled to a loader program and its data (a light skeleton), as package data.

The loader program is itself BPF: it creates the maps and loads the programs, adapted to the running kernel's types. All
it needs is to be run once, see `loader.py`.

    hostql-bpf 1\n {"sources": SHA-256, "maps": [...], "programs": {name: section}, ...}\n  zlib(instructions + data)
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

GROUPS = ("process", "socket", "dns", "file")
FOLDER = os.path.dirname(os.path.abspath(__file__))
SOURCES = os.path.join(FOLDER, "programs")
_MAGIC = b"hostql-bpf 1\n"


class Blob:
    """What a blob holds.

    sources       SHA-256 of the sources it was built from
    maps          {name: (key size, value size, entries)}, in the order in which the loader program knows them
    programs      {name: section}, in that order too
    instructions  the loader program
    data          what it works on
    """

    __slots__ = ("data", "instructions", "maps", "programs", "sources")

    def __init__(
        self,
        sources: str,
        maps: dict[str, tuple[int, int, int]],
        programs: dict[str, str],
        instructions: bytes,
        data: bytes,
    ) -> None:
        self.sources = sources
        self.maps = maps
        self.programs = programs
        self.instructions = instructions
        self.data = data


def path_of(group: str) -> str:
    """Where the blob of a group lies."""
    return os.path.join(FOLDER, f"{group}.blob")


def read(group: str) -> Blob:
    """The blob of a group. OSError where it is missing, ValueError where it is none."""
    import json
    import zlib

    with open(path_of(group), "rb") as file:
        if file.readline() != _MAGIC:
            raise ValueError(f"{path_of(group)} is no blob of BPF programs")
        head = json.loads(file.readline())
        body = zlib.decompress(file.read())
    maps = {name: tuple(sizes) for name, sizes in head["maps"].items()}
    return Blob(head["sources"], maps, head["programs"], body[: head["instructions"]], body[head["instructions"] :])


def write(group: str, blob: Blob) -> None:
    """Write the blob of a group."""
    import json
    import zlib

    head = {
        "sources": blob.sources,
        "maps": blob.maps,
        "programs": blob.programs,
        "instructions": len(blob.instructions),
    }
    with open(path_of(group), "wb") as file:
        file.write(_MAGIC + json.dumps(head, sort_keys=False).encode() + b"\n")
        file.write(zlib.compress(blob.instructions + blob.data, 9))


def sources_of(group: str) -> list[str]:
    """The files a group is compiled from: its own and the headers."""
    headers = sorted(name for name in os.listdir(SOURCES) if name.endswith(".h"))
    return [os.path.join(SOURCES, name) for name in (f"{group}.bpf.c", *headers)]


def digest(paths: Iterable[str]) -> str:
    """SHA-256 of the content of files."""
    from hashlib import sha256

    total = sha256()
    for path in paths:
        with open(path, "rb") as file:
            total.update(file.read() + b"\0")
    return total.hexdigest()
