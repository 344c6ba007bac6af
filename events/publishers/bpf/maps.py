"""Exclusion rules as the content of BPF maps (`programs/exclusion.h`): which can be decided there, and their masks."""

from __future__ import annotations

import os
import struct

from ...exclusion.masks import Masks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ...exclusion.rules import PathPattern, Rule
    from .loader import Loaded

    Entry = tuple[str, bytes, bytes]

# The order of `enum field`, by the names that rules have.
FIELDS = ("path", "parent_path", "comm", "uid", "cgroup", "cidr", "port", "protocol", "success")
_COMM, _UID, _CGROUP, _PROTOCOL = 2, 3, 4, 7
# Fields that the rows of a class of events do not have: a rule that asks about one matches none of them.
_LACKING: dict[str, frozenset[str]] = {
    "process": frozenset(("cidr", "port", "protocol")),
    "socket": frozenset(),
    "dns": frozenset(("protocol", "success")),
    "file": frozenset(("cidr", "port", "protocol")),
}
# Fields that the programs leave to the reader: the names of files may have symbolic links in them there.
_LEFT: dict[str, frozenset[str]] = {"file": frozenset(("path",))}
# Rules a mask has room for.
_RULES = 64
# Bytes of a path that a rule may name, its NUL or slash not counted.
_PATH_BYTES = 253
# Where ports lie among the ranges; addresses lie under their family.
_PORTS, _V4, _V6 = 0, 2, 10
_PROFILE = struct.Struct(f"<Q{len(FIELDS)}Q2Q")
_VALUE_KEY = struct.Struct("<II16s")
_RANGE_KEY = struct.Struct("<IBB16s2x")
_PATH_KEY = struct.Struct("<IB255s")
_MASK = struct.Struct("<Q")
_MASKS = struct.Struct("<2Q")
assert (_PROFILE.size, _VALUE_KEY.size, _RANGE_KEY.size, _PATH_KEY.size) == (96, 24, 24, 260)


class Decided:
    """Of the rules for a class of events, those that the programs decide.

    rules  in part at least; bit i of a mask is `rules[i]`
    whole  the ids of those for which nobody else needs to look
    """

    def __init__(self, rules: Iterable[Rule], event_class: str) -> None:
        chosen: list[Rule] = []
        whole: set[int] = set()
        for rule in rules:
            fields = rule.fields()
            if fields & _LACKING[event_class]:
                whole.add(rule.id)
            elif fields <= set(FIELDS) - _LEFT.get(event_class, frozenset()) and len(chosen) < _RULES:
                chosen.append(rule)
                if _is_whole(rule):
                    whole.add(rule.id)
        self.rules: Sequence[Rule] = chosen
        self.whole = frozenset(whole)

    def entries(self, generation: int) -> Iterator[Entry]:
        """(map, key, value) of all there is to put in, the profile itself last."""
        masks = Masks(self.rules)
        for field, name, size in ((_UID, "uid", 4), (_PROTOCOL, "protocol", 4)):
            for value, mask in masks.values[name].items():
                yield _value(generation, field, int(value).to_bytes(size, "little"), mask)
        for comm, mask in masks.values["comm"].items():
            yield _value(generation, _COMM, str(comm).encode("utf-8", "surrogateescape")[:15], mask)
        for id, mask in _cgroups(self.rules):
            yield _value(generation, _CGROUP, id.to_bytes(8, "little"), mask)
        for port, bits, mask in masks.ports.entries():
            yield _range(generation, _PORTS, port.to_bytes(2, "big"), bits, mask)
        for value4, bits, mask in masks.addresses[4].entries():
            yield _range(generation, _V4, value4.to_bytes(4, "big"), bits, mask)
        for value6, bits, mask in masks.in_ipv6():
            yield _range(generation, _V6, value6.to_bytes(16, "big"), bits, mask)
        yield from _paths(generation, masks)
        success = [masks.values["success"].get(worked, 0) for worked in (0, 1)]
        content = _PROFILE.pack(masks.all, *(masks.asks[field] for field in FIELDS), *success)
        yield "hostql_profile", _half(generation), content


class InForce:
    """The exclusion that is in force in a group's maps."""

    def __init__(self, loaded: Loaded, control: memoryview, cpus: int) -> None:
        self._loaded = loaded
        self._control = control
        self._cpus = cpus
        self._keys: list[tuple[str, bytes]] = []
        self._rules: Sequence[Rule] = ()
        # What rules dropped under former generations.
        self._dropped: dict[tuple[str, str], int] = {}

    def use(self, decided: Decided) -> bool:
        """Put rules in force, all at once: they are written beside those of before, under the next generation. Where a
        map is full none are in force; gives whether they are."""
        generation = (self._control[1] + 1) & 0xFFFFFFFF
        for place in range(_RULES):
            self._loaded.update("hostql_dropped", _counter(generation, place), bytes(8 * self._cpus))
        old, self._keys = self._keys, []
        try:
            for name, key, value in decided.entries(generation):
                self._loaded.update(name, key, value)
                if name != "hostql_profile":
                    self._keys.append((name, key))
            complete = True
        except OSError:
            self._loaded.update("hostql_profile", _half(generation), bytes(_PROFILE.size))
            complete = False
        self._control[1] = generation
        self._dropped = self.dropped(generation - 1)
        self._rules = decided.rules if complete else ()
        for name, key in old:
            self._loaded.delete(name, key)
        return complete

    def dropped(self, generation: int | None = None) -> dict[tuple[str, str], int]:
        """{key of a rule: events it dropped here}, each event counted for the first rule that matches."""
        found = dict(self._dropped)
        for place, rule in enumerate(self._rules):
            counter = _counter(self._control[1] if generation is None else generation, place)
            raw = self._loaded.lookup("hostql_dropped", counter, 8 * self._cpus) or b""
            found[rule.key] = found.get(rule.key, 0) + sum(count for (count,) in _MASK.iter_unpack(raw))
        return found


def _is_whole(rule: Rule) -> bool:
    # A group may be made anew under another number, so those who read its name decide, too.
    return not rule.cgroup and all(_in_trie(pattern) for pattern in (*rule.path, *rule.parent_path))


def _in_trie(pattern: PathPattern) -> bool:
    # Bytes that are no UTF-8 have two readings here (a backslash); no path is the parent's that has no executable.
    text = pattern.text
    return pattern.kind != "glob" and "\\" not in text and text not in ("", "/") and _fits(text)


def _fits(text: str) -> bool:
    return len(text.encode("utf-8", "surrogateescape")) <= _PATH_BYTES


def _half(generation: int) -> bytes:
    return struct.pack("<I", generation & 1)


def _counter(generation: int, place: int) -> bytes:
    return struct.pack("<I", (generation & 1) * _RULES + place)


def _value(generation: int, field: int, value: bytes, mask: int) -> Entry:
    return "hostql_values", _VALUE_KEY.pack(generation, field, value), _MASK.pack(mask)


def _range(generation: int, place: int, value: bytes, bits: int, mask: int) -> Entry:
    # The generation and the place stand before the value, as its first 16 bits.
    return "hostql_ranges", _RANGE_KEY.pack(16 + bits, generation & 0xFF, place, value), _MASK.pack(mask)


def _paths(generation: int, masks: Masks) -> Iterator[Entry]:
    """An exact path has a NUL at its end, a directory is there with a NUL and with a slash."""
    program, parent = masks.paths["path"], masks.paths["parent_path"]
    program.globs = parent.globs = []
    folders = {folder for folder in (*program.folders, *parent.folders) if _fits(folder)}
    exact = {path for path in (*program.exact, *parent.exact) if path and _fits(path)}
    keys = {path + "\0": (program.of(path), parent.of(path)) for path in exact | (folders - {""})}
    keys.update({folder + "/": (program.of(folder + "/\0"), parent.of(folder + "/\0")) for folder in folders})
    for text, both in keys.items():
        raw = text.encode("utf-8", "surrogateescape")
        yield "hostql_paths", _PATH_KEY.pack(8 * (1 + len(raw)), generation & 0xFF, raw), _MASKS.pack(*both)


def _cgroups(rules: Sequence[Rule]) -> Iterator[tuple[int, int]]:
    """(number of a control group, rules) of those that there are now."""
    found: dict[int, int] = {}
    for place, rule in enumerate(rules):
        for group in rule.cgroup:
            id = _cgroup_id(group)
            if id is not None:
                found[id] = found.get(id, 0) | 1 << place
    yield from found.items()


def _cgroup_id(path: str) -> int | None:
    """The number of a control group of the unified hierarchy: its directory's inode (kernel/cgroup/cgroup.c)."""
    for folder in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified"):
        if os.path.exists(folder + "/cgroup.controllers"):
            try:
                return os.stat(folder + path).st_ino
            except OSError:
                return None
    return None
