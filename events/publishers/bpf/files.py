"""The group of programs that see what is done to the files of watched directories."""

from __future__ import annotations

import os
import struct

from ...publisher import Counters, Unavailable
from ...watches import Watches
from . import decode
from .groups import BATCH, Told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...options import Options
    from ...publisher import Stream

# Bytes of a watched directory by which the programs know it; the reader compares all.
ROOT_BYTES = 200
_ROOT = struct.Struct("<I255sx")


def _call(
    operation: str,
    *,
    directory: int = 0,
    name: int = 0,
    directory2: int = 0,
    name2: int = 0,
    descriptor: int = 0,
    flags: int = 0,
    opens: int = 0,
) -> int:
    """`union call` of file.bpf.c: where a system call has its arguments, counted from 1."""
    number = decode.OPERATIONS.index(operation)
    return int.from_bytes(bytes((number, directory, name, directory2, name2, descriptor, flags, opens)), "little")


_OPENS_FLAGS, _OPENS_HOW, _OPENS_ALWAYS = 1, 2, 3
CALLS = {
    f"syscalls/sys_exit_{name}": cookie
    for name, cookie in {
        "open": _call("open", flags=2, opens=_OPENS_FLAGS),
        "openat": _call("open", flags=3, opens=_OPENS_FLAGS),
        "openat2": _call("open", flags=3, opens=_OPENS_HOW),
        "creat": _call("open", opens=_OPENS_ALWAYS),
        "rename": _call("rename", name=1, name2=2),
        "renameat": _call("rename", directory=1, name=2, directory2=3, name2=4),
        "renameat2": _call("rename", directory=1, name=2, directory2=3, name2=4),
        "link": _call("link", name=1, name2=2),
        "linkat": _call("link", directory=1, name=2, directory2=3, name2=4),
        "symlink": _call("symlink", name=2),
        "symlinkat": _call("symlink", directory=2, name=3),
        "unlink": _call("unlink", name=1),
        # With AT_REMOVEDIR among its flags it is rmdir.
        "unlinkat": _call("unlink", directory=1, name=2, flags=3),
        "rmdir": _call("rmdir", name=1),
        "mkdir": _call("mkdir", name=1),
        "mkdirat": _call("mkdir", directory=1, name=2),
        "truncate": _call("truncate", name=1),
        "ftruncate": _call("truncate", descriptor=1),
        "chmod": _call("chmod", name=1),
        "fchmodat": _call("chmod", directory=1, name=2),
        "fchmodat2": _call("chmod", directory=1, name=2),
        "fchmod": _call("chmod", descriptor=1),
        "chown": _call("chown", name=1),
        "lchown": _call("chown", name=1),
        "fchownat": _call("chown", directory=1, name=2),
        "fchown": _call("chown", descriptor=1),
    }.items()
}


class Files(Told):
    """Files of watched directories that are written to, made, renamed and removed."""

    event_class = "file"
    calls = CALLS

    def __init__(self, name: str, options: Options) -> None:
        if not any(options.file_paths.values()):
            raise Unavailable("no files to watch are configured", "name some in file_paths")
        self._unwatched = 0
        super().__init__(name, options)

    def _set_up(self, options: Options) -> None:
        self._watches = Watches(options.file_paths, options.exclude_paths)
        for root in self._watches.roots:
            key = (root + "/").encode("utf-8", "surrogateescape")[:ROOT_BYTES]
            self.loaded.update("hostql_roots", _ROOT.pack(8 * len(key), key), b"\1")

    def drain(self, stream: Stream, offset: int) -> int:
        records = self.rings[0].records(BATCH)
        self.take_programs()
        rows: list[tuple[Any, ...]] = []
        category, resolve = self._watches.category, _Resolved()
        for raw in records:
            row = decode.file_row(raw, self.programs, self.contexts.of, offset, resolve)
            # Where `path` and `dest_path` stand.
            if category(row[2]) is not None or (row[3] and category(row[3]) is not None):
                rows.append(row)
            else:
                self._unwatched += 1
        stream.add("process_file_events", decode.FILE_COLUMNS, rows)
        return len(records)

    def counters(self) -> Counters:
        counted = super().counters()
        return Counters(counted.seen - self._unwatched, counted.excluded, counted.lost)


class _Resolved(dict[str, str]):
    """Where directories are, links followed; remembered as long as a batch."""

    def __call__(self, path: str) -> str:
        directory, slash, name = path.rpartition("/")
        return f"{self[directory]}/{name}" if slash else path

    def __missing__(self, directory: str) -> str:
        found = self[directory] = os.path.realpath(directory or "/").rstrip("/")
        return found
