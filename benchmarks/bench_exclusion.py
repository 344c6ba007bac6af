"""Exclusion in Python: events a second through rule sets of several sizes, beside the plain evaluation rule by rule."""

from __future__ import annotations

import random
import time
from ipaddress import ip_address, ip_network
from typing import Any

from ..events.context import Contexts
from ..events.exclusion.match import matcher
from ..events.exclusion.rules import PathPattern, Rule
from .measure import verdict

EVENTS = 50_000
# Different addresses, paths and process ids among the events: what is looked up once is remembered.
DISTINCT = 5_000
COLUMNS = ("pid", "uid", "protocol", "remote_address", "remote_port", "local_port", "path", "cgroup_path")
# What the collector has to do for an event anyhow is to be the larger part: with 1,000 rules at most this much slower
# than with one.
ALLOWED = 4.0


def main() -> None:
    """Print the rates, and the ratio of a thousand rules to one."""
    rows = _rows()
    rates = {}
    for name, rules in _sets().items():
        match = matcher(rules, "socket_events", COLUMNS, Contexts())
        started = time.perf_counter()
        dropped = sum(match(row) is not None for row in rows)
        rates[name] = len(rows) / (time.perf_counter() - started)
        print(f"     {name:<44} {rates[name]:>10,.0f} events/s, {dropped:,} of {len(rows):,} dropped")
    plain = _plain_rate(rows)
    print(f"     {'1,000 rules of one network, one by one':<44} {plain:>10,.0f} events/s")
    ratio = rates["1 rule of one network"] / rates["1,000 rules of one network"]
    verdict(
        "exclusion, 1,000 rules to 1", ratio, ALLOWED, f"{rates['1,000 rules of one network'] / plain:.0f} x plain", ""
    )


def _sets() -> dict[str, list[Rule]]:
    networks = [ip_network(f"10.{number >> 8}.{number & 255}.0/24") for number in range(1000)]
    return {
        "1 rule of one network": [Rule(0, "{}", cidr=(networks[0],))],
        "1 rule of 1,000 networks": [Rule(0, "{}", cidr=tuple(networks))],
        "1,000 rules of one network": [Rule(i, "{}", cidr=(network,)) for i, network in enumerate(networks)],
        "1,000 rules of network, port and user": [
            Rule(i, "{}", cidr=(network,), port=((443, 443), (8000, 8100)), uid=(i % 50,))
            for i, network in enumerate(networks)
        ],
        "1,000 exact paths, 100 directories": [
            *(Rule(i, "{}", path=(PathPattern("exact", f"/usr/bin/tool{i}"),)) for i in range(1000)),
            *(Rule(1000 + i, "{}", path=(PathPattern("prefix", f"/opt/app{i}"),)) for i in range(100)),
        ],
        "100 globs": [Rule(i, "{}", path=(PathPattern("glob", f"/opt/app{i}/*/bin/*"),)) for i in range(100)],
        "20 rules as people write them": [
            *(Rule(i, "{}", path=(PathPattern("exact", f"/usr/bin/tool{i}"),), uid=(i,)) for i in range(10)),
            *(Rule(10 + i, "{}", cidr=(networks[i],), port=((443, 443),), protocol=(6,)) for i in range(9)),
            Rule(19, "{}", cgroup=("/system.slice/backup.service",)),
        ],
    }


def _rows() -> list[tuple[Any, ...]]:
    chance = random.Random(7)
    addresses = [f"{chance.choice((10, 192))}.{n >> 8 & 15}.{n & 255}.{chance.randrange(256)}" for n in range(DISTINCT)]
    paths = [chance.choice((f"/usr/bin/tool{n}", f"/opt/app{n % 200}/x/bin/run")) for n in range(DISTINCT)]
    return [
        (
            *(n % 1000, chance.randrange(100), 6, chance.choice(addresses), chance.choice((443, 80, 8080)), 40_000),
            *(chance.choice(paths), chance.choice(("/system.slice/backup.service", "/user.slice"))),
        )
        for n in range(EVENTS)
    ]


def _plain_rate(rows: list[tuple[Any, ...]]) -> float:
    networks = [ip_network(f"10.{number >> 8}.{number & 255}.0/24") for number in range(1000)]
    some = rows[:200]
    started = time.perf_counter()
    for row in some:
        address = ip_address(row[3])
        any(address in network for network in networks)
    return len(some) / (time.perf_counter() - started)
