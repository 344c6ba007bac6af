"""The SQL functions: the catalogue's examples, and values observed in osquery."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hostql.vtables.database import Database
from hostql.vtables.errors import HostqlError
from hostql.vtables.functions import BINDINGS
from hostql.vtables.functions.catalog import FUNCTIONS

OBSERVED = json.loads((Path(__file__).parents[2] / "data" / "osquery_functions.json").read_text())
VERSIONS = OBSERVED.pop("version_pairs")

# Where hostql differs on purpose, and why; by a piece of the expression.
DIFFERS = {
    "429496729": "an index is not taken modulo 2**32",
    "split(' a , b '": "the text's own spaces are kept",
    "(?i)": "Python's regular expressions know flags",
    "(?<=": "and look-behind",
    "[[:": "but not POSIX classes",
    "'h.llo'": "a dot is a character, not a byte",
    "'h..llo'": "a dot is a character, not a byte",
    "1e100": "SQLite's own text of a real is used",
    "char(0)": "text is not cut at NUL",
    "x'00ff10'": "a blob is not cut at NUL",
    "0.0.0.0/0": "the whole address space holds every address",
    "in_cidr_block(NULL": "NULL in, NULL out",
    "in_cidr_block('1.2.3.0/24',NULL": "NULL in, NULL out",
    "2001:0:3238": "addresses of two families are ordered by their bytes alone",
    "135,0,58": "neighbour solicitation and advertisement are one flow, as the specification pairs them",
    "136,0,58": "as above",
    "0,0,47": "a protocol without ports adds none",
    "6,65535)": "the seed is any 16-bit number",
    "6,-1)": "and no negative one",
    "::ffff:1.2.3.4": "an IPv4-mapped address stays IPv6",
    "from_base64('abc": "bytes that are no UTF-8 are shown as \\xNN",
    "from_base64('/": "as above",
    "from_base64('A": "as above, and text is not cut at NUL",
    "from_base64(1234)": "as above",
    "'RHEL'": "the RHEL and ARCH orders are not offered",
}


def differs(expression: str) -> bool:
    return any(piece in expression for piece in DIFFERS)


@pytest.mark.parametrize("case", FUNCTIONS, ids=lambda case: case.name)
def test_the_documented_example(db: Database, case):
    assert list(db.execute(f"SELECT {case.example}")) == [(case.value,)]


def test_every_function_is_documented():
    assert sorted(binding[0] for binding in BINDINGS) == sorted(function.name for function in FUNCTIONS)


@pytest.mark.parametrize("name", sorted(OBSERVED))
def test_values_are_those_osquery_gives(db: Database, name: str):
    for expression, expected, *_ in OBSERVED[name]:
        if differs(expression):
            continue
        if isinstance(expected, dict):
            with pytest.raises(HostqlError):
                list(db.execute(f"SELECT {expression}"))
            continue
        ((value,),) = db.execute(f"SELECT {expression}")
        assert (None if value is None else str(value)) == expected, expression


@pytest.mark.parametrize(
    "left, right, plain, debian",
    [
        ("1.10", "1.9", 1, 1),
        ("1.0", "1.0", 0, 0),
        ("1.0~rc1", "1.0", 1, -1),
        ("1:1.0", "2.0", -1, 1),
        ("2.36-9+deb12u10", "2.36-9+deb12u9", 1, 1),
        ("99999999999999999999", "99999999999999999998", 1, 1),
    ],
)
def test_versions(db: Database, left: str, right: str, plain: int, debian: int):
    for one, two, sign in ((left, right, 1), (right, left, -1)):
        sql = "SELECT version_compare(?, ?), version_compare(?, ?, 'DPKG')"
        assert list(db.execute(sql, (one, two, one, two))) == [(sign * plain, sign * debian)]
    ordered = db.execute("SELECT ? < ? COLLATE VERSION_DPKG", (left, right))
    assert list(ordered) == [(int(debian < 0),)]


def test_debian_order_agrees_with_dpkg(db: Database):
    import shutil
    import subprocess

    if not shutil.which("dpkg"):
        pytest.skip("needs dpkg")
    for left, right, *_ in [pair for pair in VERSIONS if all(v[:1].isdigit() and v.isascii() for v in pair[:2])][:60]:
        lower = subprocess.run(["dpkg", "--compare-versions", left, "lt", right], capture_output=True)
        if lower.stderr:
            continue
        sql = "SELECT version_compare(?, ?, 'DPKG') < 0"
        assert list(db.execute(sql, (left, right))) == [(int(lower.returncode == 0),)], (left, right)
