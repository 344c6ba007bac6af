"""Watching files: excluded directories cost nothing, and what one event of a flood costs to drain and decode."""

from __future__ import annotations

import os
import shutil
import struct
import tempfile
import time
from statistics import median

from ..events.options import Options
from ..events.publisher import Publisher, Unavailable
from ..events.publishers.fanotify import Fanotify
from ..events.publishers.inotify import Inotify
from .measure import verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DIRECTORIES = 50_000
EXCLUDED = 45_000
# Each is created, written and closed, changed, renamed and removed; together less than the kernel's queue holds.
FILES = 2_500
ROUNDS = 5


class _Counted:
    """A stream that counts."""

    def __init__(self) -> None:
        self.rows = 0
        self.gaps: list[str] = []

    def add(self, table: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
        self.rows += len(rows)

    def ended(self, rows: list[tuple[int | None, int | None, int]]) -> None:
        pass

    def gap(self, text: str, lost: int) -> None:
        self.gaps.append(text)


def main() -> None:
    """Print the figures."""
    top = os.path.realpath(tempfile.mkdtemp(prefix="hostql-bench-"))
    try:
        _excluded(top)
        _flood(top)
    finally:
        shutil.rmtree(top)


def _excluded(top: str) -> None:
    for number in range(DIRECTORIES):
        tree = "out" if number < EXCLUDED else "in"
        os.makedirs(f"{top}/all/{tree}/{number % 100}/{number}")
        if tree == "in":
            os.makedirs(f"{top}/few/{tree}/{number % 100}/{number}")
    few, all_but = [], []
    for _ in range(ROUNDS):
        few.append(_open(f"{top}/few", ""))
        all_but.append(_open(f"{top}/all", f"{top}/all/out/%%"))
    whole = _open(f"{top}/all", "")
    title = f"inotify: {DIRECTORIES} directories, {EXCLUDED} excluded / the {DIRECTORIES - EXCLUDED} alone"
    verdict(f"{title}: watches", all_but[0][1] / few[0][1], 1.01, f"{all_but[0][1]} / {few[0][1]}")
    mine, other = (median([seconds for seconds, _ in runs]) for runs in (all_but, few))
    figures = f"{mine * 1000:.0f} / {other * 1000:.0f} ms; without exclusion {whole[0] * 1000:.0f} ms, {whole[1]}"
    verdict(f"{title}: time", mine / other, 1.2, f"{figures} watches")


def _open(path: str, excluded: str) -> tuple[float, int]:
    """(seconds, watches) of opening."""
    publisher = Inotify()
    options = Options(file_paths={"all": [f"{path}/%%"]}, exclude_paths={"all": [excluded]} if excluded else {})
    started = time.process_time()
    publisher.open(frozenset(["file_events"]), options)
    taken = time.process_time() - started
    with open(f"/proc/self/fdinfo/{publisher._fd}") as file:
        watches = sum(line.startswith("inotify") for line in file)
    publisher.close()
    return taken, watches


def _flood(top: str) -> None:
    folder = f"{top}/flood"
    os.mkdir(folder)
    options = Options(file_paths={"all": [f"{folder}/%%"]})
    bare = median([_bare(folder) for _ in range(ROUNDS)])
    for kind in (Inotify, Fanotify):
        try:
            runs = [_drained(kind(), options, folder) for _ in range(ROUNDS)]
        except Unavailable as unavailable:
            print(f"{kind.name}: not measured: {unavailable.reason}")
            continue
        each = median([seconds / seen for seconds, seen, _ in runs])
        lost = sum(lost for _, _, lost in runs)
        figures = f"{each * 1e6:.1f} / {bare * 1e6:.1f} us an event, with lstat and the row; {lost} lost"
        verdict(f"{kind.name}: an event of a flood / read and unpacked alone", each / bare, 10, figures)


def _operate(folder: str) -> None:
    for number in range(FILES):
        path = f"{folder}/{number}"
        with open(path, "wb") as file:
            file.write(b"content")
        os.chmod(path, 0o600)
        os.rename(path, path + ".new")
        os.unlink(path + ".new")


def _drained(publisher: Publisher, options: Options, folder: str) -> tuple[float, int, int]:
    """(CPU seconds, events, lost) of draining all operations."""
    publisher.open(frozenset(["file_events"]), options)
    stream = _Counted()
    _operate(folder)
    started = time.process_time()
    before = -1
    while publisher.counters().seen != before:
        before = publisher.counters().seen
        publisher.drain(stream)
    taken = time.process_time() - started
    counters = publisher.counters()
    publisher.close()
    return taken, counters.seen, counters.lost + len(stream.gaps)


def _bare(folder: str) -> float:
    """Seconds an event that reading inotify and unpacking the headers alone takes."""
    import ctypes

    libc = ctypes.CDLL(None)
    fd = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    libc.inotify_add_watch(fd, os.fsencode(folder), 0x4 | 0x8 | 0x40 | 0x80 | 0x100 | 0x200)
    _operate(folder)
    header, events = struct.Struct("iIII"), 0
    started = time.process_time()
    while True:
        try:
            raw = os.read(fd, 1 << 18)
        except BlockingIOError:
            break
        place = 0
        while place < len(raw):
            _, _, _, length = header.unpack_from(raw, place)
            name = raw[place + 16 : place + 16 + length].rstrip(b"\0")
            place += 16 + length
            events += bool(name)
    taken = time.process_time() - started
    os.close(fd)
    return taken / events
