"""The table `iptables`: rules of the IPv4 packet filter, as iptables-save(8) prints them."""

from __future__ import annotations

from socket import getprotobyname
from typing import NamedTuple

from ..errors import TableUnavailable
from ..scan import Scan
from ..sources.commands import output_of
from ..sources.configuration import understood
from ..table import INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


# Those that iptables-save names without looking into /etc/protocols.
_PROTOCOLS = {
    "all": 0,
    "icmp": 1,
    "tcp": 6,
    "udp": 17,
    "dccp": 33,
    "esp": 50,
    "ah": 51,
    "ipv6-icmp": 58,
    "icmpv6": 58,
    "sctp": 132,
    "ipv6-mh": 135,
    "mh": 135,
    "udplite": 136,
}
_OPTIONS = {
    "-j": ("target",),
    "-g": ("target",),
    "-p": ("protocol",),
    "-s": ("source",),
    "-d": ("destination",),
    "-i": ("in",),
    "-o": ("out",),
    "-m": ("match",),
    "--sport": ("source_port",),
    "--sports": ("source_port",),
    "--dport": ("destination_port",),
    "--dports": ("destination_port",),
    "--ports": ("source_port", "destination_port"),
}
# What comes after these is any text, even one that looks like an option.
_TEXTS = frozenset(
    "--comment --log-prefix --nflog-prefix --ulog-prefix --string --hex-string --u32 --bytecode --name --helper --path"
    " --label --match-set --add-set --del-set --map-set --hashlimit-name --physdev-in --physdev-out --rateest-name"
    " --rateest1 --rateest2 --nfacct-name --timeout --led-trigger-id --selctx --object-pinned --genre".split()
)
_PIECE = r'(?P<quoted>"(?:\\.|[^"\\])*")|(?P<end>\n)|(?P<blank>[ \t\v\f\r]+)|(?P<plain>[^ \t\n\v\f\r"]+|")'


class Line(NamedTuple):
    """A chain (without a rule) or a rule (without a policy)."""

    table: str
    chain: str
    policy: str
    parts: dict[str, str]
    rule: str
    packets: int
    bytes: int


def parse_save(text: str) -> Iterator[Line | None]:
    r"""The chains and rules that iptables-save -c prints; None for what is neither.

    A `!` belongs to the option after it. A comment in quotes may have line ends, and look like rules and options.

    >>> lines = '*filter\n:INPUT DROP [3:4]\n[1:2] -A INPUT ! -p tcp -m state ! --state NEW --comment -j -j ACCEPT\n'
    >>> [(line.policy, line.parts) for line in parse_save(lines)]
    [('DROP', {}), ('', {'protocol': '!tcp', 'match': 'state', 'target': 'ACCEPT'})]
    """
    table = ""
    for raw, words in _statements(text):
        first = words[0][0]
        if first.startswith("*"):
            table = first[1:]
        elif first.startswith(":"):
            policy, counters = [*(word for word, _ in words[1:]), "", ""][:2]
            yield Line(table, first[1:], "" if policy == "-" else policy, {}, "", *_counters(counters))
        elif first.startswith("[") and len(words) > 2 and words[1] == ("-A", False):
            rule = raw.partition(" ")[2].strip()
            yield Line(table, words[2][0], "", _parts(words[3:]), rule, *_counters(first))
        elif words != [("COMMIT", False)]:
            yield None


def _statements(text: str) -> Iterator[tuple[str, list[tuple[str, bool]]]]:
    """(as it stands, its words, each with whether it was in quotes) of each line, without empty lines and comments."""
    import re

    piece = re.compile(_PIECE, re.DOTALL | re.ASCII)
    start = at = 0
    words: list[tuple[str, bool]] = []
    while at < len(text):
        if not words and text[at] == "#":
            start = at = _after_line(text, at)
            continue
        found = piece.match(text, at)
        assert found is not None, "every character begins one of the pieces"
        at = found.end()
        if found.lastgroup == "quoted":
            words.append((re.sub(r"\\(.)", r"\1", found[0][1:-1], flags=re.DOTALL), True))
        elif found.lastgroup == "plain":
            words.append((found[0], False))
        if words and (found.lastgroup == "end" or at == len(text)):
            yield text[start:at], words
            words = []
        if found.lastgroup == "end":
            start = at


def _after_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1


def with_mask(text: str) -> tuple[str, str]:
    """(address, mask written as an address) of an address that may have a prefix length or a mask.

    >>> with_mask("10.0.0.0/8"), with_mask("!10.0.0.1"), with_mask("10.0.0.1/255.0.255.0")
    (('10.0.0.0', '255.0.0.0'), ('!10.0.0.1', '255.255.255.255'), ('10.0.0.1', '255.0.255.0'))
    """
    address, _, mask = text.partition("/")
    if not mask:
        return address, "255.255.255.255"
    if not (mask.isascii() and mask.isdigit() and int(mask) <= 32):
        return address, mask
    bits = (0xFFFFFFFF << (32 - int(mask))) & 0xFFFFFFFF
    return address, ".".join([str(bits >> shift & 0xFF) for shift in (24, 16, 8, 0)])


def _parts(words: list[tuple[str, bool]]) -> dict[str, str]:
    parts: dict[str, str] = {}
    negated = ""
    place = 0
    while place < len(words):
        word, quoted = words[place]
        place += 1
        if quoted:
            continue
        if word == "!":
            negated = "!"
            continue
        if word in _TEXTS:
            place += 1
        elif word in _OPTIONS and place < len(words):
            for name in _OPTIONS[word]:
                parts[name] = ",".join(filter(None, [parts.get(name, ""), negated + words[place][0]]))
            place += 1
        negated = ""
    return parts


def protocol_number(name: str) -> int | None:
    """The number of a protocol that iptables-save names; None for all but one, and for a name nobody knows.

    >>> protocol_number("udp"), protocol_number("253"), protocol_number("!tcp")
    (17, 253, None)
    """
    if name.isascii() and name.isdigit():
        return int(name)
    if name in _PROTOCOLS or name.startswith("!"):
        return _PROTOCOLS.get(name)
    try:
        return getprotobyname(name)
    except OSError:
        return None


def _counters(text: str) -> tuple[int, int]:
    packets, _, size = text.strip("[]").partition(":")
    return (int(packets), int(size)) if packets.isdigit() and size.isdigit() else (0, 0)


class Iptables(Table):
    """Chains (with their policy) and rules of iptables; needs root."""

    filter_name = Column(TEXT, "Table: filter, nat, mangle, raw or security")
    chain = Column(TEXT, "Chain")
    policy = Column(TEXT, "What the chain does with what no rule took; '' for a rule")
    target = Column(TEXT, "What the rule does; '' for a chain")
    protocol = Column(INTEGER, "Protocol number; 0 for any, NULL for all but one, or for one without a known number")
    src_port = Column(TEXT, "Source ports; '' for any, ! before all but those; --ports are here and in dst_port")
    dst_port = Column(TEXT, "Destination ports; '' for any, ! before all but those")
    src_ip = Column(TEXT, "Source address; ! before it for all but that")
    src_mask = Column(TEXT, "Mask of the source address, written as an address")
    iniface = Column(TEXT, "Interface it came in by; all for any")
    iniface_mask = Column(TEXT, "Always '': a pattern is part of the name")
    dst_ip = Column(TEXT, "Destination address; ! before it for all but that")
    dst_mask = Column(TEXT, "Mask of the destination address, written as an address")
    outiface = Column(TEXT, "Interface it goes out by; all for any")
    outiface_mask = Column(TEXT, "Always '': a pattern is part of the name")
    match = Column(TEXT, "Match modules, separated by commas; '' for none")
    packets = Column(INTEGER, "Packets that matched")
    bytes = Column(INTEGER, "Bytes that matched")
    rule = Column(TEXT, "The whole rule, as iptables-save prints it; '' for a chain")

    typical_rows = 50
    row_cost = 50.0
    examples = ["SELECT chain, policy FROM iptables WHERE policy <> '';"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        for name, text in _outputs(scan):
            for line in understood(scan, f"what {name} prints", parse_save(text)):
                parts = line.parts
                source, source_mask = with_mask(parts.get("source", "0.0.0.0/0"))
                destination, destination_mask = with_mask(parts.get("destination", "0.0.0.0/0"))
                yield (
                    line.table,
                    line.chain,
                    line.policy,
                    parts.get("target", ""),
                    protocol_number(parts.get("protocol", "all")),
                    parts.get("source_port", ""),
                    parts.get("destination_port", ""),
                    source,
                    source_mask,
                    parts.get("in", "all"),
                    "",
                    destination,
                    destination_mask,
                    parts.get("out", "all"),
                    "",
                    parts.get("match", ""),
                    line.packets,
                    line.bytes,
                    line.rule,
                )


def _outputs(scan: Scan) -> Iterator[tuple[str, str]]:
    """(program, what it prints) of both kinds of iptables: each knows its own rules alone, and both filter packets."""
    name = "iptables-save"
    text = output_of(scan, name, "-c", package="iptables") or ""
    yield name, text
    for line in text.split("\n"):
        if line.startswith("# Table `"):
            scan.note(f"rules that iptables cannot show are in nftables_rules alone: {line[2:].strip()}")
    kind = text.partition("\n")[0]
    other = "iptables-nft-save" if "(legacy)" in kind else "iptables-legacy-save"
    if other == "iptables-legacy-save" and ("(nf_tables)" not in kind or not _has_legacy_tables(scan)):
        return
    try:
        yield other, output_of(scan, other, "-c", package="iptables") or ""
    except TableUnavailable as error:
        if other == "iptables-legacy-save":
            scan.note(f"rules of iptables-legacy are not shown: {error.message}")


def _has_legacy_tables(scan: Scan) -> bool:
    try:
        return bool(scan.host.read("/proc/net/ip_tables_names").strip())
    except OSError:
        return False
