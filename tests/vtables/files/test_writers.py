"""Who can write a file besides its owner: by its bits, its ACL, who is in its group, and how it is mounted."""

from __future__ import annotations

import grp  # noqa: F401 - for a user who may not read where they lie
import os
import pwd  # noqa: F401
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hostql.vtables.files.writers import others_write

from ...conftest import in_new_mounts, mount
from ...host import IS_ROOT

ALICE, BOB = 54320, 54321
NAMED_USER, OWN_GROUP, NAMED_GROUP, MASK = 0x02, 0x04, 0x08, 0x10


def written(path: Path) -> bool:
    handle = os.open(path, os.O_PATH)
    try:
        return others_write(os.fstat(handle), handle)
    finally:
        os.close(handle)


def acl(path: Path, named: tuple[int, int, int], group: int = 6) -> None:
    """An ACL with one named entry (tag, permissions, id) and a mask of rw-; skips where there are none."""
    undefined = 0xFFFFFFFF
    entries = [(0x01, 6, undefined), (OWN_GROUP, group, undefined), (MASK, 6, undefined), (0x20, 0, undefined), named]
    try:
        os.setxattr(
            path,
            "system.posix_acl_access",
            b"\2\0\0\0" + b"".join(struct.pack("<HHI", *entry) for entry in sorted(entries)),
        )
    except OSError as error:
        pytest.skip(f"no ACLs here: {error.strerror}")


def as_alice(folder: Path, action: Callable[[], object], *, passwd: str = "", group: str = "") -> object:
    """As a user whose group is its own, but for these lines more."""
    alice = f"alice:x:{ALICE}:{ALICE}::/:/bin/sh\nbob:x:{BOB}:{BOB}::/:/bin/sh\n"
    (folder / "passwd").write_text(Path("/etc/passwd").read_text() + alice + passwd)
    (folder / "group").write_text(Path("/etc/group").read_text() + f"alice:x:{ALICE}:\n" + group)

    def act() -> object:
        for name in ("passwd", "group"):
            mount("--bind", folder / name, f"/etc/{name}")
        os.setgroups([])
        os.setresgid(ALICE, ALICE, ALICE)
        os.setresuid(ALICE, ALICE, ALICE)
        return action()

    return in_new_mounts(act)


@pytest.fixture
def alices(tmp_path: Path) -> Path:
    if not IS_ROOT:
        pytest.skip("needs root, to own a file as somebody else")
    path = tmp_path / "file"
    path.write_text("")
    os.chown(path, ALICE, ALICE)
    path.chmod(0o664)
    return path


def test_a_group_of_ones_own(alices: Path, tmp_path: Path):
    assert as_alice(tmp_path, lambda: written(alices)) is False
    alices.chmod(0o646)
    assert as_alice(tmp_path, lambda: written(alices)) is True


@pytest.mark.parametrize(
    "lines",
    [
        {"group": f"both:x:{ALICE}:bob\n"},
        {"passwd": f"carol:x:{BOB + 1}:{ALICE}::/:/bin/sh\n"},
    ],
)
def test_others_are_in_the_group(alices: Path, tmp_path: Path, lines: dict[str, str]):
    assert as_alice(tmp_path, lambda: written(alices), **lines) is True


@pytest.mark.parametrize("folder", [False, True])
@pytest.mark.parametrize(
    "named, others",
    [
        ((NAMED_USER, 6, BOB), True),
        ((NAMED_GROUP, 2, BOB), True),
        ((NAMED_USER, 4, BOB), False),
        ((NAMED_USER, 6, 0), False),
        ((NAMED_USER, 6, ALICE), False),
    ],
)
def test_an_acl_beside_a_group_of_ones_own(
    alices: Path, tmp_path: Path, folder: bool, named: tuple[int, int, int], others: bool
):
    if folder:
        alices.unlink()
        alices.mkdir(mode=0o700)
        os.chown(alices, ALICE, ALICE)
    acl(alices, named)
    assert as_alice(tmp_path, lambda: written(alices)) is others


def test_the_mask_of_an_acl_is_no_permission_of_the_group(tmp_path: Path):
    path = tmp_path / "file"
    path.write_text("")
    acl(path, (NAMED_USER, 4, BOB), group=4)
    assert path.stat().st_mode & 0o777 == 0o660 and not written(path)
    acl(path, (NAMED_USER, 6, BOB), group=4)
    assert written(path)
    path.chmod(0o600)
    assert not written(path)


def test_what_is_mounted_read_only_is_written_by_nobody(tmp_path: Path):
    def tried() -> list[bool]:
        mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", tmp_path)
        (tmp_path / "theirs").mkdir(mode=0o777)
        (tmp_path / "theirs").chmod(0o777)
        os.chown(tmp_path / "theirs", BOB, BOB)
        before = written(tmp_path)
        mount("-o", "remount,bind,ro", tmp_path)
        return [before, written(tmp_path), written(tmp_path / "theirs")]

    assert in_new_mounts(tried) == [True, False, True]
