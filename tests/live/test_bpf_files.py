"""What is done to the files of watched directories, seen by BPF; by real system calls of a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hostql.events.exclusion.rules import Rule, Rules
from hostql.events.options import Options
from hostql.events.publisher import Unavailable
from hostql.events.publishers.bpf.files import CALLS
from hostql.events.publishers.bpf.publisher import Bpf
from hostql.tests.live.test_bpf import drain_whole

pytestmark = pytest.mark.live
TABLES = frozenset(["process_file_events"])


class Seen:
    """A publisher at work, and the rows it gave."""

    def __init__(self, options: Options) -> None:
        self.rows: list[dict[str, Any]] = []
        self.publisher = Bpf()
        try:
            self.publisher.open(TABLES, options)
        except Unavailable as unavailable:
            pytest.skip(str(unavailable))

    def add(self, table: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
        assert table == "process_file_events"
        self.rows += [dict(zip(columns, row)) for row in rows]

    def gap(self, text: str, lost: int) -> None:
        raise AssertionError(text)

    def after(self, code: str, folder: Path) -> list[tuple[str, ...]]:
        """(operation, path, new path) of what a program did, paths below `folder`."""
        child = subprocess.Popen([sys.executable, "-IS", "-c", "import os\n" + code], cwd=folder)
        assert child.wait() == 0
        drain_whole(self.publisher, self)
        own = [row for row in self.rows if row["pid"] == child.pid]
        assert all(row["ppid"] == os.getpid() and row["cwd"] == str(folder) for row in own)
        assert all(row["executable"] == os.path.realpath(sys.executable) for row in own)
        return [
            tuple(str(row[name]).replace(f"{folder}/", "") for name in ("operation", "path", "dest_path"))
            for row in own
        ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = Path(os.path.realpath(tmp_path))
    (place / "watched").mkdir()
    (place / "link").symlink_to("watched")
    return place


@pytest.fixture
def seen(folder: Path) -> Iterator[Seen]:
    made = Seen(
        Options(file_paths={"all": [f"{folder}/watched/%%"]}, exclude_paths={"all": [f"{folder}/watched/no/%%"]})
    )
    yield made
    made.publisher.close()


def test_each_operation(seen: Seen, folder: Path):
    code = """
open("new", "w").close(); open("new").close(); os.rename("new", "old")
os.link("old", "hard"); os.symlink("old", "soft"); os.mkdir("dir"); os.rmdir("dir"); os.unlink("hard")
os.truncate("old", 3); os.chmod("old", 0o600); os.chown("old", 0, 0); os.lchown("soft", 0, 0)
fd = os.open("old", os.O_RDWR); os.ftruncate(fd, 1); os.fchmod(fd, 0o644); os.fchown(fd, 0, 0)
"""
    assert seen.after(code, folder / "watched") == [
        ("open", "new", ""),
        ("rename", "new", "old"),
        ("link", "old", "hard"),
        ("symlink", "soft", ""),
        ("mkdir", "dir", ""),
        ("rmdir", "dir", ""),
        ("unlink", "hard", ""),
        ("truncate", "old", ""),
        ("chmod", "old", ""),
        ("chown", "old", ""),
        ("chown", "soft", ""),
        ("open", "old", ""),
        ("truncate", "old", ""),
        ("chmod", "old", ""),
        ("chown", "old", ""),
    ]


def test_names_by_descriptors_links_and_detours(seen: Seen, folder: Path):
    code = """
fd = os.open("watched", os.O_RDONLY)
os.close(os.open("by-fd", os.O_CREAT | os.O_WRONLY, dir_fd=fd))
os.rename("by-fd", "moved", src_dir_fd=fd, dst_dir_fd=fd)
os.mkdir("sub", dir_fd=fd); os.rmdir("sub", dir_fd=fd); os.link("moved", "twice", src_dir_fd=fd, dst_dir_fd=fd)
open("link/by-link", "w").close(); os.unlink("link/../link/by-link"); os.unlink("watched/./moved")
os.rename("watched/twice", "out"); os.rename("out", "link/back")
"""
    assert seen.after(code, folder) == [
        ("open", "watched/by-fd", ""),
        ("rename", "watched/by-fd", "watched/moved"),
        ("mkdir", "watched/sub", ""),
        ("rmdir", "watched/sub", ""),
        ("link", "watched/moved", "watched/twice"),
        ("open", "watched/by-link", ""),
        ("unlink", "watched/by-link", ""),
        ("unlink", "watched/moved", ""),
        ("rename", "watched/twice", "out"),
        ("rename", "out", "watched/back"),
    ]


def test_what_is_not_watched_what_failed_and_what_was_excluded(seen: Seen, folder: Path):
    (folder / "watched/no").mkdir()
    code = """
open("elsewhere", "w").close(); os.unlink("elsewhere"); open("watched-not", "w").close()
open("watched/no/file", "w").close()
for call in (os.unlink, os.rmdir, os.mkdir):
    try: call("watched/none/none")
    except OSError: pass
open("watched/yes", "w").close()
"""
    # What others do to files counts until it is found not to be watched.
    drain_whole(seen.publisher, seen)
    before = seen.publisher.counters().seen
    assert seen.after(code, folder) == [("open", "watched/yes", "")]
    assert seen.publisher.counters().seen - before == 1
    assert seen.publisher.exclude(Rules("test", (Rule(0, "{}", event_class="file", uid=(0,)),))) == {0}
    seen.rows.clear()
    assert seen.after("open('watched/yes', 'w').close()", folder) == []
    assert seen.publisher.counters().excluded >= 1
    assert seen.publisher.exclude(Rules("test", (Rule(0, "{}", event_class="file", uid=(1,)),))) == {0}
    assert seen.after("open('watched/yes', 'w').close()", folder) == [("open", "watched/yes", "")]


def test_long_names_and_strange_ones(seen: Seen, folder: Path):
    deep = "/".join(["watched", *(["d" * 200] * 4)])
    (folder / deep).mkdir(parents=True)
    code = f"open('{deep}/file', 'w').close(); open(b'watched/\\xff\\n', 'w').close(); os.unlink(b'watched/\\xff\\n')"
    assert seen.after(code, folder) == [
        ("open", f"{deep}/file", ""),
        ("open", "watched/\\xff\n", ""),
        ("unlink", "watched/\\xff\n", ""),
    ]


def test_without_file_paths_the_other_tables_are_fed():
    publisher = Bpf()
    try:
        publisher.open(frozenset(["process_events", "process_file_events"]), Options())
    except Unavailable as unavailable:
        pytest.skip(str(unavailable))
    assert set(publisher.unfed) == {"process_file_events"}
    publisher.close()


def test_every_call_is_described_once():
    assert len(CALLS) == len(set(CALLS)) == 26
