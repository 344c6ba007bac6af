"""Accounts by lines that hardly anybody writes, against glibc's own getpwent, getgrent and getspent (getent(1))."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from pathlib import Path

from hostql.tests.conftest import notes, query, with_etc
from hostql.vtables.database import Database

PASSWD = (
    rb"""root:x:0:0:root:/root:/bin/sh
six:x:901:901:six fields:/srv
five:x:901:901:c
four:x:903:903
three:x:904:
one
eight:x:902:902:c:/home/c:/bin/sh:x
   indented:x:5:5::/:/x
  # indented comment:x:1:1:::
:x:7:7:no name::
most:x:4294967295:4294967295:::
over:x:4294967296:1:::
negative:x:-1:-2:::
zero:x:-0:00000000000000000000000001:::
wrapped:x:-18446744073709551611:+6:::
hexadecimal:x:0x10:1:::
spaces:x: 12:	13:::
after:x:12 :13:::
nouid:x::5:::
nogid:x:5::::
return:x:5:6:g:/d:/bin/sh"""
    b"\r"
    rb"""
dup:x:5:6:g:/d:/sh
dup:x:5:7:g:/e:/sh
nul:x:5:6:g:/d:/bin/sh"""
    b"\0"
    rb"""junk
nul"""
    b"\0"
    rb""":x:5:6:g:/d:/sh
unended:x:8:8:g:/d:/sh"""
)
GROUP = b"""a:x:1:u,v
b:x:2
c:x:
 d:x:4: u , v,,	w
e:x:5:u:v
:x:6:u
f:x:-1:u
g:x: 7:u\x20\x20
# h:x:1:
i:x:8:u\r
j:x:9:z"""
SHADOW = b"""a:h:1:2:3:4:5:6:7
b:h:1:2:3:4:5:6
c:h:1:2:3:4:5:6:
d:h:1:2:3:4:5
e:h:1:2:3
f:h::::
g:h:::
h:h
# i:h:1:2:3:4:::
:h:1:2:3:4:::
j:h:-1:2:3:4:::
k:h:4294967295:2147483648: 3:4:::
l:h:1x:2:3:4:::
m:h:1:2:3:4:5:6:x
n:h:1:2:3:4:::\x20
o:h:1:2:3:4:::9
p::::::::"""


def invented(seed: int, numbers: slice) -> bytes:
    """Lines of pieces that mean something to some reader, the numeric fields more often than not a number."""
    rng = random.Random(seed)
    pieces = [
        b"a",
        b"",
        b" ",
        b"\t",
        b"7",
        b"-7",
        b"+7",
        b"4294967295",
        b"4294967296",
        b"x",
        b"0",
        b",",
        b"#",
        b"\xe9",
        b"\r",
    ]
    made = []
    for _ in range(1500):
        fields = [b"".join(rng.choices(pieces, k=rng.randint(0, 2))) for _ in range(rng.randint(1, 10))]
        for place in range(*numbers.indices(len(fields))):
            if rng.random() < 0.85:
                fields[place] = rng.choice([b"1", b"22", b" 3", b"-1", b"4294967295"])
        made.append(b":".join(fields))
    return b"\n".join(made) + b"\n"


def check(
    root: Path, database: str, file: bytes, numbers: slice, ours: Callable[[], list[list[str]]], *command: str
) -> None:
    """That `ours` of this file and many invented lines is what the command prints, NUL between fields, of them."""
    file += b"\n" + invented(5, numbers)
    (root / "etc").mkdir()
    (root / "etc" / database).write_bytes(file)
    printed = with_etc({database: file}, *command).decode("utf-8", "backslashreplace")
    theirs = [line.split("\0") for line in printed.split("\n")[:-1]]
    rows = ours()
    # What refers to NIS is an entry of the file, and no account.
    assert rows == [fields for fields in theirs if fields[0][:1] not in ("+", "-")]
    assert len(rows) > 100


# A program that prints all fields, whatever is in them: getent(1) leaves out accounts with a colon in the shell.
PRINT = """
import os, sys, {0}
for entry in {0}.get{1}all():
    print(*({2}), sep="\\0")
"""


def python(module: str, what: str, fields: str) -> list[str]:
    return [
        "env",
        "LC_ALL=C.UTF-8",
        "PYTHONIOENCODING=utf-8:surrogateescape",
        sys.executable,
        "-c",
        PRINT.format(module, what, fields),
    ]


def test_users_are_those_of_getpwent(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    sql = "SELECT username, uid, gid, description, directory, shell FROM users"
    command = python("pwd", "pw", "entry[0], entry[2] % 2**32, entry[3] % 2**32, *entry[4:]")
    check(tmp_path, "passwd", PASSWD, slice(2, 4), lambda: texts(query(open_root(), sql)), *command)


def test_groups_are_those_of_getgrent(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    command = python("grp", "gr", "entry[0], entry[2] % 2**32")
    check(
        tmp_path,
        "group",
        GROUP,
        slice(2, 3),
        lambda: texts(query(open_root(), "SELECT groupname, gid FROM groups")),
        *command,
    )


def test_ages_of_passwords_are_those_of_getspent(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    columns = "username, coalesce(last_change, -1) AS change, min, max, warning, inactive, expire, flag"

    def ours() -> list[list[str]]:
        rows = texts(query(open_root(), f"SELECT {columns} FROM shadow"))
        return [[name, *("" if age in ("-1", "None") else age for age in ages)] for name, *ages in rows]

    script = 'getent -s files shadow | LC_ALL=C sed "s/:[^:]*//; s/:/\\x00/g"'
    check(tmp_path, "shadow", SHADOW, slice(2, 9), ours, "sh", "-c", script)


def texts(rows: list[dict[str, object]]) -> list[list[str]]:
    return [[str(value) for value in row.values()] for row in rows]


def test_members_are_those_of_glibc(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/group").write_text("a:x:1: u,,v \nb:x:2:v,u\nc:x:3:w,u\n")
    passwd = "u:x:5:9\nv:x:6:9:::\n"
    (tmp_path / "etc/passwd").write_text(passwd)
    etc = {"group": (tmp_path / "etc/group").read_bytes(), "passwd": passwd.encode()}
    for name, uid in (("u", 5), ("v", 6)):
        rows = query(open_root(), "SELECT gid FROM user_groups WHERE uid = ?", (uid,))
        theirs = with_etc(etc, "id", "-G", name).split()
        assert {row["gid"] for row in rows} == {int(gid) for gid in theirs}


def test_what_is_no_account_is_noted(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    (tmp_path / "etc").mkdir()
    for name, line in (("passwd", b"a:x:1:1"), ("group", b"a:x:1"), ("shadow", b"a:*:1:2:3")):
        (tmp_path / "etc" / name).write_bytes(b"+::::::\n-@out\n" + line + b"\0:junk\n:\n")
    for table, file in (("users", "passwd"), ("groups", "group"), ("shadow", "shadow")):
        assert len(query(open_root(), f"SELECT * FROM {table}")) == 1
        assert sorted(notes(open_root(), f"SELECT * FROM {table}")) == [
            f"{table}: a line of /etc/{file} ends at a NUL, as it does for the C library",
            f"{table}: a line of /etc/{file} makes no sense",
            f"{table}: lines of /etc/{file} that begin with + or - refer to NIS, which is not asked",
        ]
