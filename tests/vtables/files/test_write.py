"""Files are written whole, by nobody's leave, and to nowhere else."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostql.vtables.files.write import NewFile, append, make_private

from ...conftest import NOBODY, as_nobody
from ...host import IS_ROOT

needs_root = pytest.mark.skipif(not IS_ROOT, reason="needs root, to plant files of another user")


@pytest.fixture
def sticky(tmp_path: Path) -> Path:
    """A directory like /tmp."""
    folder = tmp_path / "sticky"
    folder.mkdir()
    folder.chmod(0o1777)
    return folder


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def write(path: Path, text: str = "new\n", **options: object) -> None:
    with NewFile(str(path), **options) as file:  # type: ignore[arg-type]
        file.text().write(text)


def theirs(path: Path, *, follow: bool = True) -> Path:
    os.chown(path, NOBODY, NOBODY, follow_symlinks=follow)
    return path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("durable", [False, True])
def test_a_file_is_there_when_it_is_complete(tmp_path: Path, durable: bool):
    path = tmp_path / "x"
    with NewFile(str(path), durable=durable) as file:
        file.text().write("a\ud800é\n")
        assert not path.exists()
    assert path.read_bytes() == b"a\\ud800\xc3\xa9\n"
    assert mode(path) == 0o644
    assert os.listdir(tmp_path) == ["x"]


def test_where_it_fails_what_was_there_stays(tmp_path: Path):
    path = tmp_path / "x"
    path.write_text("old\n")
    with pytest.raises(ZeroDivisionError), NewFile(str(path)) as file:
        file.text().write("new\n")
        raise ZeroDivisionError
    assert path.read_text() == "old\n"
    assert os.listdir(tmp_path) == ["x"]


def test_published_before_its_end(tmp_path: Path):
    file = NewFile(str(tmp_path / "x"))
    stream = file.text()
    file.publish()
    assert (tmp_path / "x").read_text() == ""
    stream.write("1\n")
    file.close()
    assert (tmp_path / "x").read_text() == "1\n"


def test_its_name_cannot_be_foreseen(tmp_path: Path):
    names = []
    for _ in range(2):
        file = NewFile(str(tmp_path / "x"))
        names += os.listdir(tmp_path)
        file.close()
    assert len(set(names)) == 2 and all(len(name) > 16 for name in names)


@pytest.mark.parametrize("planted", ["file", "link"])
def test_whoever_foresees_it_gets_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, planted: str):
    monkeypatch.setattr(os, "urandom", bytes)
    precious, name = tmp_path / "precious", tmp_path / f".hostql-{'00' * 8}"
    precious.write_text("precious\n")
    os.link(precious, name) if planted == "file" else name.symlink_to(precious)
    with pytest.raises(OSError, match=f"no file can be made in {tmp_path}: File exists"):
        write(tmp_path / "x")
    assert precious.read_text() == "precious\n"
    assert not (tmp_path / "x").exists()


def test_a_durable_file_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    done: list[str] = []
    sync, replace = os.fsync, os.replace

    def synced(file: int) -> None:
        done.append("directory" if stat.S_ISDIR(os.fstat(file).st_mode) else "file")
        sync(file)

    def replaced(*arguments: object, **options: object) -> None:
        done.append("name")
        replace(*arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", replaced)
    write(tmp_path / "x", durable=True)
    assert done == ["file", "name", "directory"]
    write(tmp_path / "x")
    assert done[3:] == ["name"]


def test_permission_bits(tmp_path: Path):
    path = tmp_path / "x"
    path.write_text("")
    path.chmod(0o640)
    write(path)
    assert mode(path) == 0o640
    write(path, mode=0o600)
    assert mode(path) == 0o600
    os.umask(0o077)
    write(path, mode=0o644)
    assert mode(path) == 0o644


@needs_root
def test_the_group_is_kept(tmp_path: Path):
    path = tmp_path / "x"
    path.write_text("")
    os.chown(path, 0, 4)
    path.chmod(0o640)
    write(path)
    assert (path.stat().st_gid, mode(path)) == (4, 0o640)


def test_a_group_that_one_is_not_in_is_lost_with_its_bits(tmp_path: Path):
    folder = tmp_path / "home"
    folder.mkdir()
    path = folder / "x"
    path.write_text("")
    path.chmod(0o664)
    if IS_ROOT:
        os.chown(folder, NOBODY, NOBODY)
        os.chown(path, NOBODY, 4)
    as_nobody(lambda: write(path))
    assert (path.stat().st_gid, mode(path)) == (NOBODY, 0o604)


@needs_root
@pytest.mark.parametrize("had, has", [(0o666, 0o644), (0o600, 0o600), (0o777, 0o644)])
def test_a_file_of_somebody_else_is_not_written_to(sticky: Path, had: int, has: int):
    path = theirs(sticky / "x") if (sticky / "x").write_text("old\n") else sticky
    path.chmod(had)
    with path.open() as held:
        write(path)
        assert held.read() == "old\n"
    assert (path.read_text(), path.stat().st_uid, mode(path)) == ("new\n", 0, has)


@needs_root
def test_bits_that_a_hard_link_brings_are_not_kept(sticky: Path, tmp_path: Path):
    precious = tmp_path / "precious"
    precious.write_text("precious\n")
    precious.chmod(0o666)
    os.link(precious, sticky / "x")
    write(sticky / "x")
    assert (precious.read_text(), mode(sticky / "x")) == ("precious\n", 0o644)


def test_a_link_of_ones_own_is_followed(tmp_path: Path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    (tmp_path / "x").symlink_to("link/y")
    write(tmp_path / "x")
    assert (tmp_path / "x").is_symlink()
    assert (tmp_path / "folder" / "y").read_text() == "new\n"
    assert os.listdir(tmp_path / "folder") == ["y"]


@needs_root
@pytest.mark.parametrize("link", ["x", "folder"])
def test_a_link_of_somebody_else_is_not(sticky: Path, tmp_path: Path, link: str):
    aim = tmp_path / "aim"
    aim.mkdir()
    (aim / "x").write_text("precious\n")
    theirs(sticky / link, follow=False) if not (sticky / link).symlink_to(aim if link == "folder" else aim / "x") else 0
    path = sticky / "folder" / "x" if link == "folder" else sticky / "x"
    for action in (write, lambda path: os.close(append(str(path), 0o600))):
        with pytest.raises(PermissionError, match=f"{sticky / link} is a symbolic link of uid {NOBODY}"):
            action(path)
    assert (aim / "x").read_text() == "precious\n"


def test_what_is_no_file(tmp_path: Path):
    with pytest.raises(IsADirectoryError):
        NewFile(str(tmp_path))
    import socket

    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
    with pytest.raises(PermissionError, match="it is a socket"):
        NewFile(str(tmp_path / "s"))
    with pytest.raises(FileNotFoundError):
        NewFile(str(tmp_path / "no" / "x"))
    with pytest.raises(OSError, match="No space left"), NewFile("/dev/full") as full:
        full.text().write("x")
    write(Path("/dev/null"))
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_a_fifo_is_written_as_it_is(tmp_path: Path):
    os.mkfifo(tmp_path / "f")
    reader = os.open(tmp_path / "f", os.O_RDONLY | os.O_NONBLOCK)
    write(tmp_path / "f")
    assert os.read(reader, 9) == b"new\n"
    os.close(reader)
    assert stat.S_ISFIFO((tmp_path / "f").stat().st_mode)


def test_a_descriptor_is_written_where_it_stands(tmp_path: Path):
    with (tmp_path / "x").open("w") as held:
        held.write("1\n")
        held.flush()
        write(Path(f"/dev/fd/{held.fileno()}"), "2\n")
        os.close(append(f"/dev/fd/{held.fileno()}", 0o600))
    assert (tmp_path / "x").read_text() == "1\n2\n"


@needs_root
def test_a_planted_fifo_gets_nothing(sticky: Path):
    os.mkfifo(sticky / "f")
    theirs(sticky / "f")
    reader = os.open(sticky / "f", os.O_RDONLY | os.O_NONBLOCK)
    for action in (write, lambda path: append(str(path), 0o600)):
        with pytest.raises(PermissionError, match=f"a FIFO of uid {NOBODY} in a directory that others can write"):
            action(sticky / "f")
    os.close(reader)


def test_adding_to_a_file(tmp_path: Path):
    path = tmp_path / "x"
    os.umask(0o077)
    for text in (b"1\n", b"2\n"):
        file = append(str(path), 0o640)
        os.write(file, text)
        os.close(file)
    assert (path.read_text(), mode(path)) == ("1\n2\n", 0o640)
    (tmp_path / "link").symlink_to("x")
    os.mkfifo(tmp_path / "f")
    for name, kind in (("link", "a symbolic link"), ("f", "a FIFO")):
        with pytest.raises(PermissionError, match=f"it is {kind}, not a file"):
            append(str(tmp_path / name), 0o600, plain=True)


@needs_root
def test_nothing_is_added_to_a_planted_file(sticky: Path, tmp_path: Path):
    (sticky / "x").write_text("")
    theirs(sticky / "x")
    with pytest.raises(PermissionError, match=f"a file of uid {NOBODY} in a directory that others can write"):
        append(str(sticky / "x"), 0o600)
    (tmp_path / "precious").write_text("precious\n")
    os.link(tmp_path / "precious", sticky / "y")
    with pytest.raises(PermissionError, match="it has other names"):
        append(str(sticky / "y"), 0o600)
    # In a directory that is root's alone, root put it there.
    (tmp_path / "log").write_text("")
    os.close(append(str(theirs(tmp_path / "log")), 0o600, plain=True))


def test_a_private_file(tmp_path: Path):
    path = tmp_path / "a" / "b" / "x.db"
    make_private(str(path))
    assert [mode(each) for each in (path, path.parent, path.parent.parent)] == [0o600, 0o700, 0o700]
    path.write_text("kept")
    path.chmod(0o644)
    make_private(str(path))
    assert (path.read_text(), mode(path)) == ("kept", 0o600)
    (path.parent / "link").symlink_to("x.db")
    with pytest.raises(PermissionError, match="it is a symbolic link, not a file"):
        make_private(str(path.parent / "link"))
    if IS_ROOT:
        with pytest.raises(PermissionError, match=f"owned by uid {NOBODY}"):
            make_private(str(theirs(path)))
