"""What is read beside SQLite costs it no lock: files that it has open here are read in a thread with descriptors of its
own."""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from hostql.daemon.catalog import attach
from hostql.daemon.config.model import DatabaseTable
from hostql.daemon.database_tables import add_tables
from hostql.daemon.state import State
from hostql.events.attach import Events
from hostql.events.buffer import Buffer
from hostql.tests.conftest import needs_libmagic, query
from hostql.vtables.database import Database
from hostql.vtables.errors import QueryError
from hostql.vtables.settings import Settings
from hostql.vtables.sources.apart import Apart, apart
from hostql.vtables.sources.files import read_regular
from hostql.vtables.sources.history import History, entries
from hostql.vtables.sources.locked import held
from hostql.vtables.sources.sqlite_files import connect


def locks(path: str) -> set[str]:
    """On which of a database's files this process holds locks, as the kernel says."""
    files = {os.stat(path + ending).st_ino: ending for ending in ("", "-shm") if os.path.exists(path + ending)}
    found = re.findall(r"POSIX .* (\d+) \w+:\w+:(\d+) ", Path("/proc/locks").read_text())
    return {files[int(inode)] for pid, inode in found if int(pid) == os.getpid() and int(inode) in files}


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    """The agent's state, open, with locks on it that the kernel shows."""
    (tmp_path / "state").mkdir(mode=0o700)
    made = State(str(tmp_path / "state/daemon.db"))
    made.remember("x", "y")
    if not locks(made.path):
        pytest.skip("the kernel shows no locks of this process")
    yield made
    assert made.remembered("x") == "y"
    made.close()


def test_that_closing_drops_locks_is_how_the_kernel_does_it(state: State) -> None:
    before = locks(state.path)
    os.close(os.open(state.path + "-shm", os.O_RDONLY))
    assert before and "-shm" not in locks(state.path)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT path, sha256 FROM hash WHERE path LIKE '{}/%'",
        "SELECT path, md5 FROM hash WHERE directory = '{}'",
        "SELECT data FROM magic WHERE path IN (SELECT path FROM file WHERE path LIKE '{}/%')",
        "SELECT * FROM file WHERE path LIKE '{}/%'",
        "SELECT * FROM extended_attributes WHERE path LIKE '{}/%'",
    ],
)
def test_tables_over_files(db: Database, state: State, sql: str) -> None:
    if " magic " in sql:
        needs_libmagic()
    before = locks(state.path)
    for ending in ("", "-shm"):
        os.link(state.path + ending, f"{state.path}.hard{ending}")
        os.symlink(state.path + ending, f"{state.path}.soft{ending}")
    rows = query(db, sql.format(os.path.dirname(state.path)))
    assert len(rows) == (0 if "extended" in sql else 7)
    assert locks(state.path) == before


def test_the_digest_is_that_of_the_content(db: Database, state: State) -> None:
    assert held(os.stat(state.path)) and held(os.stat(state.path + "-shm"))
    # SQLite has written all of it to the database.
    state._connection.pragma("wal_checkpoint", "TRUNCATE")
    (row,) = query(db, f"SELECT sha256 FROM hash WHERE path = '{state.path}'")
    content = subprocess.run(["cat", state.path], capture_output=True, check=True).stdout
    assert row["sha256"] == hashlib.sha256(content).hexdigest()


def test_readers_of_configuration(open_root: object, state: State, tmp_path: Path) -> None:
    """A link to it in the place of a file that is read."""
    before = locks(state.path)
    with pytest.raises(FileNotFoundError):
        read_regular(str(tmp_path / "none"), 10)
    (tmp_path / "link").symlink_to(state.path + "-shm")
    assert len(read_regular(str(tmp_path / "link"), 100)) == 100
    assert locks(state.path) == before


def test_opening_and_attaching_it_again(state: State, tmp_path: Path) -> None:
    before = locks(state.path)
    again = State(state.path)
    again.close()
    with Database(settings=Settings(state=os.path.dirname(state.path))) as database:
        assert attach(database)
        assert query(database, "SELECT count(*) AS n FROM agent.queries") == [{"n": 0}]
        query(database, f"ATTACH '{state.path}' AS again")
        query(database, "SELECT * FROM again.queries")
        query(database, "DETACH again")
        for option in ("immutable=1", "nolock=1"):
            with pytest.raises(QueryError, match="open here already"):
                database.execute(f"ATTACH 'file:{state.path}?{option}' AS again")
        add_tables(database, [DatabaseTable("about", state.path, "SELECT name FROM about", ["name"])])
        assert {"name": "x"} in query(database, "SELECT name FROM about")
    assert locks(state.path) == before


def test_the_buffer_of_events(tmp_path: Path) -> None:
    buffer = Buffer(str(tmp_path / "events.db"), [])
    with Database() as database:
        events = Events(database, lambda text: None, buffer.path, begin=False)
        assert events("event_gaps")
        before = locks(buffer.path)
        # Its tables are read anew.
        assert before and events("event_gaps") and locks(buffer.path) == before
        query(database, f"SELECT sha1 FROM hash WHERE path LIKE '{tmp_path}/%'")
        assert locks(buffer.path) == before
    buffer.close()


def test_the_history(tmp_path: Path) -> None:
    history = History(str(tmp_path / "history.db"))
    history.begin("SELECT 1")
    before = locks(history.path)
    second = History(history.path)
    second.close()
    assert [entry[2] for entry in entries(history.path)] == ["SELECT 1"]
    assert before and locks(history.path) == before
    history.close()
    assert not held(os.stat(history.path))


def test_a_file_that_is_closed_is_read_as_any_other(tmp_path: Path) -> None:
    made = connect(str(tmp_path / "x.db"), apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE)
    second = connect(str(tmp_path / "x.db"))
    found = os.stat(tmp_path / "x.db")
    made.close()
    made.close()
    assert held(found)
    second.close()
    assert not held(found)


def test_apart_the_descriptors_are_others() -> None:
    reader, writer = os.pipe()
    with Apart() as there:
        with pytest.raises(OSError, match="Bad file descriptor"):
            there.call(lambda: os.write(writer, b"x"))
        there.call(lambda: os.closerange(3, 1000))
        os.write(writer, b"y")
        assert os.read(reader, 9) == b"y"
        assert there.call(threading.get_native_id) != threading.get_native_id()
    assert apart(lambda: sorted(map(int, os.listdir("/proc/thread-self/fd")))[:3]) == [0, 1, 2]
    os.close(reader)
    os.close(writer)


def test_apart_what_is_printed_is_handed_over(capfd: pytest.CaptureFixture[str]) -> None:
    libc = ctypes.CDLL(None)
    said: list[str] = []
    with Apart() as there:
        assert there.call(lambda: libc.perror(b"one\x1b[2J\ntwo"), said.append) == 0
        # Who prints more than a pipe holds does not wait for a reader.
        there.call(lambda: os.write(1, b"x\n" * 100_000), said.append)
    assert said[0] == "one\x1b[2J" and said[1].startswith("two") and set(said[2:]) == {"x"} and len(said) < 50
    assert capfd.readouterr() == ("", "")


def test_nothing_of_libmagic_reaches_the_terminal(tmp_path: Path) -> None:
    needs_libmagic()
    (tmp_path / "types").write_bytes(b"0\tstring\tabc\tletters\n\x1b]0;title\x07 no line of a database\n")
    (tmp_path / "file").write_text("abc")
    sql = f"SELECT data FROM magic WHERE path = '{tmp_path}/file' AND magic_db_files = '{tmp_path}/types'"
    done = subprocess.run(
        [sys.executable, "-m", "hostql", "--json", sql], capture_output=True, encoding="utf-8", timeout=60
    )
    lines = done.stderr.splitlines()
    assert lines and all(line.startswith(("note: ", "error: ", "hint: ")) for line in lines)
    assert any("Warning" in line for line in lines) and "\x1b" not in done.stdout + done.stderr


def test_a_database_of_magic_that_is_not_there_is_not_the_default(tmp_path: Path) -> None:
    needs_libmagic()
    (tmp_path / "file").write_text("text")
    with Database() as db:
        result = db.execute(
            f"SELECT data, mime_type FROM magic WHERE path = '{tmp_path}/file' AND magic_db_files = '/nope'"
        )
        assert list(result) == [(None, None)]
        assert list(result.notes) == ["magic: there is no database /nope"]
