"""Files are written whole, by nobody's leave, and to nowhere else."""

from __future__ import annotations

import errno
import os
import stat
import tempfile  # noqa: F401 - for a user who may not read where it lies
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostql.vtables.files.private import lock_file, make_private, private_folder, remove_own
from hostql.vtables.files.write import NewFile, append

from ...conftest import NOBODY, as_nobody, in_child, in_new_mounts, mount
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


@pytest.fixture(params=["without a name", "with a name"])
def meanwhile(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """What a file is until it is complete: some file systems cannot do without a name."""
    real = os.open

    def refusing(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
        return real(path, flags, mode, dir_fd=dir_fd)

    if request.param == "with a name":
        monkeypatch.setattr(os, "open", refusing)
    return str(request.param)


def test_it_has_no_name_or_one_that_cannot_be_foreseen(tmp_path: Path, meanwhile: str):
    names = []
    for _ in range(2):
        file = NewFile(str(tmp_path / "x"))
        names += os.listdir(tmp_path)
        file.close()
    assert os.listdir(tmp_path) == []
    assert len(set(names)) == (2 if meanwhile == "with a name" else 0) and all(len(name) > 16 for name in names)
    write(tmp_path / "x")
    assert os.listdir(tmp_path) == ["x"] and mode(tmp_path / "x") == 0o644


_WITH_A_NAME = """
import os
real = os.open
def refusing(path, flags, mode=0o777, *, dir_fd=None):
    if flags & os.O_TMPFILE == os.O_TMPFILE:
        raise OSError(95, "Operation not supported")
    return real(path, flags, mode, dir_fd=dir_fd)
os.open = refusing
"""


@pytest.mark.parametrize("before, name", [("", "TERM"), ("", "KILL"), (_WITH_A_NAME, "TERM"), (_WITH_A_NAME, "HUP")])
def test_nothing_of_it_stays_when_the_process_is_ended(tmp_path: Path, before: str, name: str):
    import signal
    import subprocess
    import sys

    (tmp_path / "x").write_text("old\n")
    script = (
        f"{before}from hostql.vtables.files.write import NewFile\nfile = NewFile({str(tmp_path / 'x')!r})\n"
        "file.text().write('rows')\nprint(flush=True)\ninput()"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"\n"
        named = len(os.listdir(tmp_path)) == 2
        process.send_signal(getattr(signal, f"SIG{name}"))
        assert process.wait() == -getattr(signal, f"SIG{name}")
    if named and name == "KILL":
        pytest.skip("this file system knows no file without a name")
    assert named or not before
    assert os.listdir(tmp_path) == ["x"] and (tmp_path / "x").read_text() == "old\n"


@pytest.mark.parametrize("planted", ["file", "link"])
def test_whoever_foresees_it_gets_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, planted: str, meanwhile: str
):
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


@needs_root
def test_what_somebody_put_into_a_directory_of_theirs(tmp_path: Path):
    """Nobody else can write it, and they can do there as they like."""
    home = tmp_path / "home"
    home.mkdir()
    theirs(home)
    (tmp_path / "precious").write_text("precious\n")
    (tmp_path / "precious").chmod(0o666)
    os.link(tmp_path / "precious", home / "x")
    for action in (lambda: append(str(home / "x"), 0o600, plain=True), lambda: make_private(str(home / "x"))):
        with pytest.raises(PermissionError, match="it has other names"):
            action()
    write(home / "x")
    assert ((tmp_path / "precious").read_text(), mode(home / "x")) == ("precious\n", 0o644)


def test_a_file_is_written_in_place_where_none_can_be_made(tmp_path: Path):
    path = tmp_path / "x"
    path.write_text("old and longer\n")
    path.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)
    number = path.stat().st_ino

    def tried() -> str:
        with pytest.raises(ZeroDivisionError), NewFile(str(path)) as file:
            file.text().write("half")
            raise ZeroDivisionError
        assert path.read_text() == "old and longer\n"
        file = NewFile(str(path))
        stream = file.text()
        stream.write("1\n")
        file.publish()
        stream.write("2\n")
        file.close()
        return path.read_text()

    tmp_path.chmod(0o755)
    assert as_nobody(tried) == "1\n2\n"
    assert path.stat().st_ino == number and mode(path) == 0o640
    os.link(path, tmp_path / "y")
    os.chown(path, 0, 0)
    for name in ("x", "z"):
        with pytest.raises(AssertionError, match=f"no file can be made in {tmp_path}: Permission denied"):
            as_nobody(lambda name=name: NewFile(str(tmp_path / name)))


def test_a_file_that_is_a_mount_point_is_written_in_place(tmp_path: Path):
    for name in ("x", "y"):
        (tmp_path / name).write_text("old and longer\n")

    def tried() -> str:
        mount("--bind", tmp_path / "x", tmp_path / "y")
        write(tmp_path / "y")
        os.chown(tmp_path / "x", NOBODY, NOBODY)
        with pytest.raises(PermissionError, match="it is a mount point"):
            NewFile(str(tmp_path / "y"))
        return (tmp_path / "x").read_text()

    assert in_new_mounts(tried) == "new\n"
    assert (tmp_path / "y").read_text() == "old and longer\n"


def test_where_root_has_no_number_its_links_are_followed(tmp_path: Path):
    """Without root's uid in a user namespace, root's files look like those of everybody else."""
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o1777)
    (tmp_path / "open" / "link").symlink_to("x")

    def tried() -> tuple[bytes, str]:
        _enter_namespace_without_root()
        reader, writer = os.pipe()
        os.dup2(writer, 1)
        write(Path("/dev/stdout"))
        with pytest.raises(PermissionError) as refused:
            NewFile(str(tmp_path / "open" / "link"))
        return os.read(reader, 99), str(refused.value)

    printed, refused = in_child(lambda: None, tried)
    assert printed == b"new\n" and "open/link is a symbolic link of uid" in refused


def _enter_namespace_without_root() -> None:
    import ctypes

    if not IS_ROOT:
        pytest.skip("needs root, to map another user to it")
    entering, reader = os.getpid(), os.pipe()
    helper = os.fork()
    if helper == 0:
        os.read(reader[0], 1)
        with open(f"/proc/{entering}/uid_map", "w") as file:
            file.write("0 4321 1\n")
        os._exit(0)
    if ctypes.CDLL(None).unshare(0x10000000) != 0:
        os.kill(helper, 9)
        pytest.skip("user namespaces cannot be made here")
    os.write(reader[1], b"x")
    os.waitpid(helper, 0)
    os.setresuid(0, 0, 0)


def test_directories_and_locks_are_not_made_where_a_link_of_somebody_leads(tmp_path: Path):
    if not IS_ROOT:
        pytest.skip("needs root, to plant a link of another user")
    (tmp_path / "aim").mkdir()
    (tmp_path / "link").symlink_to("aim")
    theirs(tmp_path / "link", follow=False)
    for action in (private_folder, lock_file, make_private):
        with pytest.raises(PermissionError, match="is a symbolic link of uid"):
            action(str(tmp_path / "link" / "a" / "b"))
    assert os.listdir(tmp_path / "aim") == []
    (tmp_path / "own").symlink_to("aim")
    private_folder(str(tmp_path / "own" / "a" / "b"))
    assert mode(tmp_path / "aim" / "a") == mode(tmp_path / "aim" / "a" / "b") == 0o700
    os.close(lock_file(str(tmp_path / "own" / "c" / "lock")))
    assert mode(tmp_path / "aim" / "c" / "lock") == 0o600


def test_removing_what_is_still_ours(tmp_path: Path):
    path = tmp_path / "pid"
    os.mkfifo(path)
    remove_own(str(path), b"1\n")
    path.unlink()
    for content, stays in ((b"12\n", True), (b"1\n2", True), (b"1\n", False)):
        path.write_bytes(content)
        remove_own(str(path), b"1\n")
        assert path.exists() == stays


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
