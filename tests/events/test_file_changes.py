"""Rows of changed files, and their hashes, of which a thread makes one at a time."""

from __future__ import annotations

import hashlib
import os
import select
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hostql.events import file_changes
from hostql.events.file_changes import COLUMNS, COLUMNS_WITH_PID, Changes


class Rows(list):
    """The rows that a stream was given, as dictionaries."""

    def add(self, table: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
        assert table == "file_events" and columns in (COLUMNS, COLUMNS_WITH_PID)
        self.extend(dict(zip(columns, row)) for row in rows)


@pytest.fixture
def changes() -> Iterator[Changes]:
    made = Changes()
    yield made
    made.close()


def rows(changes: Changes, done: Callable[[Rows], bool]) -> Rows:
    """The rows, when they are so; each turn waits for a hash."""
    found = Rows()
    changes.flush(found)
    while not done(found):
        assert select.select([changes.fd], [], [], 10)[0]
        changes.flush(found)
    return found


def test_a_row_waits_for_its_hash(changes: Changes, tmp_path: Path):
    path = tmp_path / "file"
    path.write_bytes(b"1")
    changes.add(str(path), "all", "UPDATED", 7)
    assert rows(changes, lambda found: True) == []
    (row,) = rows(changes, lambda found: bool(found))
    assert (row["md5"], row["hashed"], row["time"]) == (hashlib.md5(b"1").hexdigest(), 1, 7)
    assert row["inode"] == path.stat().st_ino


def test_the_last_of_many_changes_has_the_hash(changes: Changes, tmp_path: Path):
    path = tmp_path / "file"
    path.write_bytes(b"2")
    for action in ("UPDATED", "UPDATED", "ATTRIBUTES_MODIFIED"):
        changes.add(str(path), "all", action, 7)
    found = rows(changes, lambda found: len(found) == 3)
    assert [(row["action"], row["hashed"]) for row in found] == [
        ("UPDATED", -1),
        ("UPDATED", -1),
        ("ATTRIBUTES_MODIFIED", 1),
    ]


def test_a_file_that_goes_keeps_the_order(changes: Changes, tmp_path: Path):
    path = tmp_path / "file"
    path.touch()
    changes.add(str(path), "all", "UPDATED", 7)
    path.unlink()
    changes.add(str(path), "all", "DELETED", 7)
    found = rows(changes, lambda found: len(found) == 2)
    assert [(row["action"], row["hashed"], row["sha1"]) for row in found] == [
        ("UPDATED", -1, None),
        ("DELETED", 0, None),
    ]


def test_what_is_no_file_is_not_hashed(changes: Changes, tmp_path: Path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("/etc/passwd")
    for name in ("fifo", "link", "gone"):
        changes.add(str(tmp_path / name), "all", "MOVED_TO", 7)
    found = rows(changes, lambda found: len(found) == 3)
    assert [(row["hashed"], row["inode"] is None) for row in found] == [(0, False), (0, False), (-1, True)]


def test_large_files_and_too_many_are_not_hashed(changes: Changes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(file_changes, "WAITING", 2)
    with open(tmp_path / "large", "wb") as file:
        file.truncate(file_changes.HASHED_BYTES + 1)
    changes.add(str(tmp_path / "large"), "all", "UPDATED", 7)
    for name in "abc":
        (tmp_path / name).touch()
        changes.add(str(tmp_path / name), "all", "UPDATED", 7)
    found = rows(changes, lambda found: len(found) == 4)
    hashed = {os.path.basename(row["target_path"]): row["hashed"] for row in found}
    assert hashed == {"large": -1, "a": 1, "b": 1, "c": -1}


def test_closing_hands_over_what_waits(tmp_path: Path):
    with open(tmp_path / "large", "wb") as file:
        file.truncate(file_changes.HASHED_BYTES)
    changes = Changes(with_pid=True)
    found = Rows()
    changes.flush(found)
    changes.add(str(tmp_path / "large"), "all", "UPDATED", 7, None, 1)
    changes.close()
    assert [(row["hashed"], row["pid"]) for row in found] == [(-1, 1)]
