"""Changes of real files by the publishers of `file_events`, as their rows tell them."""

from __future__ import annotations

import hashlib
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest
from hostql.events.buffer import Buffer
from hostql.events.catalog import catalog
from hostql.events.collector import Collector
from hostql.events.exclusion.rules import PathPattern, Rule, Rules
from hostql.events.options import Options
from hostql.events.publisher import Publisher, Unavailable
from hostql.events.publishers.fanotify import Fanotify
from hostql.events.publishers.inotify import Inotify
from hostql.tests.conftest import as_nobody
from hostql.tests.host import PATIENCE

pytestmark = pytest.mark.live

KINDS: list[type[Publisher]] = [Fanotify, Inotify]


class Watcher:
    """A publisher at work, and the rows and gaps it gave, as a stream collects them."""

    def __init__(self, publisher: Publisher, **options: Any) -> None:
        self.publisher = publisher
        self.rows: list[dict[str, Any]] = []
        self.gaps: list[str] = []
        publisher.open(frozenset(["file_events"]), Options(**options))

    def add(self, table: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
        self.rows += [dict(zip(columns, row)) for row in rows]

    def gap(self, text: str, lost: int) -> None:
        self.gaps.append(text)

    def until(self, done: Callable[[], object]) -> None:
        """Drain until something is so."""
        poll, end = select.poll(), time.monotonic() + PATIENCE
        poll.register(self.publisher.fileno(), select.POLLIN)
        while not done():
            assert time.monotonic() < end, f"it did not come: {len(self.rows)} rows, {self.told()[-20:]} {self.gaps}"
            if poll.poll(1000):
                self.publisher.drain(self)

    def told(self) -> list[tuple[str, str]]:
        """(action, name) of each row."""
        return [(row["action"], row["target_path"].rpartition("/")[2]) for row in self.rows]

    def until_told(self, *wanted: tuple[str, str]) -> list[tuple[str, str]]:
        self.until(lambda: set(wanted) <= set(self.told()))
        return self.told()

    def until_hashed(self, name: str) -> None:
        self.until(lambda: any(name in row["target_path"] and row["sha256"] for row in self.rows))

    def settled(self, folder: Path) -> list[tuple[str, str]]:
        """All that was told up to a marker that is made now."""
        (folder / "marker").mkdir()
        told = self.until_told(("CREATED", "marker"))
        return [each for each in told if each[1] != "marker"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(os.path.realpath(tmp_path))


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def watch(request: Any, folder: Path) -> Iterator[Callable[..., Watcher]]:
    """watch(file_paths=...) -> a Watcher of everything below the test's folder, unless told otherwise."""
    opened: list[Watcher] = []

    def start(**options: Any) -> Watcher:
        options.setdefault("file_paths", {"all": [f"{folder}/%%"]})
        try:
            opened.append(Watcher(request.param(), **options))
        except Unavailable as unavailable:
            pytest.skip(unavailable.reason)
        return opened[-1]

    yield start
    for watcher in opened:
        counters = watcher.publisher.counters()
        watcher.publisher.close()
        assert counters.seen >= counters.excluded + counters.lost


def test_what_happens_to_a_file_is_told(watch: Callable[..., Watcher], folder: Path):
    watcher = watch()
    path = folder / "file"
    path.write_bytes(b"content")
    watcher.until_told(("UPDATED", "file"))
    path.chmod(0o640)
    watcher.until_told(("ATTRIBUTES_MODIFIED", "file"))
    path.rename(folder / "moved")
    watcher.until_told(("MOVED_TO", "moved"))
    (folder / "moved").unlink()
    watcher.until_told(("DELETED", "moved"))
    assert watcher.told() == [
        ("CREATED", "file"),
        ("UPDATED", "file"),
        ("ATTRIBUTES_MODIFIED", "file"),
        ("MOVED_FROM", "file"),
        ("MOVED_TO", "moved"),
        ("DELETED", "moved"),
    ]
    _, updated, modified, left, came, _ = watcher.rows
    assert (updated["sha256"], updated["hashed"]) == (hashlib.sha256(b"content").hexdigest(), 1)
    assert (updated["size"], updated["category"], updated["uid"]) == (7, "all", os.geteuid())
    assert (modified["mode"], modified["hashed"]) == ("0640", 0)
    assert left["transaction_id"] == came["transaction_id"] is not None
    assert came["inode"] == updated["inode"] and came["md5"] == updated["md5"]


def test_what_no_path_is_long_enough_for_stops_nothing(watch: Callable[..., Watcher], folder: Path):
    watcher = watch()
    deep = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=deep)
        above, deep = deep, os.open("d" * 250, os.O_RDONLY | os.O_DIRECTORY, dir_fd=deep)
        os.close(above)
    os.close(os.open("file", os.O_WRONLY | os.O_CREAT, dir_fd=deep))
    os.close(deep)
    (folder / "after").write_text("")
    told = watcher.until_told(("CREATED", "after"))
    assert ("CREATED", "file") not in told
    if watcher.publisher.name == "fanotify":
        watcher.until(lambda: watcher.publisher.counters().lost)


def test_many_new_directories_written_to_at_once(watch: Callable[..., Watcher], folder: Path):
    watcher = watch()
    for n in range(200):
        os.makedirs(folder / f"{n}/a/b/c/d")
        (folder / f"{n}/a/b/c/d/file{n}").write_bytes(b"%d" % n)

    def hashes() -> dict[str, str]:
        found = [row for row in watcher.rows if "/file" in row["target_path"] and row["hashed"] == 1]
        return {row["target_path"]: row["sha256"] for row in found}

    watcher.until(lambda: len(hashes()) == 200)
    assert hashes() == {f"{folder}/{n}/a/b/c/d/file{n}": hashlib.sha256(b"%d" % n).hexdigest() for n in range(200)}
    created = [row["target_path"] for row in watcher.rows if row["action"] == "CREATED"]
    assert len(created) == len(set(created)) == 200 * 6


def test_an_editor_that_saves_by_a_new_file(watch: Callable[..., Watcher], folder: Path):
    (folder / "doc").write_text("old")
    watcher = watch()
    (folder / ".doc.swp").write_text("new")
    (folder / ".doc.swp").chmod(0o600)
    (folder / "doc").rename(folder / "doc~")
    (folder / ".doc.swp").rename(folder / "doc")
    (folder / "doc~").unlink()
    watcher.until(lambda: ("MOVED_TO", "doc") in watcher.told() and ("DELETED", "doc~") in watcher.told())
    saved = next(row for row in watcher.rows if (row["action"], row["target_path"]) == ("MOVED_TO", f"{folder}/doc"))
    assert saved["sha256"] == hashlib.sha256(b"new").hexdigest()
    pairs: dict[int, list[str]] = {}
    for row in watcher.rows:
        if row["transaction_id"] is not None:
            pairs.setdefault(row["transaction_id"], []).append(os.path.basename(row["target_path"]))
    assert list(pairs.values()) == [["doc", "doc~"], [".doc.swp", "doc"]]
    # Not the name alone that it was written under: the row of its last change before the rename owes nothing.
    assert [row["hashed"] for row in watcher.rows if row["action"] == "UPDATED"] == [-1]


def test_one_update_for_many_writes(watch: Callable[..., Watcher], folder: Path):
    watcher = watch()
    with open(folder / "file", "wb", buffering=0) as file:
        for _ in range(50):
            file.write(b"x")
    watcher.until_told(("UPDATED", "file"))
    assert watcher.settled(folder) == [("CREATED", "file"), ("UPDATED", "file")]


def test_a_name_that_is_no_text(watch: Callable[..., Watcher], folder: Path):
    watcher = watch()
    odd = os.fsencode(folder) + b"/caf\xe9"
    os.mkdir(odd)
    watcher.until_told(("CREATED", "caf\\xe9"))
    with open(odd + b"/in\xff", "wb") as file:
        file.write(b"1")
    watcher.until(lambda: any(row["sha256"] for row in watcher.rows))
    row = watcher.rows[-1]
    assert row["target_path"] == f"{folder}/caf\\xe9/in\\xff"
    assert row["sha256"] == hashlib.sha256(b"1").hexdigest()


def test_directories_that_are_renamed_are_followed(watch: Callable[..., Watcher], folder: Path):
    (folder / "old/sub").mkdir(parents=True)
    watcher = watch()
    (folder / "old").rename(folder / "new")
    watcher.until_told(("MOVED_TO", "new"))
    (folder / "new/sub/file").touch()
    watcher.until_told(("CREATED", "file"))
    assert watcher.rows[2]["target_path"] == f"{folder}/new/sub/file"


def test_what_is_moved_out_is_not_watched_any_more(watch: Callable[..., Watcher], folder: Path):
    (folder / "in/tree/sub").mkdir(parents=True)
    (folder / "out").mkdir()
    watcher = watch(file_paths={"in": [f"{folder}/in/%%"], "marks": [f"{folder}/marker"]})
    (folder / "in/tree").rename(folder / "out/tree")
    watcher.until_told(("MOVED_FROM", "tree"))
    (folder / "out/tree/sub/unseen").touch()
    assert watcher.settled(folder) == [("MOVED_FROM", "tree")]


def test_what_is_moved_in_is_new_here(watch: Callable[..., Watcher], folder: Path):
    (folder / "out/tree/sub").mkdir(parents=True)
    (folder / "out/tree/sub/brought").write_text("1")
    (folder / "in").mkdir()
    watcher = watch(file_paths={"in": [f"{folder}/in/%%"]})
    (folder / "out/tree").rename(folder / "in/tree")
    watcher.until(lambda: any(row["sha256"] for row in watcher.rows))
    assert watcher.told() == [("MOVED_TO", "tree"), ("CREATED", "sub"), ("CREATED", "brought")]
    (folder / "in/tree/sub/later").touch()
    watcher.until_told(("CREATED", "later"))


def test_a_directory_deleted_and_made_again(watch: Callable[..., Watcher], folder: Path):
    (folder / "top/sub").mkdir(parents=True)
    watcher = watch(file_paths={"all": [f"{folder}/top/sub/%%"]})
    for name in ("first", "second", "third"):
        shutil.rmtree(folder / "top")
        os.makedirs(folder / "top/sub")
        (folder / "top/sub" / name).write_text(name)
        watcher.until_hashed(name)


def test_a_tree_removed_at_once(watch: Callable[..., Watcher], folder: Path):
    for n in range(20):
        (folder / f"top/{n}").mkdir(parents=True)
        (folder / f"top/{n}/file{n}").touch()
    watcher = watch()
    shutil.rmtree(folder / "top")
    watcher.until_told(("DELETED", "top"), *(("DELETED", f"file{n}") for n in range(20)))
    assert len(watcher.rows) == 41


def test_excluded_paths_are_silent(watch: Callable[..., Watcher], folder: Path):
    (folder / "not").mkdir()
    rule = Rule(3, '{"path": "rule"}', event_class="file", path=(PathPattern("prefix", f"{folder}/rule"),))
    other = Rule(4, '{"uid": 0}', event_class="file", uid=(0,))
    watcher = watch(exclude_paths={"quiet": [f"{folder}/not/%%", f"{folder}/%.tmp"]})
    assert watcher.publisher.exclude(Rules("test", (rule, other))) == {3}
    (folder / "a.tmp").touch()
    (folder / "not/file").touch()
    (folder / "rule").mkdir()
    (folder / "rule/file").touch()
    (folder / "seen").touch()
    watcher.until_told(("UPDATED", "seen"))
    assert watcher.settled(folder) == [("CREATED", "seen"), ("UPDATED", "seen")]
    watcher.publisher.exclude(Rules())
    (folder / "rule/later").touch()
    watcher.until_told(("UPDATED", "later"))


def test_opening_is_told_where_that_is_asked(watch: Callable[..., Watcher], folder: Path):
    (folder / "file").write_text("1")
    watcher = watch(file_accesses=["all"])
    subprocess.run(["cat", str(folder / "file")], check=True, stdout=subprocess.DEVNULL)
    watcher.until_told(("OPENED", "file"))


def test_nothing_to_watch(watch: Callable[..., Watcher]):
    with pytest.raises(pytest.skip.Exception, match="no files to watch"):
        watch(file_paths={})


def test_a_flood_overflows_the_queue_and_is_looked_up(watch: Callable[..., Watcher], folder: Path):
    with open("/proc/sys/fs/inotify/max_queued_events") as file:
        most = int(file.read())
    if most > 100_000:
        pytest.skip(f"the queue holds {most} events: too many to provoke")
    watcher = watch()
    made = {f"{folder}/{n}" for n in range(most + 1000)}
    for path in made:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC))
    looked_at = 0

    def all_told() -> bool:
        nonlocal looked_at
        made.difference_update([row["target_path"] for row in watcher.rows[looked_at:]])
        looked_at = len(watcher.rows)
        return not made

    watcher.until(all_told)
    assert "overflowed" in watcher.gaps[0]
    assert any(row["action"] == "RESCANNED" for row in watcher.rows)
    assert watcher.publisher.counters().lost >= 1
    (folder / "after").touch()
    watcher.until_told(("CREATED", "after"))


def inotify_watches() -> int:
    """The inotify watches of this process, as the kernel counts them."""
    total = 0
    for fd in os.listdir("/proc/self/fdinfo"):
        try:
            with open(f"/proc/self/fdinfo/{fd}") as file:
                total += sum(line.startswith("inotify") for line in file)
        except FileNotFoundError:
            continue
    return total


def test_excluded_directories_take_no_watch(folder: Path):
    for n in range(50):
        (folder / f"not/{n}").mkdir(parents=True)
        (folder / f"yes/{n}").mkdir(parents=True)
    before = inotify_watches()
    watcher = Watcher(Inotify(), file_paths={"all": [f"{folder}/%%"]}, exclude_paths={"quiet": [f"{folder}/not/%%"]})
    # 50, 'yes', the folder, and the directories that lead to it.
    assert inotify_watches() - before == 50 + 1 + len(folder.parts)
    rule = Rule(0, "{}", event_class="file", path=(PathPattern("prefix", f"{folder}/yes"),))
    watcher.publisher.exclude(Rules("test", (rule,)))
    assert inotify_watches() - before == len(folder.parts)
    watcher.publisher.close()
    assert inotify_watches() == before


def test_moved_out_trees_leave_no_watch(folder: Path):
    (folder / "in/tree/sub").mkdir(parents=True)
    watcher = Watcher(Inotify(), file_paths={"in": [f"{folder}/in/%%"]})
    before = inotify_watches()
    (folder / "in/tree").rename(folder / "tree")
    watcher.until_told(("MOVED_FROM", "tree"))
    assert inotify_watches() == before - 2
    watcher.publisher.close()


def test_the_budget_of_watches_is_kept_and_told(folder: Path):
    for n in range(20):
        (folder / f"{n}").mkdir()
    before = inotify_watches()
    budget = len(folder.parts) + 5
    watcher = Watcher(Inotify(), file_paths={"all": [f"{folder}/%%"]}, watch_budget=budget)
    watcher.until(lambda: watcher.gaps)
    assert inotify_watches() - before == budget
    assert f"the budget of {budget} inotify watches is used up" in watcher.gaps[0]
    assert "exclude_paths" in watcher.gaps[0] and len(watcher.gaps) == 1
    watcher.publisher.close()


def test_an_ordinary_user_watches_by_inotify(tmp_path_factory: Any):
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)

    def watched() -> tuple[str, list[tuple[str, str]]]:
        try:
            Watcher(Fanotify(), file_paths={"all": [f"{folder}/%%"]})
        except Unavailable as unavailable:
            reason = unavailable.reason
        watcher = Watcher(Inotify(), file_paths={"all": [f"{folder}/%%"]})
        (folder / "file").touch()
        return reason, watcher.until_told(("CREATED", "file"))

    try:
        reason, told = as_nobody(watched)
    finally:
        shutil.rmtree(folder)
    assert reason == "fanotify needs CAP_SYS_ADMIN"
    assert told[0] == ("CREATED", "file")


def test_fanotify_tells_who_it_was(folder: Path):
    try:
        watcher = Watcher(Fanotify(), file_paths={"all": [f"{folder}/%%"]})
    except Unavailable as unavailable:
        pytest.skip(unavailable.reason)
    child = subprocess.Popen(["touch", str(folder / "file")])
    child.wait()
    watcher.until_told(("UPDATED", "file"))
    assert {row["pid"] for row in watcher.rows} == {child.pid}
    watcher.publisher.close()
    assert not [fd for fd in os.listdir("/proc/self/fd") if "fanotify" in link(fd)]


def test_fanotify_leaves_what_it_cannot_mark_to_inotify():
    with pytest.raises(Unavailable, match=r"fanotify cannot watch /|CAP_SYS_ADMIN"):
        Watcher(Fanotify(), file_paths={"all": ["/proc/sys/%%"]})
    assert not [fd for fd in os.listdir("/proc/self/fd") if "fanotify" in link(fd)]


def test_a_file_system_mounted_later_is_watched(folder: Path):
    try:
        watcher = Watcher(Fanotify(), file_paths={"all": [f"{folder}/%%"]})
    except Unavailable as unavailable:
        pytest.skip(unavailable.reason)
    (folder / "mounted").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "test", str(folder / "mounted")], check=True)
    try:
        watcher.until(lambda: f"{folder}/mounted" in watcher.publisher._marked or watcher.gaps)
        (folder / "mounted/file").touch()
        watcher.until(lambda: ("CREATED", "file") in watcher.told() or watcher.gaps)
        assert not watcher.gaps
    finally:
        watcher.publisher.close()
        subprocess.run(["umount", str(folder / "mounted")], check=True)


def link(fd: str) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{fd}")
    except OSError:
        return ""


def test_the_table_has_what_the_collector_collected(folder: Path):
    names = catalog()
    tables = [names.load(name) for name in names if names.subject(name) == "events"]
    options = Options(file_paths={"all": [f"{folder}/watched/%%"]})
    (folder / "watched").mkdir()
    best = _best(options)
    running = Collector(Buffer(str(folder / "events.db"), tables), [names.load("file_events")], KINDS, options)
    running.start()
    reader = apsw.Connection(str(folder / "events.db"), flags=apsw.SQLITE_OPEN_READONLY)
    (folder / "watched/file").write_text("content")

    def stored() -> list[tuple[Any, ...]]:
        return reader.execute("SELECT action, size, hashed, exe, publisher FROM file_events ORDER BY eid").fetchall()

    end = time.monotonic() + PATIENCE
    while len(stored()) < 2:
        assert time.monotonic() < end
        running.step()
    publisher = stored()[0][-1]
    exe = os.readlink("/proc/self/exe") if publisher == "fanotify" else None
    assert stored()[1] == ("UPDATED", 7, 1, exe, publisher)
    assert publisher == best
    reader.close()
    running.close()


def _best(options: Options) -> str:
    """The publisher that the collector is to choose: an overlay, and an ordinary user, have no fanotify."""
    try:
        Watcher(Fanotify(), file_paths=options.file_paths).publisher.close()
    except Unavailable:
        return "inotify"
    return "fanotify"
