"""Another root is that root alone: what chroot(2) shows there is what every reader gets, by openat2(2) or without."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hostql.vtables.sources.tree import HANDLE, Tree

from ..conftest import as_nobody, in_child

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

    if os.geteuid() != 0:
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
