"""Interfaces, addresses and routes against ip(8)."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest
from hostql.tests.conftest import query
from hostql.vtables.database import Database


def ip(*arguments: str) -> Any:
    """What `ip -j` prints."""
    if not shutil.which("ip"):
        pytest.skip("needs ip")
    return json.loads(subprocess.run(["ip", "-j", *arguments], capture_output=True, check=True).stdout or b"[]")


def test_interfaces_are_those_of_ip(db: Database):
    shown = {link["ifname"]: (link["mtu"], link.get("address", "")) for link in ip("link")}
    rows = query(db, "SELECT interface, mtu, mac FROM interface_details")
    assert {row["interface"]: (row["mtu"], row["mac"]) for row in rows} == shown


def test_addresses_are_those_of_ip(db: Database):
    shown = {(link["ifname"], a["local"]) for link in ip("addr") for a in link["addr_info"]}
    rows = query(db, "SELECT interface, address FROM interface_addresses")
    assert {(row["interface"], row["address"]) for row in rows} == shown


def test_loopback_has_its_mask(db: Database):
    rows = query(db, "SELECT mask FROM interface_addresses WHERE address = '127.0.0.1'")
    assert [row["mask"] for row in rows] == ["255.0.0.0"]


def test_gateways_are_those_of_ip(db: Database):
    shown = {route["gateway"] for route in ip("route") if "gateway" in route}
    rows = query(db, "SELECT gateway FROM routes WHERE type = 'gateway' AND gateway LIKE '%.%'")
    assert {row["gateway"] for row in rows} == shown
