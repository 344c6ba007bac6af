"""What a statement may do besides reading, by policy, and how a refusal reads."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from hostql.vtables.database import Database
from hostql.vtables.errors import HostqlError
from hostql.vtables.policy import ANALYST, READ_ONLY, WRITING_ANALYST, Policy


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database file with a table `t` of one row."""
    path = tmp_path / "kept.db"
    made = sqlite3.connect(path)
    made.executescript("CREATE TABLE t (a); INSERT INTO t VALUES (1);")
    made.close()
    return path


@pytest.fixture(params=[READ_ONLY, ANALYST, WRITING_ANALYST], ids=lambda policy: policy.name)
def any_policy(request: pytest.FixtureRequest) -> Iterator[Database]:
    with Database(policy=request.param) as database:
        yield database


def run(database: Database, sql: str) -> list[tuple[object, ...]]:
    """The rows of the last statement."""
    rows: list[tuple[object, ...]] = []
    for result in database.run(sql):
        rows = list(result)
    return rows


def refusal(policy: Policy, sql: str) -> str:
    with Database(policy=policy) as database, pytest.raises(HostqlError) as caught:
        run(database, sql)
    return f"{caught.value.message} | {caught.value.hint}"


@pytest.mark.parametrize(
    "sql, says",
    [
        ("DELETE FROM time", "may not be modified | hostql reads the host"),
        ("INSERT INTO users (uid) VALUES (0)", "hostql reads the host"),
        ("UPDATE time SET year = 1", "may not be modified"),
        ("ALTER TABLE time ADD COLUMN x", "may not be altered"),
        ("DROP TABLE time", "hostql reads the host"),
        ("CREATE TABLE t (x)", "keeps no tables of its own"),
        ("CREATE VIEW v AS SELECT 1", "keeps no tables of its own"),
        ("CREATE TABLE t AS SELECT * FROM users", "keeps no tables of its own"),
        ("CREATE VIRTUAL TABLE t USING fts5(x)", "hostql reads the host"),
        ("PRAGMA journal_mode = WAL", "PRAGMA journal_mode is not allowed"),
        ("PRAGMA writable_schema = 1", "PRAGMA writable_schema is not allowed"),
        ("PRAGMA user_version = 5", "PRAGMA user_version is not allowed"),
        ("PRAGMA trusted_schema = 1", "table_info"),
        ("SELECT load_extension('x')", "load_extension() is not allowed"),
        ("SELECT fts3_tokenizer('simple')", "fts3_tokenizer() is not allowed"),
        ("INSERT INTO sqlite_schema VALUES (1, 2, 3, 4, 5)", ""),
    ],
)
def test_no_policy_lets_a_statement_change_the_host(any_policy: Database, sql: str, says: str):
    with pytest.raises(HostqlError) as caught:
        run(any_policy, sql)
    assert says in f"{caught.value.message} | {caught.value.hint}"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM users WHERE uid = 0",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT i FROM n",
        "EXPLAIN QUERY PLAN SELECT * FROM time",
        "PRAGMA table_info(processes)",
        "PRAGMA database_list",
        "SELECT name FROM pragma_function_list LIMIT 1",
    ],
)
def test_every_policy_lets_it_read(any_policy: Database, sql: str):
    assert [row for result in any_policy.run(sql) for row in result]


@pytest.mark.parametrize(
    "sql, last",
    [
        ("CREATE TEMP TABLE x AS SELECT uid FROM users; SELECT count(*) > 0 FROM x", [(1,)]),
        ("CREATE TEMP TABLE x (a); INSERT INTO x VALUES (1), (2); UPDATE x SET a = 3; SELECT a FROM x", [(3,), (3,)]),
        ("CREATE TEMP TABLE x (a); INSERT INTO x VALUES (1); DELETE FROM x; SELECT a FROM x", []),
        ("CREATE TEMP TABLE x (a); ALTER TABLE x RENAME TO y; CREATE INDEX temp.i ON y (a); SELECT a FROM y", []),
        ("CREATE TEMP VIEW v AS SELECT username FROM users WHERE uid = 0; SELECT username FROM v", [("root",)]),
        ("CREATE TEMP VIEW v AS SELECT user(0) AS name; SELECT name FROM v; DROP VIEW v; SELECT 1", [(1,)]),
        ("CREATE TEMP TABLE x (a); DROP TABLE x; SELECT 1", [(1,)]),
    ],
)
def test_an_analyst_may_make_temporary_tables_and_views(sql: str, last: list[tuple[object, ...]]):
    with Database(policy=ANALYST) as database:
        assert run(database, sql) == last
    assert "temporary tables and views are not allowed" in refusal(READ_ONLY, sql)


@pytest.mark.parametrize("sql", ["BEGIN", "BEGIN IMMEDIATE", "SAVEPOINT s", "COMMIT", "ROLLBACK", "RELEASE s"])
def test_only_an_analyst_opens_a_transaction(sql: str):
    assert "transactions and savepoints are not allowed" in refusal(READ_ONLY, sql)


def test_an_analyst_takes_back_what_was_done_in_a_transaction():
    with Database(policy=ANALYST) as database:
        sql = "BEGIN; CREATE TEMP TABLE x (a); SAVEPOINT s; INSERT INTO x VALUES (1); ROLLBACK TO s"
        assert run(database, f"{sql}; COMMIT; SELECT count(*) FROM x") == [(0,)]


def test_the_hint_for_a_table_tells_of_temporary_ones():
    assert "CREATE TEMP TABLE" in refusal(ANALYST, "CREATE TABLE t (x)")
    assert "TEMP" not in refusal(READ_ONLY, "CREATE TABLE t (x)")


def test_an_attached_file_is_read(file: Path):
    with Database(policy=ANALYST) as database:
        sql = f"ATTACH '{file}' AS kept; SELECT a, username FROM kept.t JOIN users ON uid = a - 1"
        assert run(database, sql) == [(1, "root")]
        run(database, "DETACH kept")
    assert "may not be attached" in refusal(READ_ONLY, f"ATTACH '{file}' AS kept")


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO kept.t VALUES (2)",
        "UPDATE kept.t SET a = 2",
        "DELETE FROM kept.t",
        "DROP TABLE kept.t",
        "CREATE TABLE kept.u (a)",
        "ALTER TABLE kept.t ADD COLUMN b",
        "CREATE INDEX kept.i ON t (a)",
    ],
)
def test_an_attached_file_is_not_written(file: Path, sql: str):
    before = file.read_bytes()
    said = refusal(ANALYST, f"ATTACH '{file}' AS kept; {sql}")
    assert "the attached database kept can only be read" in said
    assert "--writable" in said
    assert file.read_bytes() == before


def test_attaching_does_not_open_the_file_for_writing(file: Path):
    assert "access mode not allowed" in refusal(ANALYST, f"ATTACH 'file:{file}?mode=rw' AS kept")


def test_a_file_left_by_a_crash_is_not_repaired(file: Path, tmp_path: Path):
    """A hot journal would be rolled back, and so the evidence changed, by a reader that may write."""
    writer = sqlite3.connect(file, isolation_level=None)
    writer.execute("PRAGMA cache_size = 1")
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO t SELECT i FROM n")
    crashed = tmp_path / "crashed.db"
    crashed.write_bytes(file.read_bytes())
    Path(f"{crashed}-journal").write_bytes(Path(f"{file}-journal").read_bytes())
    writer.close()
    before = crashed.read_bytes(), Path(f"{crashed}-journal").read_bytes()
    assert refusal(ANALYST, f"ATTACH '{crashed}' AS kept; SELECT count(*) FROM kept.t")
    assert (crashed.read_bytes(), Path(f"{crashed}-journal").read_bytes()) == before


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path):
    assert "unable to open database" in refusal(ANALYST, f"ATTACH '{tmp_path}/none.db' AS kept")
    assert not list(tmp_path.iterdir())


NOTHING_WRITTEN = [
    "VACUUM",
    "VACUUM main",
    "VACUUM INTO '{new}'",
    "VACUUM INTO ('{new}' || '')",
    "VACUUM /* hidden */ main INTO '{new}'",
    "VACUUM kept INTO '{new}'",
    "ATTACH 'file:{new}?mode=rwc' AS x; SELECT * FROM x.sqlite_schema",
    "ATTACH 'file:{kept}?vfs=unix-dotfile' AS x; SELECT * FROM x.t",
    "ATTACH '{new}' || '' AS x",
    "ATTACH ? AS x",
    "ATTACH '{new}' AS x",
    "ATTACH ':memory:' AS x; CREATE TABLE x.y (a)",
    "ATTACH '' AS x; CREATE TABLE x.y (a)",
    "PRAGMA wal_checkpoint",
    "PRAGMA temp_store_directory = '{folder}'",
    "PRAGMA optimize",
    "PRAGMA schema_version = 7",
    "PRAGMA kept.incremental_vacuum",
    "SELECT * FROM pragma_wal_checkpoint",
    "CREATE TEMP TABLE x (a); CREATE TEMP TRIGGER y INSERT ON x BEGIN DELETE FROM kept.t; END; INSERT INTO x SELECT 1",
    "INSERT INTO kept.t SELECT 2 RETURNING a",
    "WITH x AS (SELECT 2) INSERT INTO kept.t SELECT * FROM x",
    "REPLACE INTO kept.t VALUES (2)",
    "ANALYZE kept",
    "CREATE VIRTUAL TABLE kept.x USING fts5(a)",
    "BEGIN IMMEDIATE; DELETE FROM kept.t; COMMIT",
]


@pytest.mark.parametrize("sql", NOTHING_WRITTEN)
@pytest.mark.parametrize("policy", [READ_ONLY, ANALYST], ids=lambda policy: policy.name)
def test_nothing_is_written_and_no_file_is_made(file: Path, tmp_path: Path, policy: Policy, sql: str):
    before = file.read_bytes()
    attach = f"ATTACH '{file}' AS kept; " if policy.attach else ""
    said = refusal(policy, attach + sql.format(new=tmp_path / "new.db", kept=file, folder=tmp_path))
    assert said
    assert file.read_bytes() == before and [path.name for path in tmp_path.iterdir()] == [file.name]


def test_a_writing_analyst_copies_a_database(file: Path, tmp_path: Path):
    with Database(policy=WRITING_ANALYST) as database:
        run(database, f"ATTACH '{file}' AS kept; VACUUM kept; VACUUM kept INTO '{tmp_path}/new.db'")
        assert run(database, f"ATTACH '{tmp_path}/new.db' AS copy; SELECT a FROM copy.t") == [(1,)]


@pytest.mark.parametrize("policy", [ANALYST, WRITING_ANALYST], ids=lambda policy: policy.name)
@pytest.mark.parametrize("kind", ["fifo", "socket", "device", "directory"])
@pytest.mark.parametrize("name", ["{}", "file:{}", "file://localhost{}?mode=ro#x"])
def test_only_a_file_is_attached(tmp_path: Path, policy: Policy, kind: str, name: str):
    path = tmp_path / "x"
    with socket.socket(socket.AF_UNIX) as listener:
        if kind == "fifo":
            os.mkfifo(path)
        elif kind == "socket":
            listener.bind(str(path))
        elif kind == "device":
            path.symlink_to("/dev/null")
        else:
            path.mkdir()
        (tmp_path / "a b").symlink_to(path)
        for each in (path, tmp_path / "a b"):
            written = str(each).replace(" ", "%20") if name.startswith("file:") else str(each)
            assert f"it is a {kind.replace('fifo', 'FIFO')}, not a file" in refusal(
                policy, f"ATTACH '{name.format(written)}' AS x"
            )


@pytest.mark.parametrize(
    "sql",
    [
        "ATTACH '{}' AS kept",
        'attach database "{}" as kept',
        "ATTACH /* 'x' */ ('{}') /* AS y */ AS kept -- z",
        "-- ATTACH 'none' AS kept\nATTACH '{}' AS 'kept'",
        "ATTACH 'file:{}' AS kept",
        "ATTACH 'file://localhost{}?mode=ro&cache=private' AS kept",
        "ATTACH 'file:{}?immutable=1' AS kept",
    ],
)
def test_a_file_is_attached_however_its_name_is_written(tmp_path: Path, sql: str):
    file = tmp_path / "it's a 100%25 [file].db"
    made = sqlite3.connect(file)
    made.executescript("CREATE TABLE t (a); INSERT INTO t VALUES (1);")
    made.close()
    name = quote(str(file)) if "file:" in sql else str(file)
    with Database(policy=ANALYST) as database:
        run(database, sql.format(name.replace("'", "''") if '"' not in sql else name))
        assert run(database, "SELECT a FROM kept.t") == [(1,)]
        assert run(database, "SELECT file FROM pragma_database_list WHERE name = 'kept'") == [(str(file),)]


def logged(path: Path) -> sqlite3.Connection:
    """A database with a write-ahead log."""
    made = sqlite3.connect(path)
    made.executescript("PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES (1);")
    return made


def test_no_index_is_made_of_a_log_that_nobody_has_open(tmp_path: Path):
    writer = logged(tmp_path / "live.db")
    for ending in ("", "-wal"):
        (tmp_path / f"crashed.db{ending}").write_bytes((tmp_path / f"live.db{ending}").read_bytes())
    writer.close()
    (tmp_path / "link.db").symlink_to("live.db")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with Database(policy=ANALYST) as database:
        result = database.execute(f"ATTACH '{tmp_path}/link.db' AS closed")
        assert list(result.notes) == [
            f"ATTACH: {tmp_path}/link.db is read as it is now, not what is written to it later"
        ]
        assert run(database, "SELECT a FROM closed.t") == [(1,)]
        result = database.execute(f"ATTACH '{tmp_path}/crashed.db' AS crashed")
        assert list(result.notes)[1] == f"ATTACH: what is only in {tmp_path}/crashed.db-wal is not seen"
        assert run(database, "SELECT count(*) FROM crashed.sqlite_schema") == [(0,)]
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_log_that_somebody_writes_is_read(tmp_path: Path):
    writer = logged(tmp_path / "live.db")
    with Database(policy=ANALYST) as database:
        assert list(database.execute(f"ATTACH '{tmp_path}/live.db' AS live").notes) == []
        assert run(database, "SELECT a FROM live.t") == [(1,)]
        writer.execute("INSERT INTO t VALUES (2)")
        writer.commit()
        assert run(database, "SELECT a FROM live.t") == [(1,), (2,)]
    writer.close()


def test_a_writing_analyst_keeps_rows_in_a_file(tmp_path: Path):
    with Database(policy=WRITING_ANALYST) as database:
        sql = f"ATTACH '{tmp_path}/new.db' AS kept; CREATE TABLE kept.roots AS SELECT username FROM users WHERE uid = 0"
        run(database, sql)
    with sqlite3.connect(tmp_path / "new.db") as kept:
        assert ("root",) in kept.execute("SELECT username FROM roots").fetchall()
    kept.close()


def test_a_view_in_an_attached_file_cannot_read_the_host(file: Path):
    made = sqlite3.connect(file)
    made.execute("CREATE VIEW bait AS SELECT sha256 FROM hash WHERE path = '/etc/passwd'")
    made.close()
    said = refusal(ANALYST, f"ATTACH '{file}' AS kept; SELECT * FROM kept.bait")
    assert "hash" in said


def test_the_index_of_a_log_that_nobody_has_open_is_not_written(tmp_path: Path):
    writer = logged(tmp_path / "live.db")
    # By another process, for closing a descriptor of it here would drop the writer's locks.
    copy = "for end in '' -wal -shm; do cp live.db$end copied.db$end; done"
    subprocess.run(copy, shell=True, cwd=tmp_path, check=True)
    before = (tmp_path / "copied.db-shm").read_bytes()
    attach = [sys.executable, "-m", "hostql", "--csv"]
    live = subprocess.run(
        [*attach, f"ATTACH '{tmp_path}/live.db' AS x; SELECT a FROM x.t"], capture_output=True, text=True, check=True
    )
    assert live.stdout.split() == ["a", "1"] and not live.stderr
    copied = subprocess.run(
        [*attach, f"ATTACH '{tmp_path}/copied.db' AS x"], capture_output=True, text=True, check=True
    )
    assert "what is only in" in copied.stderr
    assert (tmp_path / "copied.db-shm").read_bytes() == before
    writer.close()
