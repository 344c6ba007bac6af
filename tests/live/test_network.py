"""Interfaces, addresses, routes, neighbours and packet filters made for the test, against ip, iptables and nft.

Each test has a network namespace of its own, with a pair of veth interfaces, so nothing of the host is changed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from hostql.tests.conftest import in_new_network, query, tool
from hostql.vtables.database import Database

pytestmark = pytest.mark.live

Rows = list[dict[str, Any]]
SETUP = """
link add veth0 type veth peer name veth1
link set veth0 address 02:00:00:00:00:01 mtu 1400
link set veth0 up
link set veth1 up
address add 10.1.2.3/24 broadcast + dev veth0
address add 10.9.0.1 peer 10.9.0.2/32 dev veth1
address add fd00::3/64 dev veth0 nodad
route add 192.0.2.0/24 via 10.1.2.1 metric 77 mtu 1300
route add 198.51.100.0/24 nexthop via 10.1.2.1 weight 1 nexthop dev veth1 weight 2
route add 203.0.113.7/32 via inet6 fd00::1 dev veth0
route add blackhole 192.88.99.0/24
route add default via 10.1.2.1 table 100
-6 route add 2001:db8::/32 via fd00::1
neighbour add 10.1.2.1 lladdr 02:00:00:00:00:aa dev veth0 nud permanent
neighbour add 10.1.2.9 lladdr 02:00:00:00:00:bb dev veth0 nud reachable
"""


def arranged(*answers: Callable[[], Any]) -> list[Any]:
    """What each function returns in the namespace that SETUP made."""

    def run() -> list[Any]:
        for line in SETUP.strip().split("\n"):
            done = subprocess.run(["ip", *line.split()], capture_output=True, text=True, check=False)
            if done.returncode != 0:
                pytest.skip(f"ip {line}: {done.stderr.strip()}")
        return [answer() for answer in answers]

    return in_new_network(run)


def ip(*arguments: str) -> Callable[[], Any]:
    """Asks `ip -j`."""
    return lambda: json.loads(subprocess.run(["ip", "-j", *arguments], capture_output=True, check=True).stdout or b"[]")


def rows(sql: str) -> Callable[[], Rows]:
    def ask() -> Rows:
        with Database() as db:
            return query(db, sql)

    return ask


def test_interfaces():
    shown, found = arranged(ip("-s", "-d", "link"), rows("SELECT * FROM interface_details"))
    by_name = {link["ifname"]: link for link in shown}
    assert {row["interface"] for row in found} == set(by_name) >= {"lo", "veth0", "veth1"}
    for row in found:
        link = by_name[row["interface"]]
        received, sent = link["stats64"]["rx"], link["stats64"]["tx"]
        assert (row["mac"], row["mtu"]) == (link["address"], link["mtu"])
        assert bool(row["flags"] & 1) == ("UP" in link["flags"])
        assert bool(row["flags"] & 8) == ("LOOPBACK" in link["flags"])
        assert row["type"] == {"loopback": 772, "ether": 1}[link["link_type"]]
        assert (row["ierrors"], row["idrops"]) == (received["errors"], received["dropped"])
        assert (row["oerrors"], row["odrops"], row["collisions"]) == (
            sent["errors"],
            sent["dropped"],
            sent["collisions"],
        )
        # Neighbour discovery goes on between the two readings.
        assert row["ibytes"] >= received["bytes"] and row["opackets"] >= sent["packets"]


def test_the_address_column_ignores_case():
    (found,) = arranged(rows("SELECT interface FROM interface_details WHERE mac = upper('02:00:00:00:00:01')"))
    assert found == [{"interface": "veth0"}]


def test_addresses():
    shown, found = arranged(ip("address"), rows("SELECT * FROM interface_addresses"))
    expected = {
        (link["ifname"], address["local"], address["prefixlen"], address.get("broadcast", ""))
        for link in shown
        for address in link["addr_info"]
    }
    assert {(row["interface"], row["address"], prefix_of(row["mask"]), row["broadcast"]) for row in found} == expected
    peers = {row["address"]: row["point_to_point"] for row in found}
    assert peers["10.9.0.1"] == "10.9.0.2"
    assert peers["10.1.2.3"] == peers["fd00::3"] == ""


def prefix_of(mask: str) -> int:
    """The length of a mask's prefix, which must be one."""
    import ipaddress

    bits = f"{int(ipaddress.ip_address(mask)):b}"
    if mask in ("0.0.0.0", "::"):
        return 0
    assert "01" not in bits
    return bits.count("1")


KINDS = {"unicast": "gateway"}


def test_routes():
    both = (ip("-4", "route", "show", "table", "all"), ip("-6", "route", "show", "table", "all"))
    four, six, found = arranged(*both, rows("SELECT * FROM routes"))
    expected = set()
    for everything, bits, shown in (("0.0.0.0", 32, four), ("::", 128, six)):
        for route in shown:
            destination, _, prefix = route["dst"].partition("/")
            length = int(prefix) if prefix else bits
            if destination == "default":
                destination, length = everything, 0
            kind = KINDS.get(route.get("type", "unicast"), route.get("type", "unicast"))
            for hop in route.get("nexthops", [route]):
                gateway = hop.get("gateway") or hop.get("via", {}).get("host", "")
                ends = (destination, length, gateway, route.get("prefsrc", ""), hop.get("dev", ""))
                expected.add((*ends, route.get("metric", 0), kind))
    names = ("destination", "netmask", "gateway", "source", "interface", "metric", "type")
    assert {tuple(row[name] for name in names) for row in found} == expected
    by_destination = {row["destination"]: row for row in found if row["type"] == "gateway"}
    assert by_destination["192.0.2.0"]["mtu"] == 1300
    assert by_destination["203.0.113.7"]["gateway"] == "fd00::1"
    assert [row["table_id"] for row in found if row["destination"] == "0.0.0.0"] == [100]
    hops = sorted((row["gateway"], row["interface"]) for row in found if row["destination"] == "198.51.100.0")
    assert hops == [("", "veth1"), ("10.1.2.1", "veth0")]


def test_a_type_of_routes_is_looked_up():
    (found,) = arranged(rows("SELECT destination FROM routes WHERE type = 'blackhole'"))
    assert found == [{"destination": "192.88.99.0"}]


def test_neighbours():
    shown, found = arranged(ip("-4", "neighbour", "show", "nud", "all"), rows("SELECT * FROM arp_cache"))
    expected = {
        (entry["dst"], entry.get("lladdr", "00:00:00:00:00:00"), entry["dev"], str(int("PERMANENT" in entry["state"])))
        for entry in shown
        if "NOARP" not in entry["state"]
    }
    assert {tuple(row.values()) for row in found} == expected
    assert ("10.1.2.1", "02:00:00:00:00:aa", "veth0", "1") in expected


def test_ipv6_settings():
    def settings() -> Any:
        tool("sysctl", "-w", "net.ipv6.conf.veth0.forwarding=1", "net.ipv6.conf.veth1.hop_limit=9")
        return rows("SELECT * FROM interface_ipv6")()

    (found,) = arranged(settings)
    by_name = {row["interface"]: row for row in found}
    assert set(by_name) == {"lo", "veth0", "veth1"}
    assert (by_name["veth0"]["forwarding_enabled"], by_name["veth1"]["forwarding_enabled"]) == (1, 0)
    assert by_name["veth1"]["hop_limit"] == 9


RULES = """
-P FORWARD DROP
-N web
-A INPUT -i veth0 -s 10.1.0.0/16 -p tcp -m multiport --dports 80,443 -j web
-A INPUT ! -s 10.1.2.9 -p udp --dport 53 -j DROP
-A web -d 10.1.2.3 -m comment --comment "two words" -j ACCEPT
"""


def test_iptables():
    import shlex

    if not shutil.which("iptables"):
        pytest.skip("needs iptables")

    def make() -> Any:
        for line in RULES.strip().split("\n"):
            done = subprocess.run(["iptables", *shlex.split(line)], capture_output=True, text=True, check=False)
            if done.returncode != 0:
                pytest.skip(f"iptables {line}: {done.stderr.strip()}")
        saved = subprocess.run(["iptables-save"], capture_output=True, text=True, check=True).stdout
        return saved, rows("SELECT * FROM iptables WHERE filter_name = 'filter'")()

    ((saved, found),) = arranged(make)
    chains = {line.split()[0][1:]: line.split()[1] for line in saved.splitlines() if line.startswith(":")}
    assert {row["chain"]: row["policy"] or "-" for row in found if not row["target"]} == chains
    assert chains["FORWARD"] == "DROP"
    web, dns, accept = (row for row in found if row["target"])
    assert (web["chain"], web["target"], web["iniface"], web["protocol"]) == ("INPUT", "web", "veth0", 6)
    assert (web["src_ip"], web["src_mask"], web["dst_port"]) == ("10.1.0.0", "255.255.0.0", "80,443")
    assert "multiport" in web["match"].split(",")
    assert (dns["src_ip"], dns["src_mask"], dns["protocol"]) == ("!10.1.2.9", "255.255.255.255", 17)
    assert (dns["target"], dns["dst_port"], dns["dst_mask"]) == ("DROP", "53", "0.0.0.0")
    assert (accept["chain"], accept["dst_ip"], accept["target"]) == ("web", "10.1.2.3", "ACCEPT")


# A comment may look like anything: an option, several, a rule of its own.
ODD_RULES = [
    ["-m", "conntrack", "!", "--ctstate", "RELATED,ESTABLISHED", "-j", "DROP"],
    ["!", "-i", "eth+", "!", "-d", "10.1.0.1/32", "!", "-p", "tcp", "-j", "RETURN"],
    ["-p", "tcp", "-m", "tcp", "!", "--dport", "22", "-m", "comment", "--comment", "-j", "-j", "REJECT"],
    ["-p", "tcp", "-m", "multiport", "!", "--sports", "1:1023", "-g", "web"],
    ["-p", "udp", "-m", "multiport", "--ports", "53,67", "-j", "ACCEPT"],
    ["-p", "47", "-j", "ACCEPT"],
    ["-p", "253", "-j", "ACCEPT"],
    ["-m", "comment", "--comment", 'it\'s "so" \\ -j ACCEPT\n[0:0] -A INPUT -j ACCEPT', "-j", "DROP"],
    ["-m", "comment", "--comment", "", "-m", "owner", "!", "--uid-owner", "0"],
]


def test_rules_of_iptables_that_are_easily_misread():
    if not shutil.which("iptables"):
        pytest.skip("needs iptables")

    def make() -> Any:
        for rule in [["-N", "web"], *(["-A", "OUTPUT" if "owner" in rule else "INPUT", *rule] for rule in ODD_RULES)]:
            done = subprocess.run(["iptables", *rule], capture_output=True, text=True, check=False)
            if done.returncode != 0:
                pytest.skip(f"iptables {rule}: {done.stderr.strip()}")
        saved = subprocess.run(["iptables-save", "-c"], capture_output=True, text=True, check=True).stdout
        sql = "SELECT * FROM iptables WHERE filter_name = 'filter' AND rule <> ''"
        return saved, rows(sql)()

    ((saved, found),) = arranged(make)
    assert [row["target"] for row in found] == [*"DROP RETURN REJECT web ACCEPT ACCEPT ACCEPT DROP".split(), ""]
    assert [row["protocol"] for row in found] == [0, None, 6, 6, 17, 47, 253, 0, 0]
    assert (found[1]["iniface"], found[1]["dst_ip"]) == ("!eth+", "!10.1.0.1")
    ports = [(row["src_port"], row["dst_port"]) for row in found[2:5]]
    assert ports == [("", "!22"), ("!1:1023", ""), ("53,67", "53,67")]
    assert {row["chain"] for row in found[:-1]} == {"INPUT"}
    # Nothing is lost: each rule stands there as iptables-save prints it.
    assert all(f"] {row['rule']}\n" in saved for row in found)


def test_rules_of_the_other_iptables_are_shown_too():
    if not (shutil.which("iptables-nft") and shutil.which("iptables-legacy")):
        pytest.skip("needs both kinds of iptables")

    def make() -> Any:
        for kind in ("nft", "legacy"):
            command = [f"iptables-{kind}", "-A", "INPUT", "-m", "comment", "--comment", kind, "-j", "DROP"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                pytest.skip(f"{command}: {done.stderr.strip()}")
        return rows("SELECT rule FROM iptables WHERE target = 'DROP'")()

    ((found),) = arranged(make)
    assert sorted(row["rule"] for row in found) == [
        "-A INPUT -m comment --comment legacy -j DROP",
        "-A INPUT -m comment --comment nft -j DROP",
    ]


NFT = """
table inet guard {
  chain in {
    type filter hook input priority 0; policy drop;
    iifname "lo" counter accept
    tcp dport { 22, 443 } counter packets 3 bytes 180 jump web
    ip saddr 10.0.0.0/8 log prefix "ten " drop
  }
  chain web { accept; }
}
"""


def test_nftables():
    if not shutil.which("nft"):
        pytest.skip("needs nft")

    def make() -> Any:
        done = subprocess.run(["nft", "-f", "-"], input=NFT, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"nft cannot make rules here: {done.stderr.strip()}")
        shown = subprocess.run(["nft", "-j", "list", "ruleset"], capture_output=True, check=True).stdout
        return json.loads(shown), rows("SELECT * FROM nftables_rules ORDER BY position")()

    ((shown, found),) = arranged(make)
    rules = [entry["rule"] for entry in shown["nftables"] if "rule" in entry]
    assert [(r["handle"], r["chain"], json.loads(r["expression"])) for r in found] == [
        (rule["handle"], rule["chain"], rule["expr"]) for rule in rules
    ]
    assert [row["verdict"] for row in found] == ["accept", "jump", "drop", "accept"]
    assert {(row["family"], row["table_name"]) for row in found} == {("inet", "guard")}
    assert [(row["hook"], row["policy"]) for row in found] == [("input", "drop")] * 3 + [("", "")]
    assert (found[1]["packets"], found[1]["bytes"]) == (3, 180)
    assert found[2]["packets"] is None
