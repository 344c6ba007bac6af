"""Loads to measure under, made cheaply and always taken away: processes, sockets, a tree of files, large files."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_HOLDERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "holders.py")


@contextmanager
def processes(count: int) -> Iterator[None]:
    """`count` more processes that sleep."""
    with _helper("processes", str(count)):
        yield


@contextmanager
def sockets(count: int, holders: int = 5) -> Iterator[None]:
    """`count` connected TCP sockets of the loopback interface, held by a few processes that listen as well."""
    with _helper("sockets", str(count), str(holders)):
        yield


@contextmanager
def _helper(*arguments: str) -> Iterator[None]:
    command = [sys.executable, "-IS", _HOLDERS, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as helper:
        try:
            if helper.stdout is None or helper.stdout.readline() != b"ready\n":
                raise RuntimeError("the load could not be made (limits of processes or files?)")
            yield
        finally:
            os.killpg(helper.pid, signal.SIGKILL)


@contextmanager
def tree(files: int, *, per_folder: int = 1000) -> Iterator[str]:
    """A directory with that many empty files in folders below it; gives its path."""
    with tempfile.TemporaryDirectory(prefix="hostql-bench-") as top:
        for start in range(0, files, per_folder):
            folder = f"{top}/group{start // per_folder // 10}/part{start // per_folder}"
            os.makedirs(folder)
            fd = os.open(folder, os.O_RDONLY)
            for i in range(start, min(start + per_folder, files)):
                os.mknod(f"file{i}.txt", stat.S_IFREG | 0o644, dir_fd=fd)
            os.close(fd)
        yield top


@contextmanager
def large_files(count: int, megabytes: int) -> Iterator[str]:
    """A directory with `count` files of that size, in the page cache; gives its path."""
    with tempfile.TemporaryDirectory(prefix="hostql-bench-") as top:
        block = os.urandom(1 << 20)
        for i in range(count):
            with open(f"{top}/large{i}", "wb") as file:
                for _ in range(megabytes):
                    file.write(block)
        yield top
