"""hostql's own functions at their edges: negative, NULL, huge, text, and hosts other than this one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hostql.vtables.database import Database
from hostql.vtables.errors import QueryError


def value(db: Database, expression: str, *params: Any) -> Any:
    ((found,),) = db.execute(f"SELECT {expression}", params)
    return found


@pytest.mark.parametrize(
    "expression, shown",
    [
        ("human_size('0.30000000000000004')", "0 B"),
        ("human_size('1e999')", None),
        ("human_time('90061.000000000000001')", "1 d 1 h"),
        ("ago('1e-7') LIKE '% d % h ago' OR ago('1e-7') LIKE '% d ago'", 1),
        ("user('99999999999999999999')", None),
        ("user('0.0000000000000000000')", "root"),
        ("container_of('99999999999999999999')", None),
        ("container_of('1e-7')", None),
    ],
)
def test_a_text_that_is_rounded_to_a_number(db: Database, expression: str, shown: Any):
    assert value(db, expression) == shown


@pytest.mark.parametrize(
    "size, shown",
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (-1536, "-1.5 KiB"),
        ((1 << 20) - 1, "1.0 MiB"),
        (9223372036854775807, "8.0 EiB"),
        (-9223372036854775808, "-8.0 EiB"),
        (1.5, "2 B"),
        ("1536", "1.5 KiB"),
        ("1536 bytes", None),
        ("", None),
        (None, None),
        (b"1536", None),
        (1e300, None),
        (float("inf"), None),
    ],
)
def test_human_size(db: Database, size: Any, shown: str | None):
    assert value(db, "human_size(?)", size) == shown


@pytest.mark.parametrize(
    "seconds, shown",
    [
        (0, "0 s"),
        (0.9, "0 s"),
        (-0.9, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (3601, "1 h"),
        (3660, "1 h 1 min"),
        (90061, "1 d 1 h"),
        (86401, "1 d"),
        (-90061, "-1 d 1 h"),
        ("61", "1 min 1 s"),
        ("soon", None),
        (None, None),
        (b"61", None),
        (9223372036854775807, None),
        (float("inf"), None),
    ],
)
def test_human_time(db: Database, seconds: Any, shown: str | None):
    assert value(db, "human_time(?)", seconds) == shown


def test_ago(db: Database):
    assert value(db, "ago(unixepoch() - 3600)") == "1 h ago"
    assert value(db, "ago(unixepoch() + 7201)").startswith("in 2 h")
    assert value(db, "ago(unixepoch())") in ("0 s ago", "1 s ago")
    assert value(db, "ago(unixepoch() - 90061)") == "1 d 1 h ago"
    assert value(db, "ago(0)").endswith(" ago")
    assert [value(db, f"ago({odd})") for odd in ("NULL", "'x'", "9223372036854775807", "9e999")] == [None] * 4


@pytest.mark.parametrize(
    "uid, name",
    [(0, "root"), ("0", "root"), (0.0, "root"), (-1, "-1"), (1 << 40, str(1 << 40)), (0.5, None), ("x", None)],
)
def test_user(db: Database, uid: Any, name: str | None):
    assert value(db, "user(?)", uid) == name


def test_user_of_another_root(tmp_path: Path, open_root: Any):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("ann:x:1000:1000::/home/ann:/bin/sh\nalias:x:1000:1000::/:/bin/sh\n")
    other = open_root()
    assert value(other, "user(1000)") == "ann"
    assert value(other, "user(0)") == "0"


def test_container_of(db: Database, tmp_path: Path, open_root: Any):
    assert isinstance(value(db, "container_of(?)", os.getpid()), str)
    assert [value(db, f"container_of({odd})") for odd in ("0", "-1", "NULL", "'x'", "1e18", "1 << 62")] == [None] * 6
    (tmp_path / "proc/7").mkdir(parents=True)
    (tmp_path / "proc/7/cgroup").write_text(f"0::/system.slice/docker-{'ab' * 32}.scope\n")
    assert value(open_root(), "container_of('7')") == "ab" * 32


@pytest.mark.parametrize(
    "block, address, contained",
    [
        ("10.0.0.0/8", "10.1.2.3", 1),
        ("10.0.0.1/8", "10.255.255.255", 1),
        ("10.0.0.0/8", "11.0.0.0", 0),
        ("0.0.0.0/0", "255.255.255.255", 1),
        ("10.0.0.0/8", "::ffff:10.1.2.3", 1),
        ("::/0", "::ffff:10.1.2.3", 1),
        ("fe80::/10", "fe80::1%eth0", 1),
        ("10.0.0.0/8", "::1", 0),
        ("10.0.0.0/8", "", 0),
        ("10.0.0.0/8", "localhost", 0),
        ("10.0.0.0/8", 167772161, 0),
        (None, "10.1.2.3", None),
        ("10.0.0.0/8", None, None),
    ],
)
def test_cidr_contains(db: Database, block: Any, address: Any, contained: int | None):
    assert value(db, "cidr_contains(?, ?)", block, address) == contained


@pytest.mark.parametrize("block", ["10.0.0.1", "10.0.0.0/33", "10.0.0.0/-1", "net/8", "", 10])
def test_what_is_no_block_is_an_error(db: Database, block: Any):
    with pytest.raises(QueryError, match="not a CIDR block"):
        value(db, "cidr_contains(?, '10.0.0.1')", block)


@pytest.mark.parametrize(
    "expression, expected",
    [
        ("sqrt(2.25)", 1.5),
        ("ln(exp(1))", 1.0),
        ("log(100)", 2.0),
        ("log10(1000)", 3.0),
        ("log2(8)", 3.0),
        ("ceil(1.2)", 2.0),
        ("floor(-1.2)", -2.0),
        ("power(2, 10)", 1024.0),
        ("round(degrees(pi()))", 180.0),
        ("radians(0) + sin(0) + tan(0) + asin(0) + atan(0) + acos(1) + cos(0)", 1.0),
    ],
)
def test_sqlite_brings_its_mathematics(db: Database, expression: str, expected: float):
    assert value(db, expression) == expected
