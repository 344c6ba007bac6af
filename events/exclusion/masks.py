"""`Masks`: rules turned around: for a value of a field, the bit mask of the rules that this value satisfies.

AND-ed over an event's fields, with the rules that do not ask about a field let through, the masks leave the rules that
the event matches. The kernel does that with maps, the collector with the tables here; both are made from the same.
"""

from __future__ import annotations

import re

from .rules import FIELDS, PathPattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .rules import Rule

# IPv4 addresses within IPv6, ::ffff:0:0/96 (RFC 4291): for rules they are IPv4.
MAPPED = 0xFFFF << 32
# A container's id is 64 hexadecimal digits; runtimes show the first 12.
SHORT_ID = 12
_HEX = frozenset("0123456789abcdef")


class Masks:
    """Bit i stands for `rules[i]`.

    asks        {field: rules that ask about it}; all others let every value through
    values      {field: {value: rules}} of uid, comm, protocol and success
    addresses   {4 or 6: Prefixes}
    ports       Prefixes of 16 bits
    paths       {"path", "parent_path", "cgroup": Paths}
    containers  Containers
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        bits = [(1 << place, rule) for place, rule in enumerate(rules)]
        self.all = (1 << len(bits)) - 1
        self.asks = {field: sum(bit for bit, rule in bits if field in rule.fields()) for field in FIELDS}
        self.values: dict[str, dict[int | str, int]] = {
            "success": {
                int(value): _union(bit for bit, rule in bits if rule.success is value) for value in (False, True)
            }
        }
        for field in ("uid", "comm", "protocol"):
            found: dict[int | str, int] = {}
            for bit, rule in bits:
                for value in getattr(rule, field):
                    found[value] = found.get(value, 0) | bit
            self.values[field] = found
        networks = [(network, bit) for bit, rule in bits for network in rule.cidr]
        self.addresses = {
            version: Prefixes(
                width, ((int(n.network_address), n.prefixlen, bit) for n, bit in networks if n.version == version)
            )
            for version, width in ((4, 32), (6, 128))
        }
        self.ports = Prefixes(
            16,
            (
                (value, length, bit)
                for bit, rule in bits
                for low, high in rule.port
                for value, length in prefixes_of_range(low, high)
            ),
        )
        self.paths = {
            "path": Paths((pattern, bit) for bit, rule in bits for pattern in rule.path),
            "parent_path": Paths((pattern, bit) for bit, rule in bits for pattern in rule.parent_path),
            "cgroup": Paths((PathPattern("prefix", group), bit) for bit, rule in bits for group in rule.cgroup),
        }
        self.containers = Containers((given, bit) for bit, rule in bits for given in rule.container)

    def address(self, packed: bytes) -> int:
        """The rules that an address in network order satisfies."""
        value = int.from_bytes(packed, "big")
        if len(packed) == 4:
            return self.addresses[4].of(value)
        if value >> 32 == MAPPED >> 32:
            return self.addresses[4].of(value & 0xFFFFFFFF)
        return self.addresses[6].of(value)

    def in_ipv6(self) -> list[tuple[int, int, int]]:
        """All address prefixes as (value, bits, rules) of IPv6, for sockets of IPv6 that speak IPv4; the longest match
        has what `address` gives."""
        mapped = [(MAPPED | value, 96 + length, mask) for value, length, mask in self.addresses[4].entries()]
        if all(length > 96 for _, length, _ in mapped):
            mapped.append((MAPPED, 96, 0))
        within = (MAPPED, 96)
        own = [e for e in self.addresses[6].entries() if e[1] < 96 or (e[0] >> 32 << 32, 96) != within]
        return own + mapped


class Prefixes:
    """Prefixes of numbers of `width` bits; each has the rules of all that cover it too, for a longest match."""

    def __init__(self, width: int, given: Iterable[tuple[int, int, int]]) -> None:
        self.width = width
        by_length: dict[int, dict[int, int]] = {}
        for value, length, mask in given:
            of_length = by_length.setdefault(length, {})
            key = value >> (width - length)
            of_length[key] = of_length.get(key, 0) | mask
        # (bits to shift out, {what stays: rules}), the longest first.
        self._levels: list[tuple[int, dict[int, int]]] = []
        for length in sorted(by_length):
            shift, level = width - length, by_length[length]
            for key in level:
                level[key] |= self.of(key << shift)
            self._levels.insert(0, (shift, level))

    def of(self, value: int) -> int:
        """The rules that a number satisfies."""
        for shift, level in self._levels:
            found = level.get(value >> shift)
            if found is not None:
                return found
        return 0

    def entries(self) -> Iterator[tuple[int, int, int]]:
        """(value, bits, rules) of each prefix."""
        for shift, level in self._levels:
            for key, mask in level.items():
                yield key << shift, self.width - shift, mask


class Paths:
    """Path patterns.

    exact    {path: rules}; with those of the directories above and of the directory of that name
    folders  {path without a slash at its end: rules} for the directory and all below; with those of the ones above
    globs    (regular expression, rules)
    """

    def __init__(self, given: Iterable[tuple[PathPattern, int]]) -> None:
        self.exact: dict[str, int] = {}
        self.folders: dict[str, int] = {}
        globs: dict[str, int] = {}
        for pattern, bit in given:
            kinds = {"exact": self.exact, "prefix": self.folders, "glob": globs}
            text = pattern.text.rstrip("/") if pattern.kind == "prefix" else pattern.text
            kinds[pattern.kind][text] = kinds[pattern.kind].get(text, 0) | bit
        for folder in sorted(self.folders, key=len):
            self.folders[folder] |= self._below(folder.rpartition("/")[0]) if folder else 0
        for path in self.exact:
            self.exact[path] |= self._below(path)
        self.globs = [(re.compile(expression_of(text), re.DOTALL), mask) for text, mask in globs.items()]

    def of(self, path: str) -> int:
        """The rules that a path satisfies."""
        mask = self.exact.get(path)
        if mask is None:
            mask = self._below(path) if self.folders else 0
        for expression, of_glob in self.globs:
            if mask & of_glob != of_glob and expression.match(path):
                mask |= of_glob
        return mask

    def _below(self, path: str) -> int:
        folders = self.folders
        while True:
            found = folders.get(path)
            if found is not None:
                return found
            if not path:
                return 0
            path = path[: max(path.rfind("/"), 0)]


class Containers:
    """Container ids, their beginnings, and names: {length: {beginning: rules}}, {whole: rules}, the rules of any."""

    def __init__(self, given: Iterable[tuple[str, int]]) -> None:
        self.any = 0
        self.whole: dict[str, int] = {}
        self.beginnings: dict[int, dict[str, int]] = {}
        for text, bit in given:
            if text == "*":
                self.any |= bit
            else:
                into = self.beginnings.setdefault(len(text), {}) if is_beginning(text) else self.whole
                into[text] = into.get(text, 0) | bit

    def of(self, id: str) -> int:
        """The rules that a container's id satisfies; '' is no container."""
        if not id:
            return 0
        mask = self.any | self.whole.get(id, 0)
        for length, of_length in self.beginnings.items():
            mask |= of_length.get(id[:length], 0)
        return mask


def is_beginning(text: str) -> bool:
    """Whether it is the beginning of an id rather than a name."""
    return len(text) >= SHORT_ID and _HEX.issuperset(text)


def prefixes_of_range(low: int, high: int, width: int = 16) -> Iterator[tuple[int, int]]:
    """The fewest (value, bits) that cover the numbers from low to high, and no others.

    >>> list(prefixes_of_range(8000, 8015))
    [(8000, 12)]
    """
    while low <= high:
        size = low & -low or 1 << width
        while low + size - 1 > high:
            size >>= 1
        yield low, width - size.bit_length() + 1
        low += size


# A glob's wildcards; a directory's end that takes all below; a class; what is none of them.
_GLOB = re.compile(r"/\*\*\Z|\*\*+|\*|\?|\[!?\]?[^\]/]*\]|.", re.DOTALL)


def expression_of(glob: str) -> str:
    """The regular expression of a glob: `*` and `?` stay within one name, `**` does not, and `/**` at the end is a
    directory and all below it.

    >>> expression_of("/opt/*/bin/**")
    '/opt/[^/]*/bin(?:/.*)?\\\\Z'
    """
    return "".join([_one_of_glob(token) for token in _GLOB.findall(glob)]) + r"\Z"


def _one_of_glob(token: str) -> str:
    if token == "/**":
        return "(?:/.*)?"
    if token[:2] == "**":
        return ".*"
    if token == "*":
        return "[^/]*"
    if token == "?":
        return "[^/]"
    if len(token) == 1:
        return re.escape(token)
    negated = token[1] == "!"
    inside = token[2 if negated else 1 : -1]
    # Ranges keep their dash; all else is taken as it is. No class of a glob holds a slash (glob(7)).
    inside = re.sub(r"[\\\[\]^&~|]", lambda found: "\\" + found[0], inside)
    return f"(?!/)[{'^' if negated else ''}{inside}]"


def _union(masks: Iterable[int]) -> int:
    total = 0
    for mask in masks:
        total |= mask
    return total
