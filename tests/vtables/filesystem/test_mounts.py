"""Mounts that cannot be asked by their path: covered, automount points, dead servers; each in its own namespace."""

from __future__ import annotations

import ctypes
import os
import select
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hostql.tests.conftest import as_nobody, in_new_mounts, mount, notes, open_to_all, query
from hostql.tests.live.dead_mount import dead_mount
from hostql.vtables.database import Database
from hostql.vtables.settings import Settings
from hostql.vtables.sources import bounded

pytestmark = pytest.mark.live

MIB = 1 << 20


def sizes(db: Database, below: Path) -> dict[str, int | None]:
    sql = "SELECT device, blocks * blocks_size AS size FROM mounts WHERE path LIKE ? || '%'"
    return {row["device"]: row["size"] for row in query(db, sql, (str(below),))}


def look(below: Path) -> tuple[dict[str, int | None], list[str]]:
    with Database() as db:
        return sizes(db, below), notes(db, "SELECT blocks FROM mounts")


@pytest.mark.parametrize("becomes", [lambda action: action(), as_nobody], ids=["root", "nobody"])
def test_a_covered_mount_has_no_size(tmp_path: Path, becomes: Callable[[Callable[[], Any]], Any]):
    """By a mount in the same place, or by one over a directory above; df, too, shows the upper one alone."""
    open_to_all(tmp_path)

    def act() -> Any:
        (tmp_path / "a" / "b").mkdir(parents=True)
        mount("-t", "tmpfs", "-o", "size=1m", "below", tmp_path / "a" / "b")
        mount("-t", "tmpfs", "-o", "size=2m", "lower", tmp_path / "a")
        mount("-t", "tmpfs", "-o", "size=4m", "upper", tmp_path / "a")
        return becomes(lambda: look(tmp_path))

    found, said = in_new_mounts(act)
    assert found == {"below": None, "lower": None, "upper": 4 * MIB}
    assert any("another covers" in note for note in said)


def automount(place: Path) -> int:
    """An automount point for which nobody answers; the pipe on which the kernel wants the mount (linux/auto_fs.h)."""
    place.mkdir()
    asked, told = os.pipe()
    os.setpgid(0, 0)
    options = f"fd={told},pgrp={os.getpgrp()},minproto=5,maxproto=5,direct".encode()
    # Whoever is in the process group that made it does not mount anything; others do.
    if ctypes.CDLL(None, use_errno=True).mount(b"automount", os.fsencode(place), b"autofs", 0, options):
        pytest.skip(f"no autofs here: {os.strerror(ctypes.get_errno())}")
    os.close(told)
    return asked


def outside(action: Callable[[], Any]) -> Any:
    """What `action` returns in a child of another process group; AssertionError if it takes a minute."""
    import pickle
    import signal

    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setpgid(0, 0)
            signal.alarm(60)
            os.write(writer, pickle.dumps(action()))
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    assert answer, "no answer"
    return pickle.loads(answer)


QUESTIONS = [
    "SELECT type, blocks FROM mounts WHERE path = '{0}/auto'",
    "SELECT type, blocks FROM mounts WHERE path = '{0}'",
    "SELECT path FROM file WHERE path LIKE '{0}/%%'",
    "SELECT path FROM file WHERE path LIKE '{0}/auto/x%'",
    "SELECT path FROM file WHERE path = '{0}/auto/x'",
    "SELECT path FROM file WHERE directory = '{0}/auto'",
    "SELECT sha256 FROM hash WHERE path = '{0}/auto/x'",
    "SELECT type FROM file WHERE path = '{0}/auto'",
]
# By links, `..` and /proc; and what asks more than stat(2) does.
BY_LINKS = [
    "SELECT type, btime FROM file WHERE path = '{0}/auto'",
    "SELECT type, btime FROM file WHERE path = '{0}/auto/'",
    "SELECT type FROM file WHERE path = '{0}/links/inside'",
    "SELECT type FROM file WHERE path = '{0}/links/top/x'",
    "SELECT type FROM file WHERE path = '{0}/links/deep/../../../auto/x'",
    "SELECT type, size, btime FROM file WHERE path LIKE '{0}/links/%'",
    "SELECT type FROM file WHERE path LIKE '{0}/links/top/%'",
    "SELECT type FROM file WHERE path = '/proc/self/root{0}/auto/x'",
    "SELECT type FROM file WHERE path LIKE '/proc/self/root{0}/%%'",
    "SELECT sha256 FROM hash WHERE path = '{0}/links/inside'",
    "SELECT sha256 FROM hash WHERE directory = '{0}/links'",
    "SELECT data FROM magic WHERE path = '{0}/links/inside'",
    "SELECT key FROM extended_attributes WHERE path LIKE '{0}/links/%'",
]


def test_nothing_is_mounted_by_a_question(tmp_path: Path):
    """Neither by its size nor by a walk, not even where scans may walk into network mounts."""

    def act() -> Any:
        asked = automount(tmp_path / "auto")

        def ask() -> Any:
            found = []
            for settings in (Settings(), Settings(remote_mounts=True)):
                with Database(settings=settings) as db:
                    for sql in QUESTIONS:
                        result = db.execute(sql.format(tmp_path))
                        found.append((list(result), " ".join(result.notes)))
            return found

        try:
            answered = outside(ask)
            return answered, select.select([asked], [], [], 0)[0] != []
        finally:
            ctypes.CDLL(None).umount2(os.fsencode(tmp_path / "auto"), 2)

    answered, mounted = in_new_mounts(act)
    assert not mounted
    for which in (0, len(QUESTIONS)):
        rows = answered[which : which + len(QUESTIONS)]
        assert [row[0] for row in rows] == [
            [("autofs", None)],
            [],
            [(f"{tmp_path}/auto",)],
            [],
            [],
            [],
            [],
            [("directory",)],
        ]
        assert ["automount point" in note for _, note in rows] == [True, True, True, True, True, True, True, False]


def test_nothing_is_mounted_by_a_way_over_links(tmp_path: Path):
    (tmp_path / "links" / "a" / "b").mkdir(parents=True)
    (tmp_path / "links" / "inside").symlink_to(tmp_path / "auto" / "x")
    (tmp_path / "links" / "top").symlink_to("../auto")
    (tmp_path / "links" / "deep").symlink_to("a/b")

    def act() -> Any:
        asked = automount(tmp_path / "auto")

        def ask() -> Any:
            with Database() as db:
                results = []
                for sql in BY_LINKS:
                    result = db.execute(sql.format(tmp_path))
                    results.append((len(list(result)), " ".join(result.notes)))
                return results

        try:
            answered = outside(ask)
            return answered, select.select([asked], [], [], 0)[0] != []
        finally:
            ctypes.CDLL(None).umount2(os.fsencode(tmp_path / "auto"), 2)

    answered, mounted = in_new_mounts(act)
    assert not mounted
    assert ["automount point" in note for _, note in answered] == [False] + [True] * (len(BY_LINKS) - 1)
    # Links are shown as themselves.
    assert answered[2][0] == 1 and answered[5][0] == 4


def test_an_automount_point_that_is_mounted_is_walked_into(tmp_path: Path):
    def act() -> Any:
        automount(tmp_path / "auto")
        mount("-t", "tmpfs", "mounted", tmp_path / "auto")
        (tmp_path / "auto" / "x").touch()
        with Database() as db:
            return query(db, f"SELECT path FROM file WHERE path LIKE '{tmp_path}/auto/%'")

    assert in_new_mounts(act) == [{"path": f"{tmp_path}/auto/x"}]


def test_a_dead_mount_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Those after it in the list have their sizes; a second statement does not ask it again while it is dead."""
    monkeypatch.setattr(bounded, "PATIENCE", 0.5)
    (tmp_path / "dead").mkdir()
    (tmp_path / "well").mkdir()

    def act() -> Any:
        with dead_mount(tmp_path / "dead"):
            mount("-t", "tmpfs", "-o", "size=1m", "well", tmp_path / "well")
            with Database(settings=Settings(remote_mounts=True)) as db:
                found = [sizes(db, tmp_path), sizes(db, tmp_path)]
                said = notes(db, "SELECT blocks FROM mounts")
                stuck = len([question for question in bounded._stuck if str(tmp_path) in str(question)])
                named = notes(db, "SELECT path, type, flags FROM mounts")
            with Database() as db:
                usual = notes(db, "SELECT blocks FROM mounts")
        return found, said, stuck, named, usual

    found, said, stuck, named, usual = in_new_mounts(act)
    assert found == [{"dead": None, "well": MIB}] * 2
    assert any("did not answer" in note for note in said) and stuck == 1
    assert named == []
    assert any("remote mounts are not asked" in note for note in usual)


def test_a_source_is_not_looked_up_outside_of_dev(tmp_path: Path):
    """Whoever mounts says what the source is called: a path to a dead server would hang whoever looks it up."""
    (tmp_path / "dead").mkdir()
    (tmp_path / "named").mkdir()
    (tmp_path / "linked").mkdir()
    source = f"/dev/..{tmp_path}/dead/x"

    def act() -> Any:
        with dead_mount(tmp_path / "dead"):
            mount("-t", "tmpfs", "dev", "/dev")
            os.symlink(f"{tmp_path}/dead/x", "/dev/away")
            os.mkdir("/dev/disk")
            os.symlink("../sda1", "/dev/disk/root")
            mount("-t", "tmpfs", "/dev/away", tmp_path / "named")
            mount("-t", "tmpfs", "/dev/disk/root", tmp_path / "linked")
            mount("-t", "tmpfs", source, tmp_path / "linked")

            def ask() -> Any:
                with Database() as db:
                    return query(db, f"SELECT device, device_alias FROM mounts WHERE path LIKE '{tmp_path}/%ed'")

            return outside(ask)

    assert {row["device"]: row["device_alias"] for row in in_new_mounts(act)} == {
        "/dev/away": "/dev/away",
        "/dev/disk/root": "/dev/sda1",
        source: source,
    }


SEARCHES = [
    ("SELECT path, size FROM file WHERE path LIKE '{0}/%'", 3),
    ("SELECT path FROM file WHERE path LIKE '{0}/%'", 3),
    ("SELECT path, size FROM file WHERE path LIKE '{0}/link/%'", 0),
    ("SELECT path, size FROM file WHERE directory = '{0}/dead'", 0),
    ("SELECT path, sha256 FROM hash WHERE directory = '{0}'", 1),
    ("SELECT key FROM extended_attributes WHERE path LIKE '{0}/%'", 0),
    ("SELECT path, size FROM file WHERE path = '{0}/dead/x'", 0),
    ("SELECT path FROM magic WHERE path = '{0}/link/x'", 0),
]


def test_a_dead_server_does_not_hang_what_names_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A search leaves it out; a path that was named is waited for, but not for ever."""
    monkeypatch.setattr(bounded, "PATIENCE", 0.5)
    (tmp_path / "dead").mkdir()
    (tmp_path / "well").write_text("well")
    (tmp_path / "link").symlink_to("dead")

    def act() -> Any:
        with dead_mount(tmp_path / "dead"):

            def ask() -> Any:
                found = []
                with Database() as db:
                    for sql, _ in SEARCHES:
                        result = db.execute(sql.format(tmp_path))
                        found.append((len(list(result)), " ".join(result.notes)))
                return found

            return outside(ask)

    found = in_new_mounts(act)
    assert [rows for rows, _ in found] == [rows for _, rows in SEARCHES]
    assert ["FUSE" in note for _, note in found] == [True, False] + [True] * 6


def test_a_file_that_cannot_be_asked_keeps_its_row(tmp_path: Path):
    """As of a server that is gone (ENOTCONN): which columns are wanted does not decide how many rows there are."""
    (tmp_path / "gone").mkdir()

    def act() -> Any:
        with dead_mount(tmp_path / "gone") as file:
            place = os.open(file.parent, os.O_PATH)
        with Database(settings=Settings(remote_mounts=True)) as db:
            sql = f"SELECT path, size, mode, type, btime, filename FROM file WHERE path = '/proc/self/fd/{place}/x'"
            return query(db, sql), notes(db, sql)

    rows, said = in_new_mounts(act)
    assert [(row["size"], row["mode"], row["filename"]) for row in rows] == [(None, None, "x")]
    assert any("cannot be looked up" in note for note in said)
