"""The orders of versions: what vercmp, dpkg and rpm say of 234 pairs, and what osquery's plain order gave."""

from __future__ import annotations

import json
import shutil
import subprocess
from functools import cmp_to_key
from pathlib import Path

import pytest
from hostql.vtables.database import Database
from hostql.vtables.functions import COLLATIONS
from hostql.vtables.functions.versions import collate, compare

ORDERS = json.loads((Path(__file__).parents[2] / "data" / "version_orders.json").read_text(encoding="utf-8"))["rows"]

# Pairs that osquery orders otherwise in its plain order: by the length of a piece, where hostql goes by the value of
# numbers and the letters of words.
BY_LENGTH = {
    ("20.10a", "20.102"),
    ("1.0.0-alpha", "1.0.0-beta"),
    ("2-2pre", "2-2rc"),
    ("1.0alpha", "1.0beta"),
    ("01", "1"),
    ("1.01", "1.1"),
    ("10", "0beta.0^git1"),
    ("0+b1.1", "1.0.0.p1^git1"),
    ("0a-a1", "2:0-2--10"),
}


@pytest.mark.parametrize("flavour, place", [("ARCH", 2), ("DPKG", 3), ("RHEL", 4)])
def test_the_order_is_the_packagers_own(flavour: str, place: int):
    known = [row for row in ORDERS if row[place] is not None]
    assert len(known) > 150
    wrong = [
        (left, right)
        for left, right, expected in ((row[0], row[1], row[place]) for row in known)
        if (compare(left, right, flavour), compare(right, left, flavour)) != (expected, -expected)
    ]
    assert not wrong


def test_the_plain_order_is_osquerys_but_for_the_length_of_pieces():
    differing = {
        (row[0], row[1])
        for row in ORDERS
        if row[5] is not None and (compare(row[0], row[1]), compare(row[1], row[0])) != (row[5], -row[5])
    }
    assert differing == BY_LENGTH


def test_dpkg_here_agrees():
    if not shutil.which("dpkg"):
        pytest.skip("needs dpkg")
    known = [row for row in ORDERS if row[3] is not None]
    for left, right in [(row[0], row[1]) for row in known][:: len(known) // 40]:
        asked = ["dpkg", "--compare-versions", left, "lt", right]
        assert (subprocess.run(asked).returncode == 0) == (compare(left, right, "DPKG") < 0), (left, right)


@pytest.mark.parametrize("left, right, arch, dpkg, rhel", [("1.0rc", "1.0", -1, 1, 1), ("1.5-1", "1.5", 0, 1, 0)])
def test_the_function_takes_the_order_in_any_case(db: Database, left: str, right: str, arch: int, dpkg: int, rhel: int):
    sql = "SELECT version_compare(?1, ?2, 'arch'), version_compare(?1, ?2, 'DPKG'), version_compare(?1, ?2, 'Rhel')"
    assert list(db.execute(sql, (left, right))) == [(arch, dpkg, rhel)]


@pytest.mark.parametrize(
    "collation, ordered",
    [
        ("VERSION", "1.9 1.9-1 1.9a 1.9~1 1.10"),
        ("VERSION_ARCH", "1.9a 1.9 1.9-1 1.9~1 1.10"),
        ("VERSION_DPKG", "1.9~1 1.9 1.9-1 1.9a 1.10"),
        ("VERSION_RHEL", "1.9~1 1.9 1.9-1 1.9a 1.10"),
    ],
)
def test_sorting(db: Database, collation: str, ordered: str):
    sql = f"SELECT value FROM json_each(?) ORDER BY value COLLATE {collation}"
    given = json.dumps(sorted(ordered.split()))
    assert [value for (value,) in db.execute(sql, (given,))] == ordered.split()


@pytest.mark.parametrize("flavour", COLLATIONS.values())
def test_a_collation_is_a_total_order(flavour: str):
    """Sorted by it, no earlier version is higher than a later one."""
    versions = sorted({version for row in ORDERS for version in row[:2]})[::3]
    versions.sort(key=cmp_to_key(lambda one, two: collate(one, two, flavour)))
    later = [(one, two) for i, one in enumerate(versions) for two in versions[i + 1 :]]
    assert not [(one, two) for one, two in later if collate(one, two, flavour) > 0]
