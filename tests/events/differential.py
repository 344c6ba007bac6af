"""Exclusion, evaluated in the plainest way, and the comparison of any other way with it.

`excluded` reads a rule as its definition does, field by field, with none of the product's tables and masks. A test of a
publisher collects the same events once without rules and once with them, and calls `differences`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv6Address, ip_address
from typing import Any

from hostql.events.context import Contexts
from hostql.events.exclusion.match import columns_of, comm_of, matcher
from hostql.events.exclusion.rules import FIELDS, PathPattern, Rule, Rules
from hostql.events.stream import event_class

Event = dict[str, Any]


def differences(
    rules: Rules,
    enforced: Iterable[int],
    table: str,
    events: Sequence[Event],
    kept: Sequence[Event],
    identity: Callable[[Event], object],
    contexts: Contexts | None = None,
) -> dict[str, list[Event]]:
    """What a publisher decided otherwise than Python does.

    `events` came without rules, `kept` are those of the same doings that came with them; `identity` tells which is
    which (a program's arguments, a port). Only the rules in `enforced`, which the publisher says it decides, count.

        wrongly kept     a rule matches it, and it came
        wrongly dropped  no rule matches it, and it did not come
    """
    decided = tuple(rule for rule in rules.rules if rule.id in set(enforced))
    came = {identity(event) for event in kept}
    wanted = [(event, not any(excluded(rule, table, event, contexts) for rule in decided)) for event in events]
    return {
        "wrongly kept": [event for event, wants in wanted if not wants and identity(event) in came],
        "wrongly dropped": [event for event, wants in wanted if wants and identity(event) not in came],
    }


def dropped_by_masks(rules: Rules, table: str, events: Sequence[Event], contexts: Contexts) -> list[int | None]:
    """What the collector says of each event: the id of the rule that drops it, or None."""
    columns = tuple(dict.fromkeys(name for event in events for name in event))
    of_class = rules.of_class(event_class(table))
    match = matcher(of_class, table, columns, contexts)
    return [match(tuple(event.get(name) for name in columns)) for event in events]


def dropped_naively(rules: Rules, table: str, events: Sequence[Event], contexts: Contexts) -> list[int | None]:
    """The same, by the definition."""
    return [next((rule.id for rule in rules.rules if excluded(rule, table, event, contexts)), None) for event in events]


def excluded(rule: Rule, table: str, event: Event, contexts: Contexts | None = None) -> bool:
    """Whether a rule drops an event, given by its columns."""
    if rule.event_class not in ("", event_class(table)):
        return False
    return all(
        _holds(rule, field, table, event, contexts) for field in FIELDS if getattr(rule, field) not in ((), None)
    )


def _holds(rule: Rule, field: str, table: str, event: Event, contexts: Contexts | None) -> bool:
    names = columns_of(table, field)
    if field == "port" and "remote_address" in event:
        names = ("remote_port",) if event["remote_address"] else ("local_port",)
    if field == "comm" and table == "process_events":
        return bool(event.get("path")) and comm_of(event["path"]) in rule.comm
    values = [event[name] for name in names if event.get(name) not in (None, "")]
    if not values:
        return False
    value = values[0]
    if field == "comm" and "comm" not in event:
        assert contexts is not None
        return contexts.comm(int(value)) in rule.comm
    if field == "parent_path":
        assert contexts is not None
        parent = contexts.of(int(value))[0]
        return any(path_holds(pattern, parent) for pattern in rule.parent_path)
    if field == "path":
        both = [value, *([event["dest_path"]] if event.get("dest_path") else [])]
        return all(any(path_holds(pattern, each) for pattern in rule.path) for each in both)
    return _value_holds(rule, field, value)


def _value_holds(rule: Rule, field: str, value: Any) -> bool:
    if field == "cidr":
        try:
            address = ip_address(value)
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        if isinstance(address, IPv6Address):
            address = IPv6Address(int(address))
        return any(address in network for network in rule.cidr if network.version == address.version)
    if field == "port":
        return any(low <= int(value) <= high for low, high in rule.port)
    if field == "cgroup":
        return any((value + "/").startswith(group.rstrip("/") + "/") for group in rule.cgroup)
    if field == "container":
        return any(
            given == "*"
            or value == given
            or (re.fullmatch("[0-9a-f]{12,}", given) is not None and value.startswith(given))
            for given in rule.container
        )
    if field == "success":
        return bool(int(value)) == rule.success
    return str(value) in [str(each) for each in getattr(rule, field)]


def path_holds(pattern: PathPattern, path: str) -> bool:
    if pattern.kind == "exact":
        return path == pattern.text
    if pattern.kind == "prefix":
        return (path + "/").startswith(pattern.text.rstrip("/") + "/")
    return _glob_holds(pattern.text, path) or (pattern.text.endswith("/**") and _glob_holds(pattern.text[:-3], path))


def _glob_holds(glob: str, path: str) -> bool:
    """One character after the other, without regular expressions."""
    if not glob:
        return not path
    if glob.startswith("**"):
        rest = glob.lstrip("*")
        return any(_glob_holds(rest, path[at:]) for at in range(len(path) + 1))
    if glob[0] == "*":
        name = path.partition("/")[0]
        return any(_glob_holds(glob[1:], path[at:]) for at in range(len(name) + 1))
    if not path:
        return False
    if glob[0] == "[" and "]" in glob[2:]:
        end = glob.index("]", 3 if glob[1] == "!" else 2)
        inside, negated = glob[1:end].lstrip("!"), glob[1] == "!"
        found = path[0] in inside or any(
            inside[at - 1] <= path[0] <= inside[at + 1] for at in range(1, len(inside) - 1) if inside[at] == "-"
        )
        return path[0] != "/" and found != negated and _glob_holds(glob[end + 1 :], path[1:])
    if glob[0] == "?" and path[0] == "/":
        return False
    return glob[0] in ("?", path[0]) and _glob_holds(glob[1:], path[1:])
