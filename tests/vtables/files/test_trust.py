"""What nobody else can have written is read; all else is refused, with what to do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hostql.vtables.files.trust import check_trusted, make_trusted, read_trusted

from ...conftest import NOBODY, as_nobody
from ...host import IS_ROOT

needs_root = pytest.mark.skipif(not IS_ROOT, reason="needs root, to own a file as somebody else")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a" / "b" / "file"
    path.parent.mkdir(parents=True)
    path.write_text("text")
    path.chmod(0o640)
    return path


def why(path: Path | str, **options: bool) -> str:
    try:
        read_trusted(str(path), 100, **options)
    except OSError as error:
        return str(error.strerror)
    return ""


def test_a_file_that_is_ours_alone(file: Path):
    assert read_trusted(str(file), 100) == b"text"
    assert read_trusted(str(file), 2) == b"te"
    (file.parent.parent / "link").symlink_to("b")
    assert read_trusted(str(file.parent.parent / "link" / "file"), 100) == b"text"


@pytest.mark.parametrize("mode", [0o1777, 0o777, 0o775, 0o702])
@pytest.mark.parametrize("above", [0, 1])
def test_others_can_write_a_directory_above(file: Path, above: int, mode: int):
    if mode == 0o775 and not IS_ROOT:
        pytest.skip("the group of an ordinary user may be that user's alone")
    folder = file.parents[above]
    folder.chmod(mode)
    assert why(file).startswith(f"{folder} is writable by others (mode {mode:04o}); ")
    with pytest.raises(PermissionError):
        check_trusted(str(file.parent))


def test_others_can_write_the_file(file: Path):
    # An ordinary user's group may be that user's alone.
    for mode in (0o660, 0o602) if IS_ROOT else (0o602,):
        file.chmod(mode)
        assert why(file) == f"writable by others (mode {mode:04o}); chmod go-w it"


def test_nothing_is_made_where_it_would_not_be_trusted(file: Path):
    folder = file.parent
    folder.chmod(0o777)
    with pytest.raises(PermissionError, match="is writable by others"):
        make_trusted(str(folder / "x" / "y"))
    assert os.listdir(folder) == ["file"]
    folder.chmod(0o700)
    make_trusted(str(folder / "x" / "y"))
    assert (folder / "x" / "y").stat().st_mode & 0o777 == 0o700


@needs_root
def test_it_is_somebody_elses(file: Path):
    for path in (file, file.parent, file.parent.parent):
        os.chown(path, NOBODY, 0)
        assert why(file) == f"{'' if path == file else f'{path} is '}owned by uid {NOBODY}; chown it to root"
        os.chown(path, 0, 0)
    assert not why(file)


def test_where_a_link_leads_counts(file: Path, tmp_path: Path):
    (tmp_path / "link").symlink_to(file)
    assert not why(tmp_path / "link")
    file.parent.parent.chmod(0o777)
    assert "is writable by others" in why(tmp_path / "link")


@needs_root
def test_a_directory_that_is_renamed_in_a_loop(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Whoever can rename directories above swaps theirs for ours after ours was looked at."""
    evil = tmp_path / "evil"
    evil.mkdir()
    (evil / "file").write_text("evil")
    os.chown(evil, NOBODY, NOBODY)
    os.chown(evil / "file", NOBODY, NOBODY)
    real = os.open

    def swapping(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        opened = real(path, flags, mode, dir_fd=dir_fd)
        if path == "b" and file.parent.exists() and evil.exists():
            file.parent.rename(tmp_path / "gone")
            evil.rename(file.parent)
        return opened

    monkeypatch.setattr(os, "open", swapping)
    assert read_trusted(str(file), 100) == b"text"


def test_what_is_open_is_looked_at_once_more(file: Path, monkeypatch: pytest.MonkeyPatch):
    real = os.open

    def late(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if path == "file" and not flags & os.O_PATH:
            file.chmod(0o666)
        return real(path, flags, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", late)
    assert why(file) == "writable by others (mode 0666); chmod go-w it"


def test_what_is_no_file(tmp_path: Path):
    os.mkfifo(tmp_path / "f", 0o600)
    assert why(tmp_path / "f") == "it is a FIFO, not a file"
    assert why(tmp_path) == "it is a directory, not a file"
    assert why(tmp_path / "no") == "No such file or directory"
    assert why("/dev/stdin") == "it is an open descriptor, not a file"
    (tmp_path / "link").symlink_to("/dev/null")
    assert read_trusted(str(tmp_path / "link"), 100) == b""


def test_sticky_directories_where_they_will_do(file: Path):
    file.parent.chmod(0o1777)
    assert why(file) and not why(file, sticky=True)
    os.link(file, file.parents[1] / "same")
    assert why(file, sticky=True) == "it has other names, and others can write the directory"
    (file.parents[1] / "same").unlink()
    file.parent.chmod(0o777)
    assert why(file, sticky=True)
    if IS_ROOT:
        file.parent.chmod(0o1777)
        (file.parent / "link").symlink_to(file)
        os.chown(file.parent / "link", NOBODY, NOBODY, follow_symlinks=False)
        assert why(file.parent / "link", sticky=True).startswith(f"{file.parent}/link is owned by uid {NOBODY}")


def test_an_ordinary_user_has_roots_files_and_its_own(file: Path):
    def tried() -> tuple[str, str, str]:
        return why("/etc/passwd"), why(file), why(file.parent / "roots")

    (file.parent / "roots").write_text("")
    (file.parent / "roots").chmod(0o664)
    if IS_ROOT:
        os.chown(file, NOBODY, NOBODY)
        os.chown(file.parent, NOBODY, NOBODY)
    assert as_nobody(tried) == ("", "", "writable by others (mode 0664); chmod go-w it")
