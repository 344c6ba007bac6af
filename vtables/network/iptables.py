"""The table `iptables`: rules of the IPv4 packet filter, as iptables-save(8) prints them."""

from __future__ import annotations

import shlex

from ..scan import Scan
from ..sources.commands import output_of
from ..table import INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


_PROTOCOLS = {"icmp": 1, "tcp": 6, "udp": 17, "udplite": 136, "esp": 50, "ah": 51, "sctp": 132, "all": 0}
_OPTIONS = {
    "-j": "target",
    "-g": "target",
    "-p": "protocol",
    "-s": "source",
    "-d": "destination",
    "-i": "in",
    "-o": "out",
    "-m": "match",
    "--sport": "source_port",
    "--sports": "source_port",
    "--dport": "destination_port",
    "--dports": "destination_port",
}


def parse_save(text: str) -> list[tuple[str, str, str, dict[str, str], int, int]]:
    r"""(table, chain, policy, {part of the rule: value}, packets, bytes) of each chain and rule; broken lines left out.

    >>> lines = "*filter\n:INPUT DROP [3:4]\n[1:2] -A INPUT -s 10.0.0.0/8 ! -p tcp -j ACCEPT\n"
    >>> parse_save(lines)[1][3:]
    ({'source': '10.0.0.0/8', 'protocol': '!tcp', 'target': 'ACCEPT'}, 1, 2)
    """
    found: list[tuple[str, str, str, dict[str, str], int, int]] = []
    table = ""
    for line in text.split("\n"):
        if line.startswith("*"):
            table = line[1:].strip()
        elif line.startswith(":"):
            name, policy, counters = [*line[1:].split(), "", "", ""][:3]
            found.append((table, name, "" if policy == "-" else policy, {}, *_counters(counters)))
        elif line.startswith("["):
            counters, _, rule = line.partition(" ")
            try:
                words = shlex.split(rule)
            except ValueError:
                continue
            if words[:1] == ["-A"] and len(words) > 1:
                found.append((table, words[1], "", _parts(words[2:]), *_counters(counters)))
    return found


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


def _parts(words: list[str]) -> dict[str, str]:
    parts: dict[str, str] = {}
    negated = ""
    for place, word in enumerate(words):
        if word == "!":
            negated = "!"
        elif word in _OPTIONS and place + 1 < len(words):
            name = _OPTIONS[word]
            parts[name] = ",".join(filter(None, [parts.get(name, ""), negated + words[place + 1]]))
            negated = ""
    return parts


def _counters(text: str) -> tuple[int, int]:
    packets, _, size = text.strip("[]").partition(":")
    return (int(packets), int(size)) if packets.isdigit() and size.isdigit() else (0, 0)


class Iptables(Table):
    """Chains (with their policy) and rules of iptables; needs root."""

    filter_name = Column(TEXT, "Table: filter, nat, mangle, raw or security")
    chain = Column(TEXT, "Chain")
    policy = Column(TEXT, "What the chain does with what no rule took; '' for a rule")
    target = Column(TEXT, "What the rule does; '' for a chain")
    protocol = Column(INTEGER, "Protocol number; 0 for any, NULL for one it does not know by number")
    src_port = Column(TEXT, "Source ports; '' for any")
    dst_port = Column(TEXT, "Destination ports; '' for any")
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

    typical_rows = 50
    row_cost = 50.0
    examples = ["SELECT chain, policy FROM iptables WHERE policy <> '';"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        text = output_of(scan, "iptables-save", "-c", package="iptables")
        for table, chain, policy, rule, packets, size in parse_save(text or ""):
            source, source_mask = with_mask(rule.get("source", "0.0.0.0/0"))
            destination, destination_mask = with_mask(rule.get("destination", "0.0.0.0/0"))
            protocol = rule.get("protocol", "all")
            yield (
                table,
                chain,
                policy,
                rule.get("target", ""),
                int(protocol) if protocol.isdigit() else _PROTOCOLS.get(protocol),
                rule.get("source_port", ""),
                rule.get("destination_port", ""),
                source,
                source_mask,
                rule.get("in", "all"),
                "",
                destination,
                destination_mask,
                rule.get("out", "all"),
                "",
                rule.get("match", ""),
                packets,
                size,
            )
