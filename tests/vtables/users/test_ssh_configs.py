"""`ssh_configs` against ssh -G, which prints what ssh understood, and in roots of its own."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hostql.tests.conftest import notes, query
from hostql.tests.host import IS_ROOT
from hostql.vtables.database import Database
from hostql.vtables.sources.ssh_config import parse_client_config

PASSWD = "ann:x:1000:1000::/home/ann:/bin/sh\n"


def lay(root: Path, files: dict[str, str]) -> None:
    for path, text in {"etc/passwd": PASSWD, **files}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text.encode())
        (root / path).chmod(0o644)


def understood_by_ssh(file: Path) -> set[str]:
    """The settings that ssh prints beyond those of an empty file, in lower case."""
    if not shutil.which("ssh"):
        pytest.skip("needs ssh")

    def settings(path: str) -> set[str]:
        done = subprocess.run(["ssh", "-G", "-F", path, "hh"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return {line.lower() for line in done.stdout.splitlines()}

    return settings(str(file)) - settings("/dev/null")


# Each setting once, for the host hh.
TEXTS = [
    "Host=hh\nUser x\n",
    "Host = hh\n User=x\n",
    "Host hh # c\n User x # d\n",
    'User "a b"\n',
    'User a"b"\n',
    "User 'ab'\n",
    "User a\\ b\n",
    "#x\\\nUser a\n",
    "USER a\nPoRt 5\n",
    'ProxyCommand sh -c "x # y"  # z\n',
    "ProxyCommand=nc x\n",
    'PermitLocalCommand yes\nLocalCommand "a b" # c\n',
    "\t User\t=\ta \n",
    "User a\r\nPort 7\r\n",
    'Host "hh"\nUser x\n',
    "Match=all\nUser x\n",
    'Match host="hh"\nUser x\n',
    '"User" x\n',
    "User x#y\n",
    "User==x\n",
    "User = =x\n",
]


@pytest.mark.parametrize("text", TEXTS)
def test_settings_are_those_that_ssh_understands(tmp_path: Path, open_root: Callable[..., Database], text: str) -> None:
    lay(tmp_path, {"etc/ssh/ssh_config": text})
    options = [row["option"].replace('"a b"', "a b") for row in query(open_root(), "SELECT option FROM ssh_configs")]
    if "LocalCommand" in text:
        options = [row["option"] for row in query(open_root(), "SELECT option FROM ssh_configs")]
    theirs = understood_by_ssh(tmp_path / "etc/ssh/ssh_config")
    assert {*options} == {line.replace("permitlocalcommand true", "permitlocalcommand yes") for line in theirs}
    assert not notes(open_root(), "SELECT * FROM ssh_configs")


REFUSED = [
    "User\n",
    "User=\n",
    'User "x\n',
    "\ufeffUser x\n",
    'User ""\n',
    "Host a ''\n",
    'Match ""\n',
    'SendEnv A ""\n',
]


@pytest.mark.skipif(not shutil.which("ssh"), reason="needs ssh")
@pytest.mark.parametrize(
    "text, accepted",
    [*((text, False) for text in REFUSED), ('ProxyCommand ""\n', True), ('Match all ""\n', True), ('User ""a\n', True)],
)
def test_ssh_refuses_empty_arguments(tmp_path: Path, text: str, accepted: bool) -> None:
    (tmp_path / "config").write_text(text)
    done = subprocess.run(["ssh", "-G", "-F", tmp_path / "config", "hh"], capture_output=True, check=False)
    assert (done.returncode == 0) is accepted
    assert ([*parse_client_config(text)] != [None]) is accepted


@pytest.mark.parametrize("text", REFUSED)
def test_a_line_that_ssh_refuses_is_noted(tmp_path: Path, open_root: Callable[..., Database], text: str) -> None:
    lay(tmp_path, {"etc/ssh/ssh_config": f"{text}Port 5\n"})
    assert [row["option"] for row in query(open_root(), "SELECT option FROM ssh_configs")] == ["port 5"]
    assert notes(open_root(), "SELECT * FROM ssh_configs") == [
        "ssh_configs: a line of /etc/ssh/ssh_config makes no sense"
    ]


@pytest.mark.parametrize(
    "text, block",
    [
        ("Host=a\nPort 1\n", "host a"),
        ('HOST  A  "b c"\nPort 1\n', 'host a "b c"'),
        ("Match  user x host  *.Y # z\nPort 1\n", "match user x host *.y"),
        ("Port 1\nHost a\n", ""),
    ],
)
def test_blocks(tmp_path: Path, open_root: Callable[..., Database], text: str, block: str) -> None:
    lay(tmp_path, {"home/ann/.ssh/config": text})
    rows = query(open_root(), "SELECT uid, block, option FROM ssh_configs")
    assert rows == [{"uid": 1000, "block": block, "option": "port 1"}]


FILES = {
    "etc/ssh/d/a.conf": "User a\n",
    "etc/ssh/d/b.conf": "User b\n",
    "etc/ssh/d/.h.conf": "User h\n",
    "etc/ssh/d/e/x.conf": "User x\n",
    "etc/ssh/one two": "User two\n",
    "home/ann/.ssh/d/c.conf": "User c\n",
    "home/ann/.ssh/blocks": "User d\nHost b\n User e\n",
}


@pytest.mark.parametrize(
    "file, text, users",
    [
        ("etc/ssh/ssh_config", "Include /etc/ssh/d/*.conf\n", ["a", "b"]),
        ("etc/ssh/ssh_config", "include=d/*.conf # c\n", ["a", "b"]),
        ("etc/ssh/ssh_config", "Include d/none d/b.conf d/[ac].conf\n", ["b", "a"]),
        ("etc/ssh/ssh_config", "Include d/?.conf d/*\n", ["a", "b", "a", "b"]),
        ("etc/ssh/ssh_config", 'Include "one two"\nInclude one\\ two\n', ["two", "two"]),
        ("home/ann/.ssh/config", "Include d/*.conf\n", ["c"]),
        ("home/ann/.ssh/config", "Include ~/.ssh/d/* ~ann/.ssh/d/* %d/.ssh/d/* ${HOME}/.ssh/d/*\n", ["c"] * 4),
        ("home/ann/.ssh/config", "Include /etc/ssh/*/*.conf\n", ["a", "b"]),
        ("usr/etc/ssh/ssh_config", "Include d/a.conf\n", ["a"]),
    ],
)
def test_included_files(
    tmp_path: Path, open_root: Callable[..., Database], file: str, text: str, users: list[str]
) -> None:
    lay(tmp_path, {**FILES, file: text})
    rows = query(open_root(), "SELECT option FROM ssh_configs WHERE option LIKE 'user %'")
    assert [row["option"] for row in rows] == [f"user {user}" for user in users]


@pytest.mark.parametrize("pattern", [r"a\*b", r"a\\*b", "a[*]b", r"a\xb", r"\axb", "a?b", "a[!x]b", r"?\*b", r"a[\*]b"])
def test_a_backslash_in_a_pattern(tmp_path: Path, open_root: Callable[..., Database], pattern: str) -> None:
    lay(tmp_path, {"etc/ssh/a*b": "User star\n", "etc/ssh/axb": "User plain\n"})
    lay(tmp_path, {"etc/ssh/ssh_config": f"Include {tmp_path}/etc/ssh/{pattern}\n"})
    (theirs,) = understood_by_ssh(tmp_path / "etc/ssh/ssh_config")
    lay(tmp_path, {"etc/ssh/ssh_config": f"Include {pattern}\n"})
    rows = query(open_root(), "SELECT option FROM ssh_configs WHERE option LIKE 'user %'")
    assert rows[0]["option"] == theirs


@pytest.mark.parametrize("host", ["hh", "zz"])
def test_what_a_block_includes_is_under_that_block(
    tmp_path: Path, open_root: Callable[..., Database], host: str
) -> None:
    inner = tmp_path / "etc/ssh/inner"
    lay(tmp_path, {"etc/ssh/inner": "User x\nHost hh\n Port 5\n"})
    lay(tmp_path, {"etc/ssh/ssh_config": f"Host {host}\nInclude {inner}\nCompression yes\n"})
    expected = {"user x", "port 5", "compression yes"} if host == "hh" else set()
    assert understood_by_ssh(tmp_path / "etc/ssh/ssh_config") == expected
    lay(tmp_path, {"etc/ssh/ssh_config": f"Host {host}\nInclude inner\nCompression yes\n"})
    rows = query(open_root(), "SELECT block, option FROM ssh_configs WHERE option NOT LIKE 'include%'")
    assert [tuple(row.values()) for row in rows] == [
        (f"host {host}", "user x"),
        (f"host {host} > host hh", "port 5"),
        (f"host {host}", "compression yes"),
    ]


def test_files_that_include_one_another_end(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    lay(
        tmp_path,
        {"etc/ssh/ssh_config": "Include d/*\n", "etc/ssh/d/a": "Include d/*\n", "etc/ssh/d/b": "Include d/*\n"},
    )
    result = open_root().execute("SELECT * FROM ssh_configs")
    assert len(list(result)) <= 1000
    assert any("too deeply, or too often" in note for note in result.notes)


def test_what_one_user_may_have_ends(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    """Of files that include one another; other users' are read all the same."""
    bob = PASSWD.replace("ann", "bob").replace("1000", "1001")
    lay(tmp_path, {"home/ann/.ssh/config": "Include d/*\n", "home/bob/.ssh/config": "Port 5\n"})
    lay(tmp_path, {f"home/ann/.ssh/d/{name}": "User a\n" * 30_000 + "Include d/*\n" for name in "abcd"})
    (tmp_path / "etc/passwd").write_text(PASSWD + bob)
    result = open_root().execute("SELECT uid, count(*) FROM ssh_configs GROUP BY uid")
    assert [*result] == [(1000, 100_000), (1001, 1)]
    assert any("ann's files have more than 100000 lines or 16 MiB in all" in note for note in result.notes)
    lay(tmp_path, {f"home/ann/.ssh/d/{name}": f"#{'x' * 99_999}\n" * 60 for name in "abcd"})
    lay(tmp_path, {"home/ann/.ssh/d/e": "Port 6\n"})
    result = open_root().execute("SELECT * FROM ssh_configs WHERE option LIKE 'port%'")
    assert not list(result)
    assert any("more than 100000 lines or 16 MiB in all" in note for note in result.notes)


def test_patterns_of_one_user_end(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    lay(tmp_path, {"home/ann/.ssh/config": "Include none*\n" * 1001 + "Port 5\n"})
    result = open_root().execute("SELECT * FROM ssh_configs")
    assert len(list(result)) == 1002
    assert any("too deeply, or too often" in note for note in result.notes)


def test_the_hosts_own_file_includes_nothing_of_a_home(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    lay(tmp_path, {"etc/ssh/ssh_config": "Include ~/x\nPort 5\n", "root/x": "User x\n"})
    rows = query(open_root(), "SELECT option FROM ssh_configs")
    assert [row["option"] for row in rows] == ["include ~/x", "port 5"]
    assert notes(open_root(), "SELECT * FROM ssh_configs") == [
        "ssh_configs: ssh refuses /etc/ssh/ssh_config: Include ~/x is for users' own files"
    ]


def test_what_a_session_decides_is_noted(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    lay(tmp_path, {"home/ann/.ssh/config": "Include ${X}/a ~bob/b\nPort 5\n"})
    assert len(query(open_root(), "SELECT * FROM ssh_configs")) == 2
    assert [note.partition(":")[2].split()[:3] for note in notes(open_root(), "SELECT * FROM ssh_configs")] == [
        ["what", "Include", "${X}/a"],
        ["what", "Include", "~bob/b"],
    ]


def test_a_file_that_ssh_refuses_is_noted(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    lay(tmp_path, {"home/ann/.ssh/config": "Port 5\n"})
    if not IS_ROOT:
        pytest.skip("needs root, for a file that is root's")
    assert not notes(open_root(), "SELECT * FROM ssh_configs")
    (tmp_path / "home/ann/.ssh/config").chmod(0o666)
    assert notes(open_root(), "SELECT * FROM ssh_configs") == [
        "ssh_configs: ssh refuses /home/ann/.ssh/config: it can be written by everybody"
    ]
