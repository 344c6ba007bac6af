"""`matcher`: the rules that no kernel decided, decided over rows of an event table."""

from __future__ import annotations

from .masks import Masks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from ..context import Contexts
    from .rules import Rule

    Row = tuple[Any, ...]
    # The rules that a row satisfies in one field.
    Satisfied = Callable[[Row], int]

# Where a field's value stands in a row: the first of these columns that the row has and that is not empty. Fields whose
# values are cheap to look at come first.
COLUMNS = {
    "success": ("success",),
    "uid": ("uid",),
    "protocol": ("protocol",),
    "port": ("remote_port", "local_port", "server_port"),
    "cidr": ("remote_address", "local_address", "server_address", "address"),
    "path": ("exe",),
    "cgroup": ("cgroup_path",),
    "container": ("container_id",),
    "parent_path": ("parent", "ppid"),
    "comm": ("comm", "pid"),
}
# What a table says differently; the owner of a file is not who changed it.
OWN_COLUMNS = {
    ("process_events", "path"): ("path",),
    ("socket_events", "path"): ("path", "exe"),
    ("user_events", "path"): ("path", "exe"),
    ("hardware_events", "path"): ("path",),
    ("file_events", "path"): ("target_path",),
    ("file_events", "uid"): (),
    ("process_file_events", "path"): ("path",),
}
# Values remembered for each field that is not looked up in one step.
REMEMBERED = 65_536
_EMPTY = (None, "")


def columns_of(table: str, field: str) -> tuple[str, ...]:
    """The columns in which a table of events holds what a rule's field asks about."""
    return OWN_COLUMNS.get((table, field), COLUMNS[field])


def matcher(
    rules: Sequence[Rule], table: str, columns: tuple[str, ...], contexts: Contexts
) -> Callable[[Row], int | None]:
    """A function that gives the id of the first rule a row of the table matches, None for a row that stays.

    A rule about a field that the table does not have matches none of its rows.
    """
    match = mask_matcher(rules, table, columns, contexts)

    def first(row: Row) -> int | None:
        mask = match(row)
        return rules[(mask & -mask).bit_length() - 1].id if mask else None

    return first


def mask_matcher(rules: Sequence[Rule], table: str, columns: tuple[str, ...], contexts: Contexts) -> Satisfied:
    """A function that gives the rules a row of the table matches: bit i is `rules[i]`."""
    masks = Masks(rules)
    possible, steps = masks.all, []
    for field in COLUMNS:
        asks = masks.asks[field]
        if asks:
            satisfied = _satisfied(masks, field, table, columns, contexts)
            if satisfied is None:
                possible &= ~asks
            else:
                steps.append((asks, masks.all & ~asks, satisfied))

    def match(row: Row) -> int:
        alive = possible
        for asks, others, satisfied in steps:
            if alive & asks:
                alive &= satisfied(row) | others
                if not alive:
                    return 0
        return alive

    return match


def _satisfied(masks: Masks, field: str, table: str, columns: tuple[str, ...], contexts: Contexts) -> Satisfied | None:
    """None where the rows do not tell of the field."""
    places = [columns.index(name) for name in columns_of(table, field) if name in columns]
    if not places:
        return None
    if field == "comm" and columns[places[0]] == "pid":
        return _comm(masks, table, columns, places[0], contexts)
    if field == "parent_path":
        of = _remembered(masks.paths[field].of)
        return _of_first(places[:1], lambda pid: of(contexts.of(int(pid))[0]))
    if field == "path" and "dest_path" in columns:
        return _both_names(_remembered(masks.paths[field].of), places[0], columns.index("dest_path"))
    if field == "port" and "remote_address" in columns and len(places) > 1:
        return _endpoint_port(_lookup(masks, field), places, columns.index("remote_address"))
    return _of_first(places, _lookup(masks, field))


def _lookup(masks: Masks, field: str) -> Callable[[Any], int]:
    """The rules that one value satisfies."""
    if field == "cidr":
        return _remembered(lambda text: _address(masks, text))
    if field == "port":
        return _remembered(lambda port: masks.ports.of(int(port)))
    if field in masks.paths:
        return _remembered(masks.paths[field].of)
    if field == "container":
        return _remembered(masks.containers.of)
    known = masks.values[field]
    # Some tables hold numbers as text.
    both: dict[int | str, int] = {str(value): mask for value, mask in known.items()}
    both.update(known)
    return lambda value: both.get(value, 0)


def _of_first(places: Iterable[int], of: Callable[[Any], int]) -> Satisfied:
    first, *others = places

    def satisfied(row: Row) -> int:
        value = row[first]
        if value in _EMPTY:
            for place in others:
                value = row[place]
                if value not in _EMPTY:
                    break
            else:
                return 0
        return of(value)

    return satisfied


def _endpoint_port(of: Callable[[Any], int], places: list[int], address: int) -> Satisfied:
    """The port belongs to the address that rules are about: the remote one where there is one."""
    remote, local = places[:2]

    def satisfied(row: Row) -> int:
        value = row[local] if row[address] in _EMPTY else row[remote]
        return 0 if value in _EMPTY else of(value)

    return satisfied


def _both_names(of: Callable[[Any], int], path: int, other: int) -> Satisfied:
    """A rename out of an excluded directory into another is wanted: both names must be excluded."""

    def satisfied(row: Row) -> int:
        if row[path] in _EMPTY:
            return 0
        return of(row[path]) if row[other] in _EMPTY else of(row[path]) & of(row[other])

    return satisfied


def _comm(masks: Masks, table: str, columns: tuple[str, ...], pid: int, contexts: Contexts) -> Satisfied:
    known = masks.values["comm"]
    if table == "process_events" and "path" in columns:
        # An exec names the process after its file, whatever becomes of it later (begin_new_exec in fs/exec.c).
        return _of_first([columns.index("path")], lambda path: known.get(comm_of(path), 0))
    return _of_first([pid], lambda number: known.get(contexts.comm(int(number)), 0))


def comm_of(path: str) -> str:
    """The command name that an exec of this path gives.

    >>> comm_of("/usr/lib/systemd/systemd-networkd-wait-online")
    'systemd-network'
    """
    return path[path.rfind("/") + 1 :].encode("utf-8", "surrogateescape")[:15].decode("utf-8", "surrogateescape")


def _address(masks: Masks, text: str) -> int:
    from socket import AF_INET, AF_INET6, inet_pton

    family = AF_INET6 if ":" in text else AF_INET
    try:
        return masks.address(inet_pton(family, text.partition("%")[0]))
    except (OSError, ValueError):
        return 0


def _remembered(of: Callable[[Any], int]) -> Callable[[Any], int]:
    known: dict[Any, int] = {}

    def remembered(value: Any) -> int:
        mask = known.get(value)
        if mask is None:
            if len(known) >= REMEMBERED:
                known.clear()
            mask = known[value] = of(value)
        return mask

    return remembered
