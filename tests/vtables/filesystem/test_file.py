"""`file` and `hash` over a real tree: patterns, links, odd names, things that are no files."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hostql.tests.conftest import as_nobody, notes, query
from hostql.vtables.database import Database
from hostql.vtables.errors import HostqlError, QueryCancelled
from hostql.vtables.sources.files import counters


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """a/b/c/leaf.conf, a/top.txt, a/.hidden, a link, a link to nowhere, a FIFO, a name with a newline."""
    (tmp_path / "a/b/c").mkdir(parents=True)
    (tmp_path / "a/b/c/leaf.conf").write_text("leaf\n")
    (tmp_path / "a/top.txt").write_text("top\n")
    (tmp_path / "a/.hidden").write_text("")
    (tmp_path / "a/link").symlink_to("top.txt")
    (tmp_path / "a/nowhere").symlink_to("nope")
    (tmp_path / "a/new\nline").write_text("x")
    os.mkfifo(tmp_path / "a/pipe")
    return tmp_path


def names(db: Database, tree: Path, where: str) -> set[str]:
    rows = query(db, f"SELECT path FROM file WHERE {where.replace('$', str(tree))}")
    return {row["path"][len(str(tree)) + 1 :] for row in rows}


@pytest.mark.parametrize(
    "where, expected",
    [
        ("path = '$/a/top.txt'", {"a/top.txt"}),
        ("path IN ('$/a', '$/nope')", {"a"}),
        ("path LIKE '$/a/%.txt'", {"a/top.txt"}),
        ("path LIKE '$/%/top%'", {"a/top.txt"}),
        ("path LIKE '$/a/%'", {"a/b", "a/top.txt", "a/.hidden", "a/link", "a/nowhere", "a/new\nline", "a/pipe"}),
        ("path LIKE '$/%%.conf'", {"a/b/c/leaf.conf"}),
        ("path LIKE '$/a/%%/leaf.conf'", {"a/b/c/leaf.conf"}),
        ("path LIKE '$/a/TOP.t_t'", {"a/top.txt"}),
        ("path GLOB '$/a/[st]op.*'", {"a/top.txt"}),
        ("path LIKE '$/a/%.txt' OR path = '$/a/pipe' OR path LIKE '$/a/.h%'", {"a/top.txt", "a/pipe", "a/.hidden"}),
        ("directory = '$/a/b'", {"a/b/c"}),
        ("directory LIKE '$/a/%'", {"a/b/c"}),
        ("path LIKE '$/nope/%'", set()),
    ],
)
def test_which_paths_a_condition_means(db: Database, tree: Path, where: str, expected: set[str]):
    assert names(db, tree, where) == expected


def test_values_are_those_of_stat(db: Database, tree: Path):
    (row,) = query(db, "SELECT * FROM file WHERE path = ?", (str(tree / "a/top.txt"),))
    found = (tree / "a/top.txt").stat()
    assert (row["size"], row["inode"], row["mtime"], row["mode"]) == (4, found.st_ino, int(found.st_mtime), "0644")
    types = query(db, "SELECT filename, type, symlink FROM file WHERE directory = ?", (str(tree / "a"),))
    by_name = {row["filename"]: (row["type"], row["symlink"]) for row in types}
    assert by_name["link"] == ("regular", 1)
    assert by_name["nowhere"] == ("symlink", 1)
    assert by_name["pipe"] == ("fifo", 0)
    assert by_name["b"] == ("directory", 0)


def test_digests_of_files_and_no_hang_on_a_fifo(db: Database, tree: Path):
    rows = query(db, "SELECT path, md5, sha256 FROM hash WHERE directory = ?", (str(tree / "a"),))
    by_name = {Path(row["path"]).name: row for row in rows}
    assert "pipe" not in by_name and "b" not in by_name
    for name in ("top.txt", "link"):
        assert by_name[name]["md5"] == hashlib.md5(b"top\n").hexdigest()
        assert by_name[name]["sha256"] == hashlib.sha256(b"top\n").hexdigest()


def test_a_changed_file_gets_a_new_digest(db: Database, tree: Path):
    sql = "SELECT sha1 FROM hash WHERE path = ?"
    target = tree / "a/top.txt"
    assert query(db, sql, (str(target),)) == [{"sha1": hashlib.sha1(b"top\n").hexdigest()}]
    target.write_text("other\n")
    assert query(db, sql, (str(target),)) == [{"sha1": hashlib.sha1(b"other\n").hexdigest()}]


def test_a_change_of_the_same_size_in_the_same_instant_is_noticed(db: Database, tree: Path):
    """The clock of file times ticks slowly: the times alone would not tell."""
    target = tree / "a/top.txt"
    for number in range(100, 200):
        target.write_text(str(number))
        found = query(db, "SELECT md5 FROM hash WHERE path = ?", (str(target),))
        assert found == [{"md5": hashlib.md5(str(number).encode()).hexdigest()}]


def test_an_unchanged_file_is_read_once(db: Database):
    path = os.path.realpath(sys.executable)
    sql = "SELECT md5, sha256 FROM hash WHERE path = ?"
    first = query(db, sql, (path,))
    before = counters.bytes
    with Database() as another:
        assert query(another, sql, (path,)) == first
    assert counters.bytes - before < os.path.getsize(path)


def test_what_the_kernel_makes_up_is_read_anew(db: Database):
    """A file of /proc changes without its times or size."""
    sql = "SELECT sha1 FROM hash WHERE path = '/proc/self/comm'"
    name = Path("/proc/self/comm").read_text()
    found = []
    try:
        for each in ("one", "two"):
            Path("/proc/self/comm").write_text(each)
            found += query(db, sql)
    finally:
        # With the end of the line it would be a part of the name.
        Path("/proc/self/comm").write_text(name.rstrip("\n"))
    assert found == [{"sha1": hashlib.sha1(each + b"\n").hexdigest()} for each in (b"one", b"two")]


def test_the_digest_of_a_large_file_stops_when_cancelled(db: Database, tree: Path):
    """A file of 1 TiB without blocks: its digest would take an hour."""
    with (tree / "large").open("wb") as file:
        file.truncate(1 << 40)
    db.settings.read_max = 1 << 40
    errors = []

    def hash_it() -> None:
        try:
            query(db, "SELECT sha256 FROM hash WHERE path = ?", (str(tree / "large"),))
        except HostqlError as error:
            errors.append(error)

    before = counters.bytes
    reader = threading.Thread(target=hash_it)
    reader.start()
    while counters.bytes == before and reader.is_alive():
        pass
    db.cancel()
    reader.join(timeout=60)
    assert [type(error) for error in errors] == [QueryCancelled]


@pytest.mark.parametrize("sizes, hashed", [([10, 11], ["a"]), ([0, 10], ["a", "b"]), ([1 << 40, 11], [])])
def test_larger_files_than_are_read_have_no_digest(db: Database, tmp_path: Path, sizes: list[int], hashed: list[str]):
    """Holes count, for a digest takes them as zeros."""
    db.settings.read_max = 10
    for name, size in zip("ab", sizes):
        (tmp_path / name).touch()
        os.truncate(tmp_path / name, size)
    sql = f"SELECT path, md5, sha256 FROM hash WHERE path LIKE '{tmp_path}/%' ORDER BY path"
    rows = query(db, sql)
    assert [Path(row["path"]).name for row in rows] == ["a", "b"]
    assert [Path(row["path"]).name for row in rows if row["md5"] and row["sha256"]] == hashed
    assert [row["md5"] for row in rows].count(None) == 2 - len(hashed)
    times = " (2 times)" if not hashed else ""
    told = [f"hash: files of more than 10 B (read_max) have no digest{times}"]
    assert notes(db, sql) == (told if len(hashed) < 2 else [])


def test_a_file_without_end_has_no_digest(db: Database):
    """Its size is said to be 0, and it has an entry for each page that a process could have."""
    db.settings.read_max = 1 << 20
    (row,) = query(db, f"SELECT md5 FROM hash WHERE path = '/proc/{os.getpid()}/pagemap'")
    assert row["md5"] is None


def test_without_a_path_the_error_shows_how(db: Database):
    with pytest.raises(HostqlError, match="path or directory") as caught:
        query(db, "SELECT * FROM hash")
    assert "WHERE path = " in caught.value.hint


def test_a_directory_that_may_not_be_read_is_noted():
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        (Path(folder) / "closed").mkdir(mode=0o700)

        def ask() -> list[str]:
            with Database() as database:
                return notes(database, f"SELECT path FROM file WHERE path GLOB '{folder}/**'")

        (note,) = as_nobody(ask)
    assert "1 of 2 directories not readable" in note


def test_a_walk_stops_when_cancelled(db: Database, tmp_path: Path):
    """Cancelled by another thread after the first row: the rest of the tree is not walked."""
    for number in range(50):
        (tmp_path / str(number)).mkdir()
        for inner in range(20):
            (tmp_path / str(number) / str(inner)).write_text("")
    result = db.execute(f"SELECT path FROM file WHERE path LIKE '{tmp_path}/%%'")
    rows = iter(result)
    next(rows)
    canceller = threading.Thread(target=db.cancel)
    canceller.start()
    canceller.join()
    with pytest.raises(QueryCancelled):
        list(rows)
