"""Records of utmp(5) as other architectures write them: the file's shape decides, whatever machine reads it."""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hostql.tests.conftest import query
from hostql.vtables.database import Database
from hostql.vtables.sources.utmp import parse_utmp

FIELDS = {384: "hxxi32s4s32s256shhiIi16s20x", 400: "hxxi32s4s32s256shhqqq16s20x4x"}
LAYOUTS = [struct.Struct(order + fields) for fields in FIELDS.values() for order in "<>"]
LAYOUTS_OF = pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: f"{layout.format[:1]}{layout.size}")
BOOT = (2, 0, b"~", b"reboot", b"6.1.0", 1700000000)
LOGIN = (7, 1234, b"pts/0", b"alice", b"192.0.2.9", 1700000100)
LOGOUT = (8, 1234, b"pts/0", b"", b"", 1700000200)
LAST = (7, 4194303, b"tty1", b"bob", b"a.very.long.name.example.org" * 9, 3_000_000_000)


def record(layout: struct.Struct, kind: int, pid: int, line: bytes, user: bytes, host: bytes, seconds: int) -> bytes:
    return layout.pack(kind, pid, line, line[-4:], user, host, 0, 0, 77, seconds, 999_999, bytes(range(16)))


def read(raw: bytes) -> list[Any]:
    return [
        login and (login.type, login.pid, login.tty, login.user, login.host, login.time) for login in parse_utmp(raw)
    ]


def shown(*entries: tuple[Any, ...]) -> list[Any]:
    return [tuple(value.decode() if isinstance(value, bytes) else value for value in entry) for entry in entries]


@LAYOUTS_OF
def test_every_layout_is_read(layout: struct.Struct) -> None:
    for entries in ([BOOT], [LOGIN], [BOOT, LOGIN, LOGOUT, LAST], [LOGIN, LOGOUT] * 600):
        assert read(b"".join(record(layout, *entry) for entry in entries)) == shown(*entries)


@LAYOUTS_OF
def test_empty_and_broken_records_are_no_reason_for_another_layout(layout: struct.Struct) -> None:
    good = record(layout, *LOGIN)
    assert read(bytes(layout.size * 3) + good) == shown(LOGIN)
    assert read(good + b"\xff" * layout.size + good) == [*shown(LOGIN), None, *shown(LOGIN)]
    assert read(good * 3 + good[:100]) == [*shown(LOGIN) * 3, None]
    assert read(bytes(layout.size * 300) + good + bytes(layout.size * 300)) == shown(LOGIN)
    odd = (7, -1, b"pts/1", b"bob", b"", 1700000300)
    assert read(good + record(layout, *odd)) == shown(LOGIN, odd)
    assert read(good + record(layout, 99, *LOGIN[1:])) == [*shown(LOGIN), None]
    # Lengths that are multiples of both sizes.
    assert read((good * 100)[: 9600 // layout.size * layout.size]) == shown(LOGIN) * (9600 // layout.size)


@LAYOUTS_OF
def test_logins_of_another_architecture(
    tmp_path: Path, open_root: Callable[..., Database], layout: struct.Struct
) -> None:
    raw = b"".join(record(layout, *entry) for entry in (BOOT, LOGIN, LOGOUT))
    for name in ("var/log/wtmp", "run/utmp"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(raw)
    rows = query(open_root(), "SELECT type, pid, tty, username, host, time FROM last")
    assert [tuple(row.values()) for row in rows] == shown(BOOT, LOGIN, LOGOUT)
    rows = query(open_root(), "SELECT user, time FROM logged_in_users WHERE type = 'user'")
    assert rows == [{"user": "alice", "time": 1700000100}]


def test_the_layout_is_that_of_glibc(tmp_path: Path) -> None:
    """This machine's own records, by its C library's header."""
    if not shutil.which("cc"):
        pytest.skip("needs a C compiler")
    source = "#include <utmp.h>\n#include <stdio.h>\nint main(void) { struct utmp u = {0}; u.ut_type = USER_PROCESS;"
    source += "u.ut_pid = 5; u.ut_tv.tv_sec = 7; u.ut_user[0] = 120; fwrite(&u, sizeof u, 1, stdout); return 0; }"
    (tmp_path / "u.c").write_text(source)
    subprocess.run(["cc", "-o", tmp_path / "u", tmp_path / "u.c"], check=True)
    raw = subprocess.run([tmp_path / "u"], check=True, capture_output=True).stdout
    assert read(raw) == [(7, 5, "", "x", "", 7)]
