"""`matcher`: the rules that no kernel decided, decided over rows of an event table."""

from __future__ import annotations

from .rules import Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..context import Contexts
    from .rules import PathPattern

    Row = tuple[Any, ...]
    Test = Callable[[Row], bool]

# Where a field's value stands in a row: the first of these columns that the row has and that is not empty.
COLUMNS = {
    "cidr": ("remote_address", "local_address"),
    "port": ("remote_port", "local_port"),
    "protocol": ("protocol",),
    "uid": ("uid",),
    "cgroup": ("cgroup_path",),
    "container": ("container_id",),
    "success": ("success",),
}
# What `path` is about: the event's own path where it has one, else the program.
PATHS = {"process_events": ("path",), "file_events": ("target_path",), "process_file_events": ("path",)}


def matcher(
    rules: tuple[Rule, ...], table: str, columns: tuple[str, ...], contexts: Contexts
) -> Callable[[Row], int | None]:
    """A function that gives the id of the first rule a row of the table matches, None for a row that stays.

    A rule about a field that the table does not have matches none of its rows.
    """
    compiled: list[tuple[int, list[Test]]] = []
    for rule in rules:
        tests = [_test(rule, field, table, columns, contexts) for field in sorted(rule.fields())]
        if all(tests):
            compiled.append((rule.id, [test for test in tests if test is not None]))

    def match(row: Row) -> int | None:
        for id, tests in compiled:
            if all(test(row) for test in tests):
                return id
        return None

    return match


def _test(rule: Rule, field: str, table: str, columns: tuple[str, ...], contexts: Contexts) -> Test | None:
    if field in ("comm", "parent_path"):
        return _about_process(rule, field, columns, contexts)
    names = PATHS.get(table, ("exe",)) if field == "path" else COLUMNS[field]
    places = [columns.index(name) for name in names if name in columns]
    if not places:
        return None
    accept = _accepts(rule, field)

    def test(row: Row) -> bool:
        for place in places:
            value = row[place]
            if value not in (None, ""):
                return accept(value)
        return False

    return test


def _about_process(rule: Rule, field: str, columns: tuple[str, ...], contexts: Contexts) -> Test | None:
    name = "pid" if field == "comm" else "parent" if "parent" in columns else "ppid"
    if name not in columns:
        return None
    place = columns.index(name)
    if field == "comm":
        wanted = frozenset(rule.comm)
        return lambda row: row[place] is not None and contexts.comm(row[place]) in wanted
    return lambda row: row[place] is not None and path_matches(rule.parent_path, contexts.of(row[place])[0])


def _accepts(rule: Rule, field: str) -> Callable[[Any], bool]:
    """Whether one value of the field is what the rule asks for."""
    if field == "cidr":
        from ipaddress import ip_address

        def in_network(value: str) -> bool:
            try:
                address = ip_address(value)
            except ValueError:
                return False
            return any(address in network for network in rule.cidr if network.version == address.version)

        return in_network
    if field == "port":
        return lambda value: any(low <= value <= high for low, high in rule.port)
    if field == "path":
        return lambda value: path_matches(rule.path, value)
    if field == "cgroup":
        return lambda value: any(value == group or value.startswith(group.rstrip("/") + "/") for group in rule.cgroup)
    if field == "container":
        return lambda value: any(given == "*" or value.startswith(given) for given in rule.container)
    if field == "success":
        return lambda value: bool(value) == rule.success
    wanted = frozenset(getattr(rule, field))
    return lambda value: value in wanted


def path_matches(patterns: tuple[PathPattern, ...], path: str) -> bool:
    """Whether the path is one of the patterns'."""
    from fnmatch import fnmatchcase

    for pattern in patterns:
        text = pattern.text
        if pattern.kind == "exact":
            found = path == text
        elif pattern.kind == "prefix":
            found = path == text.rstrip("/") or path.startswith(text.rstrip("/") + "/")
        else:
            found = fnmatchcase(path, text)
        if found:
            return True
    return False
