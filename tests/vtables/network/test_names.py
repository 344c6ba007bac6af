"""Names of addresses, ports and protocols against getent(1), and files with all that may stand in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hostql.tests.conftest import notes, query, tool, with_etc
from hostql.vtables.database import Database


def etc(root: Path, name: str, content: str | bytes) -> None:
    (root / "etc").mkdir(exist_ok=True)
    (root / "etc" / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def test_services_are_those_of_getent(db: Database):
    rows = query(db, "SELECT name, port, protocol, aliases FROM etc_services")
    expected = set()
    for line in tool("getent", "services").splitlines():
        name, where, *aliases = line.split()
        port, _, protocol = where.partition("/")
        expected.add((name, int(port), protocol, " ".join(aliases)))
    assert {tuple(row.values()) for row in rows} == expected
    if not expected:
        pytest.skip("needs /etc/services, which the package netbase brings")
    assert ("domain", 53, "udp", "") in expected


def test_protocols_are_those_of_getent(db: Database):
    rows = query(db, "SELECT name, number, alias FROM etc_protocols")
    expected = set()
    for line in tool("getent", "protocols").splitlines():
        name, number, *aliases = line.split()
        expected.add((name, int(number), " ".join(aliases)))
    assert {tuple(row.values()) for row in rows} == expected


def test_hosts(tmp_path: Path, open_root: Callable[..., Database]):
    etc(
        tmp_path,
        "hosts",
        b"127.0.0.1\tlocalhost\n\n# x\n  ::1 ip6-localhost  ip6-loopback # y\nfe80::1%lo0 a\n10.0.0.1 b\xe9",
    )
    rows = [tuple(row.values()) for row in query(open_root(), "SELECT address, hostnames FROM etc_hosts")]
    assert rows == [
        ("127.0.0.1", "localhost"),
        ("::1", "ip6-localhost ip6-loopback"),
        ("fe80::1%lo0", "a"),
        ("10.0.0.1", r"b\xe9"),
    ]


def test_services_with_comments_and_broken_lines(tmp_path: Path, open_root: Callable[..., Database]):
    etc(
        tmp_path,
        "services",
        "# c\ntcpmux 1/tcp # TCP port service multiplexer\nx 70000000/tcp\ny 5\nz /udp\nd 53/udp a b\n",
    )
    rows = [tuple(row.values()) for row in query(open_root(), "SELECT * FROM etc_services")]
    assert rows == [("tcpmux", 1, "tcp", "", "TCP port service multiplexer"), ("d", 53, "udp", "a b", "")]


SERVICES = b"""ssh 22/tcp
  indented 23/tcp a b # c
hexadecimal 0x16/tcp
octal 010/tcp
none 08/tcp
negative -1/tcp
slashes 5//tcp
comment#ed 6/tcp
x 6/tcp#c
y 7/udp\talias\talias2 z#c
return 7/tcp\r
nul 8/tcp\0junk
two 9/tcp/udp alias
13/tcp
"""
PROTOCOLS = b"""tcp 6 TCP
  indented 7 A B # c
hexadecimal 0x8
zeros 010
negative -1
big 99999999999
x 9#c
plus +4 a#b
"""


def test_lines_that_hardly_anybody_writes(tmp_path: Path, open_root: Callable[..., Database]):
    for name, file, columns in (
        ("services", SERVICES, "name, port || '/' || protocol, aliases"),
        ("protocols", PROTOCOLS, "name, number, alias"),
    ):
        etc(tmp_path, name, file)
        rows = query(open_root(), f"SELECT {columns} FROM etc_{name}")
        ours = [" ".join(str(value) for value in row.values()).split() for row in rows]
        files = {name: file, "nsswitch.conf": f"{name}: files\n".encode()}
        assert ours == [line.split() for line in with_etc(files, "getent", "-s", "files", name).decode().splitlines()]


def test_resolvers(tmp_path: Path, open_root: Callable[..., Database]):
    text = "; c\nnameserver 10.0.0.2\nnameserver fd00::2 # six\nsearch a.example b.example\n"
    text += "sortlist 10.0.0.0/255.0.0.0\nnameserver\n"
    etc(tmp_path, "resolv.conf", text)
    rows = [tuple(row.values()) for row in query(open_root(), "SELECT id, type, address, netmask FROM dns_resolvers")]
    assert rows == [
        (0, "nameserver", "10.0.0.2", "32"),
        (1, "nameserver", "fd00::2", "128"),
        (0, "sortlist", "10.0.0.0", "8"),
        (0, "search", "a.example", ""),
        (1, "search", "b.example", ""),
    ]


def test_missing_files_are_notes(open_root: Callable[..., Database]):
    for table in ("etc_hosts", "etc_services", "etc_protocols", "dns_resolvers"):
        assert notes(open_root(), f"SELECT * FROM {table}"), table
