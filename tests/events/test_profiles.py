"""Exclusion profiles: what is understood, what is refused and in which words, and the collector that uses them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hostql.events.config import load, profiles
from hostql.events.exclusion.profiles import fields_by_class
from hostql.events.exclusion.rules import FIELDS
from hostql.events.positions import Positions
from hostql.vtables.errors import ConfigError

FIRST = {"class": "socket", "port": 53}


def written(folder: Path, *rules: Any, profile: Any = "quiet", **others: Any) -> str:
    """A configuration with one profile, `quiet`; its first rule stands on line 5, the second's first key on line 10."""
    config = {"exclusion_profiles": {"quiet": {"rules": [FIRST, *rules]}}, "events": {"profile": profile}, **others}
    path = folder / "hostql.conf"
    path.write_text(json.dumps(config, indent=1))
    return str(path)


GOOD = [
    ({"port": ["53", 80, "8000-8100"]}, '{"port": [53, 80, "8000-8100"]}'),
    ({"port": 0}, '{"port": [0]}'),
    ({"cidr": "192.0.2.7"}, '{"cidr": ["192.0.2.7"]}'),
    ({"cidr": ["::ffff:10.0.0.0/104", "FD00::/8"]}, '{"cidr": ["10.0.0.0/8", "fd00::/8"]}'),
    ({"cidr": "192.0.2.0/255.255.255.0"}, '{"cidr": ["192.0.2.0/24"]}'),
    ({"cidr": ["10.0.0.0/8", "10.0.0.0/8"]}, '{"cidr": ["10.0.0.0/8"]}'),
    ({"cidr": "0.0.0.0/0", "port": 443}, '{"cidr": ["0.0.0.0/0"], "port": [443]}'),
    ({"protocol": ["TCP", 17, "icmpv6"]}, '{"protocol": [6, 17, 58]}'),
    ({"uid": ["root", 1000, "1001"]}, '{"uid": [0, 1000, 1001]}'),
    ({"comm": "systemd-network"}, '{"comm": ["systemd-network"]}'),
    ({"path": "/usr/bin/x"}, '{"path": ["/usr/bin/x"]}'),
    ({"path": ["/usr/lib/", "/usr/lib/**"]}, '{"path": ["/usr/lib/"]}'),
    ({"path": "/opt/*/bin/"}, '{"path": ["/opt/*/bin/**"]}'),
    ({"parent_path": "/opt/[a-c]?/**/x"}, '{"parent_path": ["/opt/[a-c]?/**/x"]}'),
    ({"cgroup": "/system.slice/cron.service/"}, '{"cgroup": ["/system.slice/cron.service"]}'),
    ({"container": ["*"]}, '{"container": ["*"]}'),
    ({"container": ["ABCDEF012345", "web"]}, '{"container": ["abcdef012345", "web"]}'),
    ({"class": "process", "success": False}, '{"class": "process", "success": false}'),
    ({"class": "hardware", "all": True, "comment": "virtual"}, '{"class": "hardware", "all": true}'),
]


@pytest.mark.parametrize(("rule", "source"), GOOD)
def test_a_rule_is_kept_in_one_spelling(tmp_path: Path, rule: dict[str, Any], source: str):
    _, rules = load(written(tmp_path, rule))
    assert rules.profile == "quiet"
    assert [(r.id, r.profile, r.number) for r in rules.rules] == [(0, "quiet", 0), (1, "quiet", 1)]
    assert rules.rules[1].source == source
    # What is spelled is what is meant: the source read again is the same rule.
    assert load(written(tmp_path, json.loads(source)))[1].rules[1].source == source


BAD = [
    ({}, 9, "asks about no field", '"all": true'),
    (7, 9, "a rule is no object", '"class"'),
    ({"clas": "socket"}, 10, "unknown key 'clas'", "Did you mean class?"),
    ({"exe": "/bin/x"}, 10, "unknown key 'exe'", "Allowed: class, all, comment, cidr, port"),
    ({"class": "sockets", "port": 1}, 10, "no such class of events: 'sockets'", "Did you mean socket?"),
    ({"class": ["socket"], "port": 1}, 10, "no such class of events: ['socket']", "Classes are dns, file"),
    ({"class": "process", "port": 1}, 11, "events of class process have no port", "parent_path, comm"),
    ({"class": "syslog", "uid": 0}, 11, "events of class syslog have no uid", "The fields of that class are: none"),
    ({"cidr": "10.0.0.1/8"}, 10, 'cidr cannot be "10.0.0.1/8"', '"10.0.0.0/8" for all of it, "10.0.0.1"'),
    ({"cidr": ["10.0.0.0/8", "10.300.0.0"]}, 12, 'cidr cannot be "10.300.0.0"', "an address"),
    ({"cidr": 10}, 10, "cidr cannot be 10", "an address"),
    ({"port": "90-80"}, 10, 'port cannot be "90-80"', '"80-90"'),
    ({"port": 65536}, 10, "port cannot be 65536", "0 to 65535"),
    ({"port": True}, 10, "port cannot be true", "0 to 65535"),
    ({"port": "ssh"}, 10, 'port cannot be "ssh"', "0 to 65535"),
    ({"port": []}, 10, "port is an empty list", ""),
    ({"protocol": "tpc"}, 10, 'protocol cannot be "tpc"', "sctp, tcp"),
    ({"protocol": 0}, 10, "protocol cannot be 0", "from 1 to 262"),
    ({"uid": "no such user"}, 10, 'uid cannot be "no such user"', "that this host knows"),
    ({"uid": -1}, 10, "uid cannot be -1", "4294967294"),
    ({"uid": 4294967295}, 10, "uid cannot be 4294967295", "4294967294"),
    ({"comm": "systemd-networkd"}, 10, 'comm cannot be "systemd-networkd"', 'keeps these alone: "systemd-network"'),
    ({"comm": "ååååååååå"}, 10, "comm cannot be", "at most 15 bytes"),
    ({"path": "bin/x"}, 10, 'path cannot be "bin/x"', "absolute path"),
    ({"path": "/usr/./lib/../bin/x"}, 10, "path cannot be", '"/usr/bin/x"'),
    ({"path": "//usr/lib/"}, 10, "path cannot be", '"/usr/lib/"'),
    ({"path": "/"}, 10, 'path cannot be "/"', '"all": true'),
    ({"path": "/**"}, 10, 'path cannot be "/**"', '"all": true'),
    ({"path": "/tmp/[ab"}, 10, "path cannot be", "classes are closed"),
    ({"path": {}}, 10, "path cannot be {}", "absolute path"),
    ({"cgroup": "/"}, 10, 'cgroup cannot be "/"', "below the root"),
    ({"cgroup": "/user.slice/*"}, 10, "cgroup cannot be", "without wildcards"),
    ({"cgroup": "/sys/fs/cgroup/user.slice"}, 10, "cgroup cannot be", '"/user.slice"'),
    ({"container": "web*"}, 10, "container cannot be", "without wildcards"),
    ({"success": "yes"}, 10, 'success cannot be "yes"', "true or false"),
    ({"all": True}, 10, "would drop every event", "Name a class."),
    ({"class": "file", "all": False}, 11, "all is not true", "left out"),
    ({"class": "file", "all": True, "uid": 0}, 11, "all stands beside uid", ""),
]


@pytest.mark.parametrize(("rule", "line", "what", "allowed"), BAD)
def test_a_faulty_rule_is_refused_with_its_place(tmp_path: Path, rule: Any, line: int, what: str, allowed: str):
    path = written(tmp_path, rule)
    with pytest.raises(ConfigError) as caught:
        load(path)
    error = caught.value
    assert error.message.startswith(f"{path}, line {line}: profile quiet, rule 1: ")
    assert what in error.message
    assert allowed in error.hint
    assert (error.file, error.line) == (path, line)


@pytest.mark.parametrize(
    ("text", "line", "what", "hint"),
    [
        ('{"exclusion_profiles": []}', 1, "exclusion_profiles is no object", "NAME"),
        ('{"exclusion_profiles": {"a": []},\n"events": {"profile": "a"}}', 1, "profile a: it is no object", "rules"),
        ('{"exclusion_profiles": {\n"a": {}},\n"events": {"profile": "a"}}', 2, "profile a: it has no rules", ""),
        ('{"exclusion_profiles": {\n"a": {"rules": {}}},\n"events": {"profile": "a"}}', 2, "rules is no list", ""),
        ('{"exclusion_profiles": {"a": {"rule": []}},\n"events": {"profile": "a"}}', 1, "unknown key 'rule'", "rules?"),
        ('{"exclusion_profiles": {"night": {"rules": []}},\n"events": {"profile": "nigth"}}', 2, "nigth", "night?"),
        ('{\n"events": {"profile": "a"}}', 2, "no such exclusion profile: a", "has no exclusion_profiles"),
        ('{\n"events": {"profile": {}}}', 2, "events.profile is no name", "a list of names"),
        ('{\n"events": {\n"profiles": "a"}}', 3, "events has no 'profiles'", "Did you mean profile?"),
        (
            '{"exclusion_profiles": {"a": {"rules": [\n{"uid": 0,\n"uid": 1}]}}}',
            3,
            "profile a, rule 0: 'uid' stands there twice",
            "the last alone",
        ),
        ('# a comment\n{"exclusion_profiles":\n 5}', 2, "exclusion_profiles is no object", "NAME"),
    ],
)
def test_a_faulty_profile_is_refused_with_its_place(tmp_path: Path, text: str, line: int, what: str, hint: str):
    path = tmp_path / "hostql.conf"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(str(path))
    assert f"line {line}: " in caught.value.message
    assert what in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.line == line


def test_several_profiles_are_in_force_together(tmp_path: Path):
    path = tmp_path / "hostql.conf"
    config = {
        "exclusion_profiles": {
            "one": {"rules": [{"uid": 1}, {"uid": 2}]},
            "two": {"comment": "why", "rules": [{"uid": 3}]},
            "wrong": {"rules": [{}]},
        },
        "events": {"profile": ["two", "one"]},
    }
    path.write_text(json.dumps(config))
    _, rules = load(str(path))
    assert rules.profile == "two,one"
    assert [(r.id, r.profile, r.number, r.uid) for r in rules.rules] == [
        (0, "two", 0, (3,)),
        (1, "one", 0, (1,)),
        (2, "one", 1, (2,)),
    ]
    found = profiles(str(path))
    assert [(name, found.count(name)) for name in found] == [("one", 2), ("two", 1), ("wrong", 1)]


def test_without_a_profile_there_are_no_rules(tmp_path: Path):
    path = tmp_path / "hostql.conf"
    path.write_text('{"exclusion_profiles": {"a": {"rules": [{"uid": 1}]}}, "schedule": {}}')
    assert load(str(path))[1].rules == ()


def test_every_field_is_told_of_by_some_class():
    assert frozenset().union(*fields_by_class().values()) == set(FIELDS)


PAGE = Path(__file__).parents[2] / "docs" / "exclusion-profiles.md"
EXAMPLES = re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("text", EXAMPLES)
def test_the_examples_of_the_documentation_work(tmp_path: Path, text: str):
    path = tmp_path / "hostql.conf"
    path.write_text(text)
    _, rules = load(str(path))
    assert rules.profile
    assert rules.rules


def test_positions_of_awkward_json():
    text = '{"a\\"{": [[], {}, "],\\n",\n {"x":\n null}], "b": {},\n"c": -1}'
    assert json.loads(text)
    found = Positions(text)
    assert [found.line('a"{', 3, "x"), found.line("b"), found.line("c"), found.line("d")] == [2, 3, 4, 0]
