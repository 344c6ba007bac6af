"""Logins where hosts of today keep them: wtmpdb, lastlog2, logind; each once, and nothing of theirs touched."""

from __future__ import annotations

import gzip
import os
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hostql.tests.conftest import as_nobody, notes, query
from hostql.vtables.database import Database
from hostql.vtables.sources.host import Host
from hostql.vtables.sources.logind import parse_session

# As wtmpdb 0.73 and lastlog2 2.41 make them.
WTMP = (
    "CREATE TABLE wtmp(ID INTEGER PRIMARY KEY, Type INTEGER, User TEXT NOT NULL, Login INTEGER, Logout INTEGER,"
    " TTY TEXT, RemoteHost TEXT, Service TEXT) STRICT"
)
LASTLOG2 = "CREATE TABLE Lastlog2(Name TEXT PRIMARY KEY, Time INTEGER, TTY TEXT, RemoteHost TEXT, Service TEXT)"
BOOT = (1, "reboot", 1700000000000005, None, "~", "6.12.0", None)
ALICE = (3, "alice", 1700000100123456, 1700000200000007, "pts/1", "192.0.2.7", None)
BOB = (3, "bob", 1700000300999999, None, "pts/2", "", "login")


def wtmpdb(path: Path, *sessions: tuple) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(WTMP)
        db.executemany(
            "INSERT INTO wtmp(Type, User, Login, Logout, TTY, RemoteHost, Service) VALUES (?,?,?,?,?,?,?)", sessions
        )
    return path


def utmp(type: int, pid: int, tty: str, user: str, host: str, when: int) -> bytes:
    return struct.pack(
        "=hxxi32s4s32s256shhiii16s20x",
        type,
        pid,
        tty.encode(),
        b"",
        user.encode(),
        host.encode(),
        0,
        0,
        0,
        when,
        0,
        b"",
    )


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """The database of a Debian 13, that a link leads to, in a root of its own."""
    (tmp_path / "var/lib/wtmpdb").mkdir(parents=True)
    (tmp_path / "var/log").mkdir()
    (tmp_path / "var/lib/wtmpdb/wtmp.db").symlink_to("../../log/wtmp.db")
    return tmp_path / "var/log/wtmp.db"


def last(database: Database) -> list[tuple]:
    columns = "username, tty, pid, type_name, time, host, service, source"
    return [tuple(row.values()) for row in query(database, f"SELECT {columns} FROM last ORDER BY time, type")]


def test_a_session_is_a_login_and_a_logout(base: Path, open_root: Callable[..., Database]) -> None:
    wtmpdb(base, (*BOOT[:3], 1700000400000000, *BOOT[4:]), ALICE, BOB)
    source = "/var/lib/wtmpdb/wtmp.db"
    assert last(open_root()) == [
        ("reboot", "~", None, "boot-time", 1700000000, "6.12.0", "", source),
        ("alice", "pts/1", None, "normal", 1700000100, "192.0.2.7", "", source),
        ("", "pts/1", None, "dead", 1700000200, "", "", source),
        ("bob", "pts/2", None, "normal", 1700000300, "", "login", source),
        ("shutdown", "~", None, "run-level", 1700000400, "6.12.0", "", source),
    ]


def test_a_session_that_wtmp_has_too_is_told_once(base: Path, open_root: Callable[..., Database]) -> None:
    """sshd of Debian 13 writes both, to wtmp no logout; what wtmp alone has stays."""
    wtmpdb(base, ALICE, BOB)
    records = [
        (7, 41, "pts/1", "alice", 1700000100),
        (7, 42, "pts/1", "alice", 1700000101),
        (7, 43, "pts/3", "eve", 1700000300),
    ]
    raw = b"".join(utmp(type, pid, tty, user, "192.0.2.7", when) for type, pid, tty, user, when in records)
    (base.parent / "wtmp").write_bytes(raw)
    both = "/var/lib/wtmpdb/wtmp.db,/var/log/wtmp"
    assert sorted((row[0], row[2], row[4], row[7]) for row in last(open_root()) if row[3] == "normal") == [
        ("alice", 41, 1700000100, both),
        ("alice", 42, 1700000101, "/var/log/wtmp"),
        ("bob", None, 1700000300, "/var/lib/wtmpdb/wtmp.db"),
        ("eve", 43, 1700000300, "/var/log/wtmp"),
    ]


def test_older_logs_are_read(base: Path, open_root: Callable[..., Database]) -> None:
    """What `wtmpdb rotate` and logrotate(8) moved: rotate puts it beside the file that the link leads to."""
    wtmpdb(base, ALICE)
    wtmpdb(base.parent / "wtmp_20231114.db", BOOT)
    (base.parent / "wtmp.1").write_bytes(utmp(7, 1, "pts/9", "carl", "", 1690000000))
    (base.parent / "wtmp-20230101.gz").write_bytes(gzip.compress(utmp(7, 1, "pts/9", "dora", "", 1670000000)))
    (base.parent / "wtmp.3.xz").write_bytes(b"packed")
    database = open_root()
    rows = [(row[0], row[7].rpartition("/")[2]) for row in last(database) if row[0]]
    assert rows == [
        ("dora", "wtmp-20230101.gz"),
        ("carl", "wtmp.1"),
        ("reboot", "wtmp_20231114.db"),
        ("alice", "wtmp.db"),
    ]
    assert notes(database, "SELECT * FROM last") == ["last: /var/log/wtmp.3.xz is compressed and is not read"]


def test_a_session_imported_twice_is_told_once(base: Path, open_root: Callable[..., Database]) -> None:
    wtmpdb(base, (*ALICE[:3], None, *ALICE[4:]), ALICE, ALICE)
    assert [row[3] for row in last(open_root())] == ["normal", "dead"]


def test_before_the_first_login_there_is_nothing_to_say(base: Path, open_root: Callable[..., Database]) -> None:
    """The link leads nowhere, then to an empty file, then to a database without a table."""
    (base.parent / "wtmp").touch()
    database = open_root()
    assert (last(database), notes(database, "SELECT * FROM last")) == ([], [])
    base.touch()
    assert (last(database), notes(database, "SELECT * FROM last")) == ([], [])
    with closing(sqlite3.connect(base)) as db, db:
        db.execute("CREATE TABLE other(a)")
    assert (last(database), notes(database, "SELECT * FROM last")) == ([], [])


def test_a_database_that_cannot_be_looked_at_is_a_note(base: Path, open_root: Callable[..., Database]) -> None:
    (base.parent / "wtmp").write_bytes(utmp(7, 1, "pts/9", "carl", "", 1690000000))
    base.symlink_to("wtmp.db")
    database = open_root()
    assert [row[0] for row in last(database)] == ["carl"]
    assert notes(database, "SELECT * FROM last") == [
        "last: cannot read /var/lib/wtmpdb/wtmp.db: Too many levels of symbolic links"
    ]


def test_a_database_in_a_folder_of_another_is_a_note() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        root = Path(folder)
        wtmpdb(root / "var/lib/wtmpdb/wtmp.db", ALICE)
        (root / "var/log").mkdir()
        (root / "var/log/wtmp").write_bytes(utmp(7, 1, "pts/9", "carl", "", 1690000000))
        (root / "var/lib/wtmpdb").chmod(0o700)

        def answer() -> tuple[int, list[str]]:
            with Database(host=Host(folder)) as database:
                result = database.execute("SELECT * FROM last")
                return len(list(result)), list(result.notes)

        count, noted = as_nobody(answer)
    assert count == 1 and any("not readable as uid 65534" in note for note in noted)


def test_a_utmp_that_links_to_itself_is_a_note(sessions: Path, open_root: Callable[..., Database]) -> None:
    (sessions.parents[1] / "utmp").symlink_to("utmp")
    (note,) = notes(open_root(), "SELECT * FROM logged_in_users")
    assert note == "logged_in_users: cannot read /run/utmp: Too many levels of symbolic links"


def test_a_host_without_any_log_of_logins_says_so(open_root: Callable[..., Database]) -> None:
    for table, words in (
        ("last", "neither /var/log/wtmp nor a database of wtmpdb"),
        ("logged_in_users", "neither a utmp file nor /run/systemd/sessions"),
        ("lastlog", "neither /var/lib/lastlog/lastlog2.db nor /var/log/lastlog"),
        ("failed_logins", "neither /var/log/btmp, /var/log/journal"),
    ):
        (note,) = notes(open_root(), f"SELECT * FROM {table}")
        assert words in note


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_what_a_writer_has_not_committed_is_not_told(base: Path, open_root: Callable[..., Database], mode: str) -> None:
    """With a transaction that has reached the file in part; and nothing of it is locked, made or changed."""
    with closing(sqlite3.connect(base, isolation_level=None)) as db:
        db.execute(f"PRAGMA journal_mode = {mode}")
        db.execute("PRAGMA cache_size = 2")
        db.execute("PRAGMA synchronous = OFF")
        db.execute(WTMP)
        insert = "INSERT INTO wtmp(Type, User, Login, Logout, TTY, RemoteHost, Service) VALUES (?,?,?,?,?,?,?)"
        db.executemany(insert, [(3, "alice", 1700000000000000 + i, None, "pts/1", "h" * 50, "") for i in range(500)])
        db.execute("BEGIN IMMEDIATE")
        db.execute("UPDATE wtmp SET User = 'mallory'")
        files = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in base.parent.iterdir()}
        # The writer has gone beyond its cache: the change is in the file (or its log), and can be rolled back.
        assert any(b"mallory" in raw for _, raw in files.values())
        rows = query(open_root(), "SELECT username, count(*) AS n FROM last GROUP BY 1")
        assert rows == [{"username": "alice", "n": 500}]
        assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in base.parent.iterdir()} == files
        result = iter(open_root().execute("SELECT * FROM last"))
        next(result)
        db.execute("PRAGMA busy_timeout = 0")
        db.execute("COMMIT")
        assert sum(1 for _ in result) == 499
    assert query(open_root(), "SELECT DISTINCT username FROM last") == [{"username": "mallory"}]


ENDLESS = "WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x FROM r)"
HOSTILE = {
    "a view": f"CREATE VIEW wtmp AS {ENDLESS} SELECT 3 AS Type, '' AS User, x AS Login, x AS Logout, '' AS TTY,"
    " '' AS RemoteHost, '' AS Service FROM r",
    "a virtual table": "CREATE VIRTUAL TABLE wtmp USING fts5(Type, User, Login, Logout, TTY, RemoteHost, Service)",
    "a computed column": "CREATE TABLE wtmp(Type, User, Login, Logout, TTY, RemoteHost, Service AS (upper(User)))",
    "a column that is missing": "CREATE TABLE wtmp(Type, User, Login, Logout, TTY, RemoteHost)",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_database_costs_only_itself(base: Path, open_root: Callable[..., Database], kind: str) -> None:
    with closing(sqlite3.connect(base)) as db, db:
        try:
            db.execute(HOSTILE[kind])
        except sqlite3.OperationalError as error:
            pytest.skip(f"this SQLite cannot make it: {error}")
        if "TABLE wtmp(" in HOSTILE[kind]:
            db.execute("INSERT INTO wtmp(Type, User, Login) VALUES (3, 'x', 1)")
    wtmpdb(base.parent / "wtmp_20231114.db", ALICE)
    database = open_root()
    assert [row[0] for row in last(database)] == ["alice", ""]
    noted = notes(database, "SELECT * FROM last")
    assert len(noted) == 1 and all("wtmp.db cannot be read whole" in note for note in noted)


def test_a_damaged_database_gives_what_can_be_read(base: Path, open_root: Callable[..., Database]) -> None:
    wtmpdb(base, *((3, f"user{i:05}", 1700000000000000 + i, None, "pts/1", "h" * 50, "") for i in range(2000)))
    whole = base.read_bytes()
    database = open_root()
    base.write_bytes(whole[: len(whole) // 2 // 4096 * 4096])
    assert 0 < len(last(database)) < 2000
    assert "cannot be read whole" in notes(database, "SELECT * FROM last")[0]
    base.write_bytes(b"no database" * 1000)
    assert notes(database, "SELECT * FROM last") == ["last: /var/lib/wtmpdb/wtmp.db is no SQLite database"]
    os.truncate(base, 1 << 40)
    assert "is larger than 65536 KiB" in notes(database, "SELECT * FROM last")[0]


def test_odd_values_in_a_database(base: Path, open_root: Callable[..., Database]) -> None:
    with closing(sqlite3.connect(base)) as db, db:
        db.execute("CREATE TABLE wtmp(Type, User, Login, Logout, TTY, RemoteHost, Service)")
        values = [(3, b"\xff\0", 1, "x", 7, None, 1.5), (3, "a", None, 1, "", "", ""), (99, "b", 1, 1, "", "", "")]
        db.executemany("INSERT INTO wtmp VALUES (?,?,?,?,?,?,?)", [*values, (3, "c", 1 << 62, -5, "", "", "")])
    database = open_root()
    rows = query(database, "SELECT username, tty, time, service FROM last WHERE type = 7")
    assert [tuple(row.values()) for row in rows] == [("\\xff\\x00", "7", 0, "1.5"), ("c", "", (1 << 62) // 1000000, "")]
    assert notes(database, "SELECT * FROM last") == [
        "last: a session of /var/lib/wtmpdb/wtmp.db makes no sense (2 times)"
    ]


def test_sessions_are_those_of_wtmpdb(base: Path, open_root: Callable[..., Database]) -> None:
    if not shutil.which("wtmpdb"):
        pytest.skip("needs wtmpdb")
    wtmpdb(base, ALICE, BOB)
    command = ["wtmpdb", "last", "-f", str(base), "--json"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert all(row[0] in printed for row in last(open_root()))


# lastlog


@pytest.fixture
def lastlog_root(tmp_path: Path) -> Path:
    for folder in ("etc", "var/lib/lastlog", "var/log"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n")
    return tmp_path


def lastlog2(root: Path, *rows: tuple) -> None:
    with closing(sqlite3.connect(root / "var/lib/lastlog/lastlog2.db")) as db, db:
        db.execute(LASTLOG2)
        db.executemany("INSERT INTO Lastlog2 VALUES (?,?,?,?,?)", rows)


def lastlog(database: Database) -> list[tuple]:
    return [tuple(row.values()) for row in query(database, "SELECT * FROM lastlog ORDER BY time")]


NEW, OLD = "/var/lib/lastlog/lastlog2.db", "/var/log/lastlog"


@pytest.mark.parametrize("form", ["<i32s256s", ">i32s256s", "<q32s256s", ">q32s256s"])
def test_the_older_lastlog_of_every_architecture(
    lastlog_root: Path, open_root: Callable[..., Database], form: str
) -> None:
    record = struct.Struct(form)
    with (lastlog_root / "var/log/lastlog").open("wb") as file:
        for uid, when, tty, host in ((0, 1700000000, b"tty1", b""), (1000, 1700000100, b"pts/1", b"192.0.2.7")):
            file.seek(uid * record.size)
            file.write(record.pack(when, tty, host))
        # As large as the uid of nobody of a container makes it, and mostly a hole.
        file.seek(4000000000 * record.size)
        file.write(record.pack(1700000200, b"pts/2", b"gone.example"))
    assert lastlog(open_root()) == [
        ("root", 0, 1700000000, "tty1", "", "", OLD),
        ("alice", 1000, 1700000100, "pts/1", "192.0.2.7", "", OLD),
        (None, 4000000000, 1700000200, "pts/2", "gone.example", "", OLD),
    ]


def test_the_later_of_two_last_logins(lastlog_root: Path, open_root: Callable[..., Database]) -> None:
    rows = [
        ("alice", 1700000300, "pts/3", "h", "sshd"),
        ("root", 5, "", "", "su"),
        ("gone", 1700000000, "", "", "cron"),
    ]
    lastlog2(lastlog_root, *rows, ("never", 0, "", "", ""), (None, 1, "", "", ""))
    record = struct.Struct("<i32s256s")
    raw = bytearray(record.size * 1001)
    raw[: record.size] = record.pack(1690000000, b"tty1", b"")
    raw[-record.size :] = record.pack(1700000100, b"pts/1", b"old")
    (lastlog_root / "var/log/lastlog").write_bytes(raw)
    database = open_root()
    assert lastlog(database) == [
        ("root", 0, 1690000000, "tty1", "", "", OLD),
        ("gone", None, 1700000000, "", "", "cron", NEW),
        ("alice", 1000, 1700000300, "pts/3", "h", "sshd", NEW),
    ]
    assert notes(database, "SELECT * FROM lastlog") == [f"lastlog: a row of {NEW} makes no sense"]


def test_a_cell_that_is_not_utf_8_costs_itself(lastlog_root: Path, open_root: Callable[..., Database]) -> None:
    lastlog2(lastlog_root, ("alice", 5, "pts/1", "h", "sshd"), ("root", 7, "pts/3", "h", "sshd"))
    with closing(sqlite3.connect(lastlog_root / NEW[1:])) as db, db:
        db.execute("UPDATE Lastlog2 SET RemoteHost = CAST(x'68ff' AS TEXT) WHERE Name = 'alice'")
    database = open_root()
    assert [row[4] for row in lastlog(database)] == ["h\\xff", "h"]
    assert notes(database, "SELECT * FROM lastlog") == []


def test_a_view_in_the_tables_place_is_noted(lastlog_root: Path, open_root: Callable[..., Database]) -> None:
    with closing(sqlite3.connect(lastlog_root / NEW[1:])) as db, db:
        db.execute("CREATE VIEW Lastlog2 AS SELECT 'x' AS Name, 1 AS Time, '' AS TTY, '' AS RemoteHost, '' AS Service")
    database = open_root()
    assert lastlog(database) == []
    assert any("Lastlog2 is no plain table" in note for note in notes(database, "SELECT * FROM lastlog"))


# logged_in_users

SESSION = """\
# This is private data. Do not parse.
UID=1000
USER=alice
STATE=active
REMOTE=1
TYPE=tty
CLASS=user
TTY=pts/1
REMOTE_HOST=192.0.2.7
SERVICE=sshd
LEADER=1234
REALTIME=1700000100123456
"""


@pytest.fixture
def sessions(tmp_path: Path) -> Path:
    (tmp_path / "run/systemd/sessions").mkdir(parents=True)
    return tmp_path / "run/systemd/sessions"


def logged_in(database: Database, where: str = "1") -> list[tuple]:
    columns = "type, user, tty, host, time, pid, source"
    rows = query(database, f"SELECT {columns} FROM logged_in_users WHERE {where} ORDER BY user")
    return [tuple(row.values()) for row in rows]


def test_sessions_of_logind(sessions: Path, open_root: Callable[..., Database]) -> None:
    """Which of them who(1) 9.7 shows, but for the type: it shows greeters as users."""
    (sessions / "1").write_text(SESSION)
    os.mkfifo(sessions / "1.ref")
    for number, (name, more) in enumerate(
        {
            "early": "CLASS=user-early",
            "greets": "CLASS=greeter\nTTY=\nSEAT=seat0",
            "job": "CLASS=background",
            "manager": "CLASS=manager",
            "shown": "CLASS=user\nTTY=\nDISPLAY=:0",
            "closing": "STATE=closing",
            "quoted": 'REMOTE_HOST="a b\\"c"',
        }.items()
    ):
        (sessions / f"c{number}").write_text(f"{SESSION}USER={name}\n{more}\n")
    assert [row[:4] for row in logged_in(open_root())] == [
        ("user", "alice", "pts/1", "192.0.2.7"),
        ("user", "closing", "pts/1", "192.0.2.7"),
        ("user", "early", "pts/1", "192.0.2.7"),
        ("greeter", "greets", "seat0", "192.0.2.7"),
        ("background", "job", "pts/1", "192.0.2.7"),
        ("user", "quoted", "pts/1", 'a b"c'),
        ("user", "shown", ":0", "192.0.2.7"),
    ]


def test_a_login_that_utmp_has_too_is_told_once(sessions: Path, open_root: Callable[..., Database]) -> None:
    for number, (user, tty, leader) in enumerate((("alice", "pts/1", 1), ("bob", "pts/9", 42), ("carl", "", 5))):
        (sessions / str(number)).write_text(f"{SESSION}USER={user}\nTTY={tty}\nLEADER={leader}\n")
    records = (
        utmp(2, 0, "~", "reboot", "6.1", 1) + utmp(7, 40, "pts/1", "alice", "h", 2) + utmp(7, 42, ":0", "bob", "", 3)
    )
    (sessions.parents[1] / "utmp").write_bytes(records)
    assert logged_in(open_root(), "type = 'user'") == [
        ("user", "alice", "pts/1", "h", 2, 40, "/run/utmp"),
        ("user", "bob", ":0", "", 3, 42, "/run/utmp"),
        ("user", "carl", "", "192.0.2.7", 1700000100, 5, "/run/systemd/sessions/2"),
    ]


def test_a_desktop_that_both_name_otherwise_is_told_once(sessions: Path, open_root: Callable[..., Database]) -> None:
    (sessions / "2").write_text("USER=ann\nCLASS=user\nTTY=tty2\nDISPLAY=:0\nSEAT=seat0\nLEADER=7\nREALTIME=1000000\n")
    (sessions.parents[1] / "utmp").write_bytes(utmp(7, 900, ":0", "ann", ":0", 5))
    assert [(row[1], row[2], row[6]) for row in logged_in(open_root())] == [("ann", ":0", "/run/utmp")]


def test_logins_without_a_terminal_are_paired_by_who_came_when(
    sessions: Path, open_root: Callable[..., Database]
) -> None:
    """As sshd's are in another root, where no process shows the terminal; each record is one login."""
    for name, (user, host, when) in {
        "1": ("ann", "192.0.2.7", 1700000100),
        "2": ("ann", "192.0.2.7", 1700000101),
        "3": ("ann", "192.0.2.8", 1700000100),
        "4": ("bob", "192.0.2.7", 1700000100),
        "5": ("ann", "192.0.2.7", 1700009999),
    }.items():
        text = f"USER={user}\nCLASS=user\nREMOTE=1\nREMOTE_HOST={host}\nLEADER={name}1\nREALTIME={when}000000\n"
        (sessions / name).write_text(text)
    (sessions.parents[1] / "utmp").write_bytes(utmp(7, 900, "pts/0", "ann", "192.0.2.7", 1700000102))
    found = [row[6].rpartition("/")[2] for row in logged_in(open_root())]
    assert sorted(found) == ["1", "3", "4", "5", "utmp"] or sorted(found) == ["2", "3", "4", "5", "utmp"]


def test_no_terminal_is_no_name_of_one(sessions: Path, open_root: Callable[..., Database]) -> None:
    for name in "12":
        (sessions / name).write_text(f"USER=ann\nCLASS=background\nLEADER={name}1\nREALTIME=900000000\n")
    (sessions.parents[1] / "utmp").write_bytes(utmp(7, 0, "", "ann", "", 5))
    assert len(logged_in(open_root())) == 3


def test_a_session_by_number_has_its_user(sessions: Path, open_root: Callable[..., Database]) -> None:
    root = sessions.parents[2]
    (root / "etc").mkdir()
    (root / "etc/passwd").write_text("ann:x:1000:1000::/home/ann:/bin/sh\n")
    for name, text in {"1": "UID=1000\nCLASS=user\n", "2": "UID=7\nCLASS=user\n", "3": "CLASS=user\n"}.items():
        (sessions / name).write_text(text)
    database = open_root()
    assert [row[1] for row in logged_in(database)] == ["7", "ann"]
    (note,) = notes(database, "SELECT * FROM logged_in_users")
    assert "a session of logind has neither a user's name nor a number" in note


def test_sessions_of_this_host_are_those_of_loginctl(db: Database) -> None:
    if not Path("/run/systemd/sessions").is_dir():
        pytest.skip("no logind runs here")
    done = subprocess.run(["loginctl", "--no-legend", "list-sessions"], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"loginctl: {done.stderr.strip()}")
    theirs = {line.split()[0]: line.split()[2] for line in done.stdout.splitlines()}
    ours = query(db, "SELECT user, source FROM logged_in_users WHERE source LIKE '/run/systemd/sessions/%'")
    assert all(theirs[row["source"].rpartition("/")[2]] == row["user"] for row in ours)


@pytest.fixture
def shell_on_a_terminal() -> Iterator[tuple[int, str]]:
    """(pid, terminal) of a process whose child has a terminal of its own, as sshd's has."""
    primary, secondary = os.openpty()
    name = os.ttyname(secondary)
    script = """if True:
        import os, sys, time
        if os.fork():
            os.wait()
        else:
            os.setsid()
            os.open(sys.argv[1], os.O_RDWR)
            print("up", flush=True)
            time.sleep(600)
    """
    child = subprocess.Popen([sys.executable, "-c", script, name], stdout=subprocess.PIPE, start_new_session=True)
    try:
        assert child.stdout is not None and child.stdout.readline() == b"up\n"
        yield child.pid, name[len("/dev/") :]
    finally:
        for pid in [*map(int, Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()), child.pid]:
            os.kill(pid, signal.SIGKILL)
        child.communicate()
        os.close(primary)
        os.close(secondary)


def test_the_terminal_that_sshd_made_after_its_session(shell_on_a_terminal: tuple[int, str], db: Database) -> None:
    from hostql.vtables.sources.logind import _terminal_below

    pid, terminal = shell_on_a_terminal
    if not Path(f"/proc/{pid}/task/{pid}/children").exists():
        pytest.skip("this kernel does not list children")

    class Here:
        host = db.host

    assert _terminal_below(Here, pid) == terminal  # type: ignore[arg-type]
    assert _terminal_below(Here, 0) == ""  # type: ignore[arg-type]


def test_a_session_file_that_is_garbage() -> None:
    assert parse_session("\0=\n=x\n\n# A=1\nUSER\nUSER=a=b\n")["USER"] == "a=b"
