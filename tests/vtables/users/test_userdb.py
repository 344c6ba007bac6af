"""Accounts of systemd's user database, as nss-systemd of systemd 257 tells getent(1) and id(1) of the same records."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hostql.tests.conftest import PUBLIC_KEY, as_nobody, notes, query
from hostql.vtables.database import Database
from hostql.vtables.sources.host import Host
from hostql.vtables.sources.varlink import call

MACHINE = "1f6d0fc343de45b590bb64f25309bd1f"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "etc/userdb").mkdir(parents=True)
    (tmp_path / "etc/machine-id").write_text(f"{MACHINE}\n")
    (tmp_path / "etc/hostname").write_text("vm\n")
    (tmp_path / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/bash\nalice:x:1000:1000::/home/alice:/bin/sh\n")
    (tmp_path / "etc/group").write_text("root:x:0:\nsudo:x:27:\n")
    (tmp_path / "etc/shadow").write_text("root:*:20786:0:99999:7:::\n")
    return tmp_path


def record(root: Path, name: str, content: object, link: str = "", folder: str = "etc/userdb") -> None:
    path = root / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    if link:
        (path.parent / link).symlink_to(name)


# What is in the file NAME.user, and the line of `getent passwd NAME`.
USERS: list[tuple[str, Any, str]] = [
    (
        "bert",
        {"uid": 4711, "gid": 4711, "realName": "Bert", "disposition": "regular"},
        "4711:4711:Bert:/home/bert:/bin/bash",
    ),
    ("nogid", {"uid": 4720, "shell": "/bin/zsh", "homeDirectory": "/srv/x"}, "4720:4720:nogid:/srv/x:/bin/zsh"),
    ("sys", {"uid": 812, "disposition": "system"}, "812:812:sys:/:/usr/sbin/nologin"),
    ("t2", {"uid": 814, "gid": 4}, "814:4:t2:/:/usr/sbin/nologin"),
    ("root2", {"uid": 0}, "0:0:root2:/root:/bin/sh"),
    ("p5", {"uid": 65534}, "65534:65534:p5:/:/usr/sbin/nologin"),
    ("p6", {"uid": 61500}, "61500:61500:p6:/:/usr/sbin/nologin"),
    ("p7", {"uid": 600000}, "600000:600000:p7:/:/usr/sbin/nologin"),
    ("p8", {"uid": 60100}, "60100:60100:p8:/home/p8:/bin/bash"),
    ("p9", {"uid": 2000000000}, "2000000000:2000000000:p9:/home/p9:/bin/bash"),
    ("p10", {"uid": 4000000000}, "4000000000:4000000000:p10:/:/usr/sbin/nologin"),
    ("s16", {"uid": 4813, "disposition": "container"}, "4813:4813:s16:/:/usr/sbin/nologin"),
    ("s17", {"uid": 4814, "disposition": "bogus"}, "4814:4814:s17:/home/s17:/bin/bash"),
    ("s6", {"uid": 4801, "homeDirectory": "relative", "shell": "x"}, "4801:4801:s6:/home/s6:x"),
    ("s7", {"uid": 4802, "shell": ""}, "4802:4802:s7:/home/s7:/bin/bash"),
    ("s9", {"uid": 4804, "realName": "a:b"}, "4804:4804:a b:/home/s9:/bin/bash"),
    ("S 11", {"uid": 4806}, "4806:4806:S 11:/home/S 11:/bin/bash"),
    ("s13", '{"userName": "s13", "uid": 4808, "uid": 4809}', "4808:4808:s13:/home/s13:/bin/bash"),
    ("p12", {"uid": 4831.0}, "4831:4831:p12:/home/p12:/bin/bash"),
    ("e", '{"userName": "e", "uid": 5.037e3, "gid": 1E+2}', "5037:100:e:/home/e:/bin/bash"),
    ("g1", {"uid": 4832, "gid": 65535}, "4832:4832:g1:/home/g1:/bin/bash"),
    ("h1", {"uid": 4833, "homeDirectory": "/home//x/"}, "4833:4833:h1:/home/h1:/bin/bash"),
    ("h2", {"uid": 4833, "homeDirectory": "/home/./x"}, "4833:4833:h2:/home/h2:/bin/bash"),
    ("h3", {"uid": 4833, "homeDirectory": "/home/a:b"}, "4833:4833:h3:/home/h3:/bin/bash"),
    ("h4", {"uid": 4833, "homeDirectory": "/home/a\tb"}, "4833:4833:h4:/home/h4:/bin/bash"),
    ("h5", {"uid": 4833, "homeDirectory": "/"}, "4833:4833:h5:/:/bin/bash"),
    ("h6", {"uid": 4833, "homeDirectory": "/é x"}, "4833:4833:h6:/é x:/bin/bash"),
    ("h7", {"uid": 4833, "homeDirectory": "/" + "a" * 300}, "4833:4833:h7:/home/h7:/bin/bash"),
    (
        "h8",
        {"uid": 4833, "homeDirectory": "/h", "binding": {MACHINE: {"homeDirectory": "/b//c", "gid": "x"}}},
        "4833:4833:h8:/h:/bin/bash",
    ),
    ("sh", {"uid": 4834, "shell": "/bin//x/"}, "4834:4834:sh:/home/sh:/bin/bash"),
    ("rn", {"uid": 4834, "realName": ""}, "4834:4834::/home/rn:/bin/bash"),
    ("rt", {"uid": 4834, "realName": "a\tb"}, "4834:4834:a b:/home/rt:/bin/bash"),
    ("m1", {"uid": 1, "perMachine": [{"matchMachineId": MACHINE.upper(), "uid": 9}]}, "9:9:m1:/:/usr/sbin/nologin"),
    (
        "m2",
        {"uid": 4835, "perMachine": [{"matchMachineId": ["x", "1F6D0FC3-43de-45b5-90bb-64f25309bd1f"], "shell": "/x"}]},
        "4835:4835:m2:/home/m2:/x",
    ),
    (
        "m3",
        {"uid": 4835, "gid": 7, "perMachine": [{"matchMachineId": MACHINE, "gid": "x", "shell": "/a//b"}]},
        "4835:7:m3:/home/m3:/bin/bash",
    ),
    ("p11", {"uid": 4830, "gid": "x"}, "4830:4830:p11:/home/p11:/bin/bash"),
    (
        "pm",
        {
            "uid": 4727,
            "perMachine": [
                {"matchHostname": "vm", "shell": "/bin/permachine", "realName": "nope"},
                {"matchMachineId": "00000000000000000000000000000001", "gid": 1},
            ],
        },
        "4727:4727:pm:/home/pm:/bin/permachine",
    ),
    (
        "s19",
        {
            "uid": 4816,
            "perMachine": [
                {"matchHostname": ["a", "vm"], "matchMachineId": "00000000000000000000000000000001", "shell": "/m"},
                {"matchMachineId": MACHINE, "shell": "/m2", "uid": 3, "homeDirectory": "/no"},
                {"shell": "/nomatch"},
            ],
        },
        "3:3:s19:/:/m2",
    ),
    (
        "p1",
        {
            "uid": 4820,
            "shell": "/base",
            "perMachine": [{"matchMachineId": MACHINE, "shell": "/pm", "uid": 4821}],
            "binding": {MACHINE: {"uid": 4822, "shell": "/bind", "homeDirectory": "/b"}},
        },
        "4822:4822:p1:/b:/pm",
    ),
]


@pytest.mark.parametrize("name, content, line", USERS, ids=[name for name, *_ in USERS])
def test_users_are_those_of_getent(
    root: Path, open_root: Callable[..., Database], name: str, content: Any, line: str
) -> None:
    record(root, f"{name}.user", content if isinstance(content, str) else {"userName": name, **content})
    columns = "uid, gid, description, directory, shell"
    (row,) = query(open_root(), f"SELECT {columns} FROM users WHERE username = ? AND source LIKE '%.user'", (name,))
    assert ":".join(map(str, row.values())) == line


# Records that getent(1) finds neither by name nor by number.
NONE: list[tuple[str, object]] = [
    ("other.user", {"userName": "mismatch", "uid": 4714}),
    ("4999.user", {"userName": "x", "uid": 4715}),
    ("s5.user", {"userName": "s5", "uid": "4800"}),
    ("s10.user", {"userName": "s10"}),
    ("p4.user", {"userName": "p4", "uid": 65535}),
    ("f.user", {"userName": "f", "uid": 4831.5}),
    ("nan.user", '{"userName": "nan", "uid": 4836, "x": NaN}'),
    ("infinity.user", '{"userName": "infinity", "uid": 4836, "x": [-Infinity]}'),
    ("nul.user", {"userName": "nul", "uid": 4836, "x": ["a\0b"]}),
    ("nulkey.user", {"userName": "nulkey", "uid": 4836, "x": {"\0": 1}}),
    ("half.user", '{"userName": "half", "uid": 4836, "x": "\\ud800"}'),
    ("status.user", {"userName": "status", "uid": 4836, "status": {}}),
    ("secret.user", {"userName": "secret", "uid": 4836, "secret": {}}),
    ("machine.user", {"userName": "machine", "uid": 4836, "perMachine": {}}),
    ("binding.user", {"userName": "binding", "uid": 4836, "binding": 5}),
    ("a:b.user", {"userName": "a:b", "uid": 4836}),
    (" a.user", {"userName": " a", "uid": 4836}),
    ("a\tb.user", {"userName": "a\tb", "uid": 4836}),
    ("-5.user", {"userName": "-5", "uid": 4836}),
    ("s8.user", '\ufeff{"userName": "s8", "uid": 4803}'),
    ("s12.user", '/* c */ {"userName": "s12", "uid": 4807}'),
    ("broken.user", "not json"),
    ("deep.user", "[" * 100000),
    ("list.user", "[]"),
]


@pytest.mark.parametrize("file, content", NONE, ids=[name for name, _ in NONE])
def test_what_is_no_account_is_a_note(
    root: Path, open_root: Callable[..., Database], file: str, content: object
) -> None:
    record(root, file, content)
    record(root, "bert.user", {"userName": "bert", "uid": 4711}, link="4711.user")
    database = open_root()
    assert [row["username"] for row in query(database, "SELECT username FROM users")] == ["root", "alice", "bert"]
    assert len(notes(database, "SELECT * FROM users")) == 1


def test_the_first_folder_hides_the_others(root: Path, open_root: Callable[..., Database]) -> None:
    for number, folder in enumerate(("etc", "run", "run/host", "usr/local/lib", "usr/lib")):
        record(root, f"u{number}.user", {"userName": f"u{number}", "uid": 4000 + number}, "", f"{folder}/userdb")
        record(root, "dup.user", {"userName": "dup", "uid": 4721, "realName": folder}, "4721.user", f"{folder}/userdb")
    record(root, "masked.user", {"userName": "masked", "uid": 4725}, "", "usr/lib/userdb")
    (root / "etc/userdb/masked.user").symlink_to("/dev/null")
    record(root, "empty.user", {"userName": "empty", "uid": 4726}, "", "usr/lib/userdb")
    record(root, "empty.user", "")
    # Only by its number: for look-ups by name there is no file.
    record(root, "4713.user", {"userName": "onlyuid", "uid": 4713})
    (root / "dev").mkdir()
    rows = query(open_root(), "SELECT username, description, source FROM users WHERE source <> '/etc/passwd'")
    assert [(row["username"], row["source"]) for row in rows] == [
        ("dup", "/etc/userdb/dup.user"),
        ("u0", "/etc/userdb/u0.user"),
        ("u1", "/run/userdb/u1.user"),
        ("u2", "/run/host/userdb/u2.user"),
        ("u3", "/usr/local/lib/userdb/u3.user"),
        ("u4", "/usr/lib/userdb/u4.user"),
        ("onlyuid", "/etc/userdb/4713.user"),
    ]
    assert rows[0]["description"] == "etc"


def test_groups_and_memberships_are_those_of_id(root: Path, open_root: Callable[..., Database]) -> None:
    record(root, "bert.user", {"userName": "bert", "uid": 4711, "memberOf": ["sudo"]}, link="4711.user")
    record(root, "bert.group", {"groupName": "bert", "gid": 4711}, link="4711.group")
    record(root, "team.group", {"groupName": "team", "gid": 5000, "members": ["alice", "bert"]}, link="5000.group")
    record(root, "g2.group", {"groupName": "g2"})
    record(root, "bad.group", {"groupName": "bad", "gid": 5001, "members": ["alice", "a:b"]})
    record(root, "one.group", {"groupName": "one", "gid": 5002, "members": "alice"})
    for name in ("alice:sudo", "ghost:team", "bert:nogroup"):
        record(root, f"{name}.membership", "{}")
    # Empty is as if it were a link to /dev/null: no membership.
    record(root, "bert:sudo.membership", "")
    database = open_root()
    groups = query(database, "SELECT groupname, gid, source FROM groups WHERE source <> '/etc/group'")
    assert [tuple(row.values()) for row in groups] == [
        ("bad", 5001, "/etc/userdb/bad.group"),
        ("bert", 4711, "/etc/userdb/bert.group"),
        ("one", 5002, "/etc/userdb/one.group"),
        ("team", 5000, "/etc/userdb/team.group"),
    ]
    rows = query(database, "SELECT uid, gid FROM user_groups ORDER BY uid, gid")
    assert [tuple(row.values()) for row in rows] == [
        (0, 0),
        (1000, 27),
        (1000, 1000),
        (1000, 5000),
        (4711, 4711),
        (4711, 5000),
    ]
    assert notes(database, "SELECT * FROM groups") == [
        "groups: /etc/userdb/g2.group is no record of an account with a name and a number"
    ]


# A record, what is in NAME.user-privileged, and the line of `getent shadow NAME` with our two columns before.
SHADOW: list[tuple[dict[str, object], dict[str, object] | None, tuple[object, ...]]] = [
    ({}, None, ("locked", "", None, -1, -1, -1, -1, -1)),
    ({"privileged": {"hashedPassword": [""]}}, None, ("empty", "", None, -1, -1, -1, -1, -1)),
    ({"privileged": {"hashedPassword": ""}}, None, ("empty", "", None, -1, -1, -1, -1, -1)),
    ({"privileged": {"hashedPassword": ["", 5]}}, None, ("locked", "", None, -1, -1, -1, -1, -1)),
    ({"notAfterUSec": 1e15, "passwordChangeMaxUSec": 8.64e10}, None, ("locked", "", None, -1, 1, -1, -1, 11574)),
    ({}, {"hashedPassword": ["$6$abc$def"]}, ("active", "6", None, -1, -1, -1, -1, -1)),
    (
        {"privileged": {"hashedPassword": ["$5$a$a"]}},
        {"hashedPassword": ["$6$c$c", "$5$d$d"]},
        ("active", "6", None, -1, -1, -1, -1, -1),
    ),
    (
        {
            "locked": True,
            "lastPasswordChangeUSec": 1700000000000000,
            "passwordChangeMinUSec": 86400000000,
            "passwordChangeMaxUSec": 864000000000,
            "passwordChangeWarnUSec": 172800000000,
            "passwordChangeInactiveUSec": 259200000000,
            "notAfterUSec": 1900000000000000,
            "privileged": {"hashedPassword": ["$6$lock$ed"]},
        },
        None,
        ("locked", "6", 19675, 1, 10, 2, 3, 1),
    ),
    (
        {"perMachine": [{"matchMachineId": MACHINE, "notAfterUSec": 1900000000000000}]},
        None,
        ("locked", "", None, -1, -1, -1, -1, 21990),
    ),
]


@pytest.mark.parametrize("fields, secret, expected", SHADOW)
def test_passwords_are_those_of_getent(
    root: Path,
    open_root: Callable[..., Database],
    fields: dict[str, object],
    secret: dict[str, object] | None,
    expected: tuple[object, ...],
) -> None:
    record(root, "bert.user", {"userName": "bert", "uid": 4711, **fields})
    if secret:
        record(root, "bert.user-privileged", {"privileged": secret})
    columns = "password_status, hash_alg, last_change, min, max, warning, inactive, expire"
    (row,) = query(open_root(), f"SELECT {columns} FROM shadow WHERE username = 'bert'")
    assert tuple(row.values()) == expected


def test_keys_of_records_let_one_log_in(root: Path, open_root: Callable[..., Database]) -> None:
    """As `userdbctl ssh-authorized-keys NAME` prints them for sshd, of users of /etc/passwd, too."""
    keys = {
        "privileged": {
            "sshAuthorizedKeys": [
                f"no-pty ssh-ed25519 {PUBLIC_KEY} x y",
                "junk",
            ]
        }
    }
    record(root, "root.user", {"userName": "root", "uid": 4000, **keys})
    record(root, "bert.user", {"userName": "bert", "uid": 4711})
    record(root, "bert.user-privileged", {"privileged": {"sshAuthorizedKeys": f"ssh-ed25519 {PUBLIC_KEY}"}})
    database = open_root()
    rows = query(database, "SELECT uid, algorithm, key, options, comment, key_file FROM authorized_keys ORDER BY uid")
    assert [tuple(row.values()) for row in rows] == [
        (0, "ssh-ed25519", PUBLIC_KEY, "no-pty", "x y", "/etc/userdb/root.user"),
        (4711, "ssh-ed25519", PUBLIC_KEY, "", "", "/etc/userdb/bert.user-privileged"),
    ]
    assert notes(database, "SELECT * FROM authorized_keys") == [
        "authorized_keys: a line of /etc/userdb/root.user makes no sense"
    ]


def test_what_is_privileged_is_a_note_for_others() -> None:
    """Users are shown to anybody, passwords and keys are counted as not readable."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        root = Path(folder)
        record(root, "bert.user", {"userName": "bert", "uid": 4711})
        record(root, "bert.user-privileged", {"privileged": {"hashedPassword": ["x"]}})
        (root / "etc/passwd").write_text("")
        (root / "etc/shadow").write_text("")
        (root / "etc/userdb/bert.user-privileged").chmod(0o600)

        def answer() -> list[tuple[list[tuple[Any, ...]], list[str]]]:
            with Database(host=Host(folder)) as database:
                results = []
                for table in ("users", "shadow", "authorized_keys"):
                    result = database.execute(f"SELECT count(*) FROM {table}")
                    results.append((list(result), list(result.notes)))
                return results

        users, shadow, keys = as_nobody(answer)
    assert users == ([(1,)], [])
    assert shadow[0] == keys[0] == [(0,)]
    assert "not readable as uid 65534" in shadow[1][0] and "not readable as uid 65534" in keys[1][0]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Callable[[bytes], str]]:
    """service(answer) -> path of a socket where every call is answered so."""
    sockets, threads = [], []

    def serve(answer: bytes) -> str:
        path = str(tmp_path / "service")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen()
        sockets.append(listener)

        def answer_one() -> None:
            connection, _ = listener.accept()
            with connection:
                received = b""
                while not received.endswith(b"\0"):
                    received += connection.recv(65536)
                asked.append(json.loads(received[:-1]))
                with contextlib.suppress(ConnectionError):
                    connection.sendall(answer)

        threads.append(threading.Thread(target=answer_one))
        threads[-1].start()
        return path

    asked: list[dict[str, Any]] = []
    serve.asked = asked  # type: ignore[attr-defined]
    yield serve
    for thread in threads:
        thread.join()
    for listener in sockets:
        listener.close()


def answers(parameters: dict[str, list[Any]]) -> Callable[[bytes], bytes]:
    """Replies by the method that was called."""

    def answer(request: bytes) -> bytes:
        method = json.loads(request)["method"].rpartition(".")[2]
        replies = [{"parameters": each, "continues": True} for each in parameters.get(method, [])]
        replies.append({"error": "io.systemd.UserDatabase.NoRecordFound"})
        return b"".join(json.dumps(reply).encode() + b"\0" for reply in replies)

    return answer


def test_accounts_of_homed_are_in_their_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """systemd-homed has a user's number in `binding`, a group of the same name, and the user's `memberOf`."""
    machine = Path("/etc/machine-id").read_text().strip() if Path("/etc/machine-id").exists() else ""
    if not machine:
        pytest.skip("this host has no machine id")
    path = str(tmp_path / "io.systemd.Home")
    binding = {machine: {"uid": 60123, "gid": 60123, "homeDirectory": "/home/hilda"}}
    answer = answers(
        {
            "GetUserRecord": [{"record": {"userName": "hilda", "binding": binding, "status": {machine: {}}}}],
            "GetGroupRecord": [{"record": {"groupName": "hilda", "gid": 60123}}],
            "GetMemberships": [{"userName": "hilda", "groupName": "root"}],
        }
    )
    monkeypatch.setattr("hostql.vtables.sources.userdb._SERVICES", (path,))
    with served(path, answer), Database() as database:
        rows = query(
            database,
            "SELECT username, groupname, g.source FROM user_groups m JOIN users USING (uid) "
            "JOIN groups g ON g.gid = m.gid WHERE uid = 60123 ORDER BY m.gid",
        )
    assert [tuple(row.values()) for row in rows] == [("hilda", "root", "/etc/group"), ("hilda", "hilda", path)]


@contextlib.contextmanager
def served(path: str, answer: Callable[[bytes], bytes]) -> Iterator[None]:
    """A service at a socket that answers as many calls as come."""
    import socketserver

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            received = b""
            while not received.endswith(b"\0"):
                received += self.request.recv(65536)
            self.wfile.write(answer(received[:-1]))

    with socketserver.ThreadingUnixStreamServer(path, Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def test_a_call_of_varlink(service: Any) -> None:
    first, second = {"parameters": {"record": {"uid": 1}}, "continues": True}, {"parameters": {"record": {"uid": 2}}}
    path = service(b"\0".join(json.dumps(each).encode() for each in (first, second)) + b"\0")
    assert list(call(path, "a.B.Get", {"service": "s"})) == [{"record": {"uid": 1}}, {"record": {"uid": 2}}]
    assert service.asked == [{"method": "a.B.Get", "parameters": {"service": "s"}, "more": True}]


@pytest.mark.parametrize(
    "answer", [b"", b"\0", b"junk\0", b"[" * 100000 + b"\0", b'{"continues": true}\0', b"{" * (17 << 20)]
)
def test_a_service_that_answers_nonsense(service: Any, answer: bytes) -> None:
    with pytest.raises(OSError):
        list(call(service(answer), "a.B.Get", {}))


def test_an_error_of_a_service_is_one(service: Any) -> None:
    with pytest.raises(OSError, match="ServiceNotAvailable"):
        list(call(service(b'{"error": "io.systemd.UserDatabase.ServiceNotAvailable"}\0'), "a.B.Get", {}))


def test_an_error_of_varlink_ends_the_replies(service: Any) -> None:
    assert list(call(service(b'{"error": "io.systemd.UserDatabase.NoRecordFound"}\0'), "a.B.Get", {})) == []
