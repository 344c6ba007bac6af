"""Another root is that root alone: what chroot(2) shows there is what every reader gets, by openat2(2) or without."""

from __future__ import annotations

import contextlib
import errno
import gc
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hostql.vtables.sources.host import Host
from hostql.vtables.sources.tree import HANDLE, Tree

from ..conftest import as_nobody, in_child
from ..host import IS_ROOT

# Links of a root, and where each points; {outside} is a directory that lies beside the root.
LINKS = {
    "abs": "/etc/passwd",
    "abs_dir": "/etc",
    "rel": "etc/passwd",
    "rel_slash": "etc/",
    "up": "../../../../../../../../etc/passwd",
    "up_deep": "etc/../../../usr/../../etc",
    "root": "/",
    "root_dots": "/../..",
    "dot": ".",
    "dots": "..",
    "loop": "loop",
    "ping": "pong",
    "pong": "/ping",
    "dangling": "/no/such",
    "out_file": "{outside}/secret",
    "out_dir": "{outside}",
    "to_link": "abs_dir",
    "to_file_slash": "etc/passwd/",
    "through_file": "etc/passwd/..",
    "usr/bin": "../etc",
    "usr/abs": "/etc/passwd",
    "usr/abs_dir": "/usr",
    "usr/abs_root": "/",
    "usr/far": "../../../../../../{outside}/secret",
    "fifo_link": "fifo",
    "double": "//etc///passwd",
}
PATHS = [
    *[f"/{name}{after}" for name in LINKS for after in ("", "/", "/.", "/..", "/passwd", "/../etc/passwd", "//")],
    *["/", "", ".", "..", "etc", "etc/passwd", "/../..", "/../../etc/passwd", "//etc//passwd", "/etc/./passwd"],
    *["/etc/passwd/", "/etc/passwd/x", "/etc/passwd/..", "/etc/passwd/.", "/nothing", "/nothing/..", "/etc/nothing/x"],
    *["/abs_dir/../usr/bin/passwd", "/usr/bin/../usr/far", "/to_link/passwd", "/out_dir/../../../../etc/passwd"],
    *["/c00", "/c39", "/c40", "/c00/..", "/fifo", "/fifo/", "/fifo/..", "/" + "a" * 256, "/" + "etc/../" * 700],
    *["/" + "x/" * 2048, "/no\udcffname", "/closed", "/closed/", "/closed/.", "/closed/..", "/closed/in"],
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root full of links, most of them out of it; beside it what they would find."""
    outside, root = tmp_path / "outside", tmp_path / "root"
    for folder in (outside, root / "etc", root / "usr", root / "closed"):
        folder.mkdir(parents=True)
    (outside / "secret").write_text("canary")
    (outside / "passwd").write_text("canary")
    (root / "etc" / "passwd").write_text("inside")
    (root / "closed" / "in").write_text("in")
    os.mkfifo(root / "fifo")
    for name, target in LINKS.items():
        (root / name).symlink_to(target.format(outside=outside))
    # Forty links one after the other are followed, one more is not.
    for number in range(41):
        (root / f"c{number:02}").symlink_to(f"c{number - 1:02}" if number else "etc/passwd")
    return root


def by_hand(root: Path) -> Tree:
    """A tree that resolves by components, whatever the kernel can."""
    tree = Tree(str(root))
    tree.by_kernel = False
    return tree


def found(look: Callable[[str], os.stat_result]) -> dict[tuple[str, str], Any]:
    """What each path leads to: device and inode, or the error."""
    answers = {}
    for path in PATHS:
        try:
            status = look(path)
            answers[path] = (status.st_dev, status.st_ino)
        except OSError as error:
            answers[path] = os.strerror(error.errno)
    return answers


def through(tree: Tree, flags: int) -> dict[str, Any]:
    def look(path: str) -> os.stat_result:
        fd = tree.open(path, flags)
        try:
            return os.fstat(fd)
        finally:
            os.close(fd)

    return found(look)


FLAGS = {
    "lstat": HANDLE | os.O_NOFOLLOW,
    "stat": HANDLE,
    "directory": os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC,
}


@pytest.mark.parametrize("name", FLAGS)
@pytest.mark.parametrize("tree", [Tree, by_hand])
def test_paths_lead_where_a_chroot_leads(root: Path, tree: Callable[[Any], Tree], name: str) -> None:
    def below() -> dict[str, Any]:
        os.chroot(root)
        os.chdir("/")

        def directory(path: str) -> os.stat_result:
            fd = os.open(path, FLAGS["directory"])
            try:
                return os.fstat(fd)
            finally:
                os.close(fd)

        return found({"lstat": os.lstat, "stat": os.stat, "directory": directory}[name])

    if not IS_ROOT:
        pytest.skip("needs root, for chroot")
    expected = in_child(lambda: None, below)
    assert through(tree(root), FLAGS[name]) == expected
    assert len({str(answer) for answer in expected.values()}) > 6


@pytest.mark.parametrize("name", FLAGS)
def test_the_kernel_and_the_walk_agree_for_an_ordinary_user(root: Path, name: str) -> None:
    (root / "closed").chmod(0o644)
    for folder in (root, *root.parents):
        if folder != Path("/") and folder.stat().st_uid == os.geteuid() and str(folder).startswith("/tmp/"):
            folder.chmod(folder.stat().st_mode | 0o055)

    def both() -> list[dict[str, Any]]:
        return [through(Tree(str(root)), FLAGS[name]), through(by_hand(root), FLAGS[name])]

    kernel, walk = as_nobody(both)
    assert kernel == walk
    assert kernel["/closed/in"] == kernel["/closed/.."] == "Permission denied"


@pytest.fixture(params=[True, False], ids=["openat2", "components"])
def host(root: Path, request: pytest.FixtureRequest) -> Host:
    """The root as readers see it, resolved either way."""
    opened = Host(str(root))
    for _, tree in opened._trees:
        tree.by_kernel = tree.by_kernel and request.param
    return opened


def test_readers_of_a_host(root: Path, host: Host) -> None:
    assert host.read_regular("/usr/abs", 100) == host.read("/rel") == host.read_once("/to_link/passwd") == b"inside"
    assert host.read_regular("/up", 3) == b"ins"
    assert host.readlink("/abs") == "/etc/passwd"
    assert host.realpath("/to_link/../usr/abs") == host.realpath("/up") == "/etc/passwd"
    assert host.realpath("/abs_dir/new/../x") == "/etc/x" and host.realpath("/dots") == "/"
    assert sorted(host.listdir("/usr/bin")) == ["passwd"] == sorted(host.listdir("/up_deep"))
    assert (host.exists("/out_file"), host.lexists("/out_file"), host.islink("/out_file")) == (False, True, True)
    assert (host.isdir("/abs_dir"), host.isfile("/abs"), host.isdir("/out_dir")) == (True, True, False)
    assert host.stat("/usr/abs").st_ino == (root / "etc/passwd").stat().st_ino
    assert host.statvfs("/abs_dir").f_bsize == os.statvfs(root).f_bsize
    assert host.creation_time("/abs") == Host().creation_time(str(root / "etc/passwd"))
    with host.scandir("/") as entries:
        kinds = {entry.name: (entry.is_dir(), entry.is_dir(follow_symlinks=False)) for entry in entries}
    assert kinds["etc"] == (True, True) and kinds["abs_dir"] == (True, False)
    assert kinds["out_dir"] == kinds["loop"] == kinds["fifo"] == (False, False)
    assert {folder: sorted(names) for folder, names in host.walk("/etc")} == {"/etc": ["passwd"]}
    for look in (host.stat, host.lstat, host.exists, host.open_regular, host.listdir):
        if look == host.exists:
            assert not look("/etc\0")
        else:
            with pytest.raises(ValueError):
                look("/etc\0/passwd")


def test_errors_name_the_path_on_the_host(host: Host) -> None:
    for look in (host.read, host.stat, host.listdir, host.readlink):
        with pytest.raises(FileNotFoundError) as raised:
            look("/out_dir/nothing")  # type: ignore[operator]
        assert raised.value.filename == "/out_dir/nothing"
    with pytest.raises(OSError, match="it is a FIFO, not a file"):
        host.read("/fifo_link")
    with pytest.raises(IsADirectoryError):
        host.read("/abs_dir")
    with pytest.raises(OSError, match="Invalid argument"):
        host.readlink("/etc")


def test_attributes_of_what_a_link_leads_to(root: Path, host: Host) -> None:
    try:
        os.setxattr(root / "etc/passwd", "user.a", b"x")
    except OSError:
        pytest.skip("the file system of temporary files has no attributes")
    assert host.listxattr("/usr/abs") == ["user.a"]
    assert host.getxattr("/up", "user.a") == b"x"


def test_a_fifo_or_device_is_not_opened(root: Path) -> None:
    """Whoever waits to write into a FIFO goes on when it is opened to be read: nobody did."""
    for host, path in ((Host(), str(root / "fifo")), (Host(str(root)), "/fifo")):
        with pytest.raises(OSError, match="it is a FIFO, not a file"):
            host.read_regular(path, 10)
        with pytest.raises(OSError) as raised:
            os.close(os.open(root / "fifo", os.O_WRONLY | os.O_NONBLOCK))
        assert raised.value.errno == errno.ENXIO
    assert Host().read_regular("/dev/null", 10) == b""
    with pytest.raises(OSError, match="it is a device, not a file"):
        Host().read_regular("/dev/zero", 10)


@pytest.mark.parametrize("live", [True, False], ids=["live", "root"])
def test_what_was_checked_is_what_is_read(root: Path, live: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is swapped for a FIFO, or for a link out of the root, between the look at it and its opening."""
    path = root / "etc/passwd"
    host, name = (Host(), str(path)) if live else (Host(str(root)), "/etc/passwd")
    look = os.fstat

    def swapping(fd: int) -> os.stat_result:
        found = look(fd)
        if path.is_file() and not path.is_symlink():
            path.unlink()
            path.symlink_to(root.parent / "outside/passwd")
        return found

    monkeypatch.setattr(os, "fstat", swapping)
    assert host.read_regular(name, 100) == b"inside"
    assert path.is_symlink()


def test_without_proc_what_was_swapped_is_not_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no /proc is mounted, the file is opened by its name again, and must be the same."""
    open_it = os.open
    swap: list[Path] = []

    def without_proc(path: str, flags: int, *rest: int, **more: int) -> int:
        if str(path).startswith("/proc/self/fd/"):
            for file in swap:
                file.unlink()
                file.write_text("another")
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return open_it(path, flags, *rest, **more)

    monkeypatch.setattr(os, "open", without_proc)
    here, there, by_components = Host(), Host(str(root)), Host(str(root))
    by_components._trees[0][1].by_kernel = False
    hosts = [(here, str(root / "rel")), (there, "/up"), (by_components, "/usr/abs")]
    assert [host.read_regular(path, 100) for host, path in hosts] == [b"inside"] * 3
    assert there.listdir("/abs_dir") == by_components.listdir("/abs_dir") == ["passwd"]
    swap.append(root / "etc/passwd")
    for host, path in hosts:
        with pytest.raises(FileNotFoundError, match="it was replaced meanwhile"):
            host.read_regular(path, 100)


def test_folders_swapped_for_links_all_the_while(root: Path, host: Host) -> None:
    """A folder is a folder and a link out by turns, as fast as one can: only what is inside is ever read."""
    (root / "etc/sub").mkdir()
    (root / "etc/sub/passwd").write_text("inside")
    (root / "link").symlink_to(root.parent / "outside")
    code = (
        "import ctypes, os, sys\n"
        "exchange = lambda: ctypes.CDLL(None).renameat2(-100, b'etc/sub', -100, b'link', 2)\n"
        "os.chdir(sys.argv[1]); print(exchange(), flush=True)\n"
        "while True: exchange()\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(root)], stdout=subprocess.PIPE) as child:
        try:
            assert child.stdout is not None
            if child.stdout.readline() != b"0\n":
                pytest.skip("two names cannot be exchanged here (renameat2)")
            seen = set()
            for tried in range(100_000):
                for path in ("/etc/sub/passwd", "/abs_dir/sub/../sub/passwd", "/usr/../etc/sub/passwd"):
                    try:
                        seen.add(host.read_regular(path, 100))
                    except OSError as error:
                        seen.add(error.errno)
                if {b"inside", errno.ENOENT} <= seen and tried > 500:
                    break
        finally:
            child.kill()
    assert seen - {errno.ENOTDIR} == {b"inside", errno.ENOENT}


def test_a_root_that_is_a_link_and_one_that_moves(root: Path, tmp_path: Path) -> None:
    (tmp_path / "image").symlink_to("root")
    host = Host(str(tmp_path / "image") + "/")
    root.rename(tmp_path / "moved")
    assert host.read("/usr/abs", 100) == b"inside"
    with pytest.raises(FileNotFoundError):
        Host(str(tmp_path / "image"))


def test_proc_and_sys_that_lie_elsewhere(root: Path, tmp_path: Path) -> None:
    proc = tmp_path / "elsewhere"
    proc.mkdir()
    (proc / "uptime").write_text("5.0 1.0")
    (proc / "out").symlink_to("/etc/passwd")
    for top, inside in ((str(root), b"inside"), ("", Path("/etc/passwd").read_bytes())):
        host = Host(top, proc=str(proc))
        assert not host.live and host.read("/proc/uptime") == b"5.0 1.0"
        assert host.read("/etc/passwd") == inside
        assert not host.exists("/proc/out")
        assert (host.realpath("/proc/x"), host.realpath("/proc")) == ("/proc/x", "/proc")
        assert sorted(host.listdir("/proc")) == ["out", "uptime"]
    assert Host("/").live and Host("", proc="/proc", sys="/sys/").live


def test_magic_links_lead_nowhere_but_where_asked(host: Host) -> None:
    with open("/etc/passwd", "rb") as file:
        for proc in (Host("/"), Host("", proc="/proc/./"), Host(f"/proc/{os.getpid()}/root")):
            for _, tree in proc._trees:
                tree.by_kernel = tree.by_kernel and all(each.by_kernel for _, each in host._trees)
            path = f"/proc/{os.getpid()}/fd/{file.fileno()}"
            assert proc.readlink(path) == "/etc/passwd"
            assert proc.stat_magic(path).st_ino == os.fstat(file.fileno()).st_ino
            if not proc.live:
                with pytest.raises(OSError, match="Too many levels"):
                    proc.stat(path)
                assert proc.stat("/proc/self/stat").st_size == 0


def test_descriptors_are_given_back(root: Path) -> None:
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    host = Host(str(root))
    for look in (host.stat, host.read, host.listdir, host.readlink, host.realpath, host.stat_magic, host.exists):
        for path in PATHS:
            with contextlib.suppress(OSError):
                look(path)
    with contextlib.suppress(OSError), host.scandir("/etc") as entries:
        next(iter(entries))
        raise OSError
    del host, look, entries
    assert len(os.listdir("/proc/self/fd")) == before
