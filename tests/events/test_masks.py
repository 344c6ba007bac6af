"""Masks of rules: what they say is what the rules say, for any rules and events."""

from __future__ import annotations

import os
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Any

import pytest
from hostql.events.context import Contexts
from hostql.events.exclusion.masks import Masks, Paths, Prefixes, prefixes_of_range
from hostql.events.exclusion.match import mask_matcher, matcher
from hostql.events.exclusion.rules import PathPattern, Rule, Rules
from hypothesis import example, given
from hypothesis import strategies as st

from .differential import dropped_by_masks, dropped_naively, path_holds

# Few and near values, so that rules and events meet.
NAMES = st.sampled_from(["usr", "usrx", "lib", "bin", "a", "b.so"])
PATHS = st.lists(NAMES, min_size=1, max_size=4).map(lambda names: "/" + "/".join(names))
GLOBS = st.lists(st.sampled_from(["*", "**", "u?r", "[a-l]*", "[!a]", "usr", "lib"]), min_size=1, max_size=3).map(
    lambda names: "/" + "/".join(names)
)
PATTERNS = st.one_of(
    st.builds(PathPattern, st.just("exact"), PATHS),
    st.builds(PathPattern, st.just("prefix"), PATHS),
    st.builds(PathPattern, st.just("glob"), GLOBS),
)
V4 = st.builds(
    lambda value, bits: IPv4Network((value << 28 >> 32 - bits << 32 - bits if bits else 0, bits)),
    st.integers(0, 15),
    st.sampled_from([0, 1, 2, 3, 4, 32]),
)
V6 = st.sampled_from(["::/0", "::/64", "::/95", "fd00::/8", "fd00::/9", "fd00::1/128", "::1/128"]).map(IPv6Network)
ADDRESSES = st.sampled_from(
    [
        *("", "0.0.0.0", "16.0.0.0", "96.1.2.3", "240.0.0.0", "::ffff:16.0.0.0", "::ffff:128.0.0.1", "1.2.3", None),
        *("::1", "fd00::1", "fd80::", "fe80::1%eth0", "2001:db8::1", "/run/socket", "::"),
    ]
)
PORTS = st.tuples(st.integers(0, 12), st.integers(0, 12)).map(lambda pair: (min(pair), max(pair)))
GROUPS = st.sampled_from(["/a", "/a/b", "/ab", "/a/b/c"])
CONTAINERS = st.sampled_from(["abcdef012345", "abcdef012345" + "0" * 52, "web", "webshop", "abc"])
ASKED: dict[str, Any] = {
    "cidr": st.one_of(V4, V6),
    "port": PORTS,
    "protocol": st.sampled_from([6, 17]),
    "path": PATTERNS,
    "parent_path": PATTERNS,
    "comm": st.sampled_from(["lib", "bin", "python3"]),
    "uid": st.integers(0, 3),
    "cgroup": GROUPS,
    "container": st.one_of(CONTAINERS, st.just("*")),
}


@st.composite
def rule_sets(draw: Any, event_class: str) -> Rules:
    rules = []
    for id in range(draw(st.integers(0, 6))):
        fields = draw(st.lists(st.sampled_from(sorted(ASKED)), max_size=3, unique=True))
        asked = {field: tuple(draw(st.lists(ASKED[field], min_size=1, max_size=3))) for field in fields}
        success = draw(st.sampled_from([None, None, None, True, False]))
        of = draw(st.sampled_from(["", event_class, "dns"]))
        rules.append(Rule(id * 3, "{}", event_class=of, success=success, **asked))
    return Rules("quiet", tuple(rules))


class Known(Contexts):
    """Processes 1 to 3 of a host."""

    def of(self, pid: int) -> Any:
        return ({1: "/usr/lib/a", 2: "/bin/b.so"}.get(pid, ""), None, "", "", "", "")

    def comm(self, pid: int) -> str:
        return {1: "lib", 2: "python3"}.get(pid, "")


CONTEXT = {
    "pid": st.integers(1, 3),
    "uid": st.sampled_from([0, 1, 2, "1", None]),
    "ppid": st.sampled_from([1, 2, 3, None]),
    "cgroup_path": st.one_of(GROUPS, st.just("")),
    "container_id": st.one_of(CONTAINERS, st.just("")),
    "success": st.sampled_from([0, 1, None]),
}
SOCKET_EVENTS = st.fixed_dictionaries(
    {
        **CONTEXT,
        "path": st.one_of(PATHS, st.just("")),
        "protocol": st.sampled_from([6, 17, None]),
        "local_address": ADDRESSES,
        "remote_address": ADDRESSES,
        "local_port": st.integers(0, 12),
        "remote_port": st.sampled_from([0, 1, 5, None]),
    }
)
FILE_EVENTS = st.fixed_dictionaries({**CONTEXT, "path": PATHS, "dest_path": st.one_of(PATHS, st.just(""))})
PROCESS_EVENTS = st.fixed_dictionaries({**CONTEXT, "path": st.one_of(PATHS, st.just("")), "parent": st.integers(1, 3)})


@pytest.mark.parametrize(
    ("table", "events"),
    [
        ("socket_events", SOCKET_EVENTS),
        ("process_file_events", FILE_EVENTS),
        ("process_events", PROCESS_EVENTS),
    ],
)
def test_masks_drop_what_the_definition_drops(table: str, events: Any):
    kind = {"socket_events": "socket", "process_file_events": "file", "process_events": "process"}[table]

    @given(rule_sets(kind), st.lists(events, min_size=1, max_size=8))
    def check(rules: Rules, given: list[dict[str, Any]]) -> None:
        contexts = Known()
        assert dropped_by_masks(rules, table, given, contexts) == dropped_naively(rules, table, given, contexts)

    check()


@given(st.lists(PATTERNS, max_size=8), st.lists(PATHS, max_size=8))
@example([PathPattern("prefix", "/usr"), PathPattern("exact", "/usr/lib")], ["/usr", "/usr/lib", "/usrx"])
@example([PathPattern("prefix", "/usr/lib"), PathPattern("prefix", "/usr")], ["/usr/lib/a", "/usr/lib", "/usr/a"])
def test_the_longest_entry_of_paths_has_what_all_of_them_say(patterns: list[PathPattern], paths: list[str]):
    """A kernel with longest-prefix maps looks `path NUL` up among `exact NUL`, `folder NUL` and `folder /`."""
    patterns = [pattern for pattern in patterns if pattern.kind != "glob"]
    found = Paths((pattern, 1 << place) for place, pattern in enumerate(patterns))
    entries = {text + "\0": mask for text, mask in {**found.folders, **found.exact}.items()}
    entries.update({text + "/": mask for text, mask in found.folders.items()})
    for path in paths:
        longest = max((key for key in entries if (path + "\0").startswith(key)), key=len, default=None)
        assert found.of(path) == (entries[longest] if longest else 0)
        assert found.of(path) == sum(1 << place for place, pattern in enumerate(patterns) if path_holds(pattern, path))


@given(st.lists(st.one_of(V4, V6), max_size=8), ADDRESSES)
def test_ipv6_entries_say_of_mapped_addresses_what_is_said_of_ipv4(networks: list[Any], address: str | None):
    if not address or ":" not in address:
        return
    masks = Masks([Rule(i, "{}", cidr=(network,)) for i, network in enumerate(networks)])
    value = int(IPv6Address(address.partition("%")[0]))
    covering = [(bits, mask) for first, bits, mask in masks.in_ipv6() if value >> 128 - bits == first >> 128 - bits]
    assert (max(covering)[1] if covering else 0) == masks.address(value.to_bytes(16, "big"))


@given(PORTS.map(lambda pair: (pair[0] * 5000, pair[1] * 5461)))
def test_a_range_is_covered_and_no_more(pair: tuple[int, int]):
    low, high = min(pair), max(pair)
    covered = sorted((value, value + (1 << 16 - bits) - 1) for value, bits in prefixes_of_range(low, high))
    assert covered[0][0] == low
    assert covered[-1][1] == high
    assert all(after[0] == before[1] + 1 for before, after in zip(covered, covered[1:]))
    assert len(covered) <= 30


def test_a_thousand_networks_are_as_many_look_ups_as_they_have_lengths():
    networks = [ip_network(f"10.{i >> 8}.{i & 255}.0/24") for i in range(1000)]
    rules = [Rule(i, "{}", cidr=(network,)) for i, network in enumerate(networks)]
    match = matcher(rules, "socket_events", ("remote_address", "pid"), Contexts())
    assert [match(("10.0.7.9", 1)), match(("10.3.231.1", 1)), match(("10.4.0.1", 1))] == [7, 999, None]
    assert len(Masks(rules).addresses[4]._levels) == 1


def test_all_rules_that_match_are_told():
    rules = [Rule(5, "{}", uid=(0,)), Rule(6, "{}", uid=(1,)), Rule(9, "{}", path=(PathPattern("prefix", "/a"),))]
    match = mask_matcher(rules, "process_events", ("path", "uid"), Contexts())
    assert match(("/a/b", 0)) == 0b101
    assert match(("/b", 2)) == 0


def test_a_rename_out_of_an_excluded_directory_is_kept():
    rules = [Rule(0, "{}", path=(PathPattern("prefix", "/tmp"),))]
    match = matcher(rules, "process_file_events", ("path", "dest_path"), Contexts())
    assert [match(("/tmp/x", "/etc/passwd")), match(("/tmp/x", "/tmp/y")), match(("/tmp/x", ""))] == [None, 0, 0]


def test_the_owner_of_a_file_is_not_who_changed_it():
    match = matcher([Rule(0, "{}", uid=(0,))], "file_events", ("target_path", "uid"), Contexts())
    assert match(("/etc/passwd", 0)) is None


def test_a_command_name_is_that_of_the_running_process():
    with open("/proc/self/comm", encoding="utf-8") as file:
        own = file.read().rstrip("\n")
    match = matcher([Rule(0, "{}", comm=(own,))], "socket_events", ("pid",), Contexts())
    assert match((os.getpid(),)) == 0


def test_prefixes_take_in_those_that_cover_them():
    found = Prefixes(8, [(0, 0, 1), (0b10000000, 1, 2), (0b10100000, 3, 4), (0b10100000, 3, 8)])
    assert sorted(found.entries()) == [(0, 0, 1), (128, 1, 3), (160, 3, 15)]
    assert [found.of(value) for value in (0, 200, 170)] == [1, 3, 15]
