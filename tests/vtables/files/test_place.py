"""Where a path leads, whatever is renamed meanwhile."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hostql.vtables.files.place import Place, find


def seen(path: str, **options: bool) -> tuple[Place, list[str]]:
    passed: list[str] = []
    with find(path, lambda at, found, handle: passed.append(at), **options) as place:
        return place, passed


def test_each_directory_and_link_is_passed(tmp_path: Path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").write_text("")
    (tmp_path / "link").symlink_to("a/../a/b")
    (tmp_path / "last").symlink_to(tmp_path / "link" / "file")
    place, passed = seen(f"{tmp_path}/./last")
    assert place.path == f"{tmp_path}/a/b/file"
    assert place.found is not None and stat.S_ISREG(place.found.st_mode)
    assert {"/", str(tmp_path), f"{tmp_path}/last", f"{tmp_path}/link", f"{tmp_path}/a/b"} <= set(passed)
    assert passed[-1] == f"{tmp_path}/a/b"
    place, _ = seen(f"{tmp_path}/last", follow=False)
    assert place.path == f"{tmp_path}/last" and place.found is not None and stat.S_ISLNK(place.found.st_mode)


def test_a_name_that_nothing_has(tmp_path: Path):
    (tmp_path / "dangling").symlink_to("new")
    place, _ = seen(f"{tmp_path}/dangling")
    assert (place.path, place.found) == (f"{tmp_path}/new", None)


@pytest.mark.parametrize(
    "path, error",
    [
        ("nope/file", FileNotFoundError),
        ("file/", NotADirectoryError),
        ("file/x", NotADirectoryError),
        ("loop", OSError),
        ("a\0b", OSError),
    ],
)
def test_what_cannot_be_found(tmp_path: Path, path: str, error: type[OSError]):
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to("loop")
    before = os.listdir("/proc/self/fd")
    with pytest.raises(error):
        find(f"{tmp_path}/{path}", lambda at, found, handle: None)
    assert os.listdir("/proc/self/fd") == before


def test_a_directory_that_is_renamed_on_the_way_leads_nowhere_else(tmp_path: Path):
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "file").write_text("ours")
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "file").write_text("theirs")

    def swap(at: str, found: os.stat_result, handle: int) -> None:
        if at == f"{tmp_path}/ours":
            (tmp_path / "ours").rename(tmp_path / "gone")
            (tmp_path / "theirs").rename(tmp_path / "ours")

    with find(f"{tmp_path}/ours/file", swap) as place:
        file = place.open(os.O_RDONLY)
        assert os.read(file, 9) == b"ours"
        os.close(file)


def test_what_is_put_in_its_place_is_not_opened(tmp_path: Path):
    path = tmp_path / "file"
    path.write_text("ours")
    (tmp_path / "aim").write_text("theirs")
    with find(str(path), lambda at, found, handle: None) as place:
        path.unlink()
        path.symlink_to("aim")
        with pytest.raises(OSError, match="symbolic links"):
            place.open(os.O_RDONLY)
        path.unlink()
        (tmp_path / "aim").rename(path)
        with pytest.raises(PermissionError, match="replaced while it was opened"):
            place.open_found(os.O_RDONLY)


def test_an_open_descriptor_is_one():
    assert seen("/dev/stdout")[0].descriptor == 1
    assert seen("/dev/null")[0].descriptor is None
