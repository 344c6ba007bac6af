"""The table `nftables_rules`: rules of nftables, as nft(8) lists them."""

from __future__ import annotations

import json

from ..scan import Scan
from ..sources.commands import output_of
from ..table import BIGINT, INTEGER, TEXT, Column, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


_VERDICTS = ("accept", "drop", "reject", "return", "jump", "goto", "queue", "masquerade", "snat", "dnat", "redirect")


def parse_ruleset(text: str) -> list[dict[str, Any]]:
    """The rules of `nft -j list ruleset`, each with the chain it is in; ValueError for what is none.

    >>> rule = '{"rule": {"family": "ip", "table": "t", "chain": "c", "handle": 2, "expr": [{"accept": null}]}}'
    >>> parse_ruleset('{"nftables": [' + rule + ']}')[0]["handle"]
    2
    """
    try:
        entries = json.loads(text or "{}").get("nftables", [])
        chains = {(c["family"], c["table"], c["name"]): c for c in (e.get("chain") for e in entries) if c}
        rules = [entry["rule"] for entry in entries if "rule" in entry]
        return [{**rule, "in": chains.get((rule["family"], rule["table"], rule["chain"]), {})} for rule in rules]
    except (KeyError, AttributeError, TypeError, RecursionError) as error:
        raise ValueError(f"not a ruleset: {error}") from error


class NftablesRules(Table):
    """Rules of nftables, in order; needs root."""

    family = Column(TEXT, "Address family: ip, ip6, inet, arp, bridge or netdev")
    table_name = Column(TEXT, "Table")
    chain = Column(TEXT, "Chain")
    handle = Column(BIGINT, "Number of the rule in its table")
    hook = Column(TEXT, "Hook of the chain: prerouting, input, forward, output, postrouting; '' for none")
    policy = Column(TEXT, "What the chain does with what no rule took; '' for none")
    verdict = Column(TEXT, "What the rule does; '' for one that goes on")
    packets = Column(BIGINT, "Packets its counter saw; NULL without one")
    bytes = Column(BIGINT, "Bytes its counter saw; NULL without one")
    expression = Column(TEXT, "The whole rule, as JSON (libnftables-json(5))")
    position = Column(INTEGER, "Place among all rules, from 0")

    typical_rows = 50
    row_cost = 50.0
    examples = ["SELECT table_name, chain, verdict, packets FROM nftables_rules;"]

    def rows(self, scan: Scan) -> Iterator[tuple[Any, ...]]:
        text = output_of(scan, "nft", "-j", "list", "ruleset", package="nftables")
        if text is None:
            return
        try:
            rules = parse_ruleset(text)
        except ValueError:
            scan.note("what nft printed could not be understood")
            return
        for place, rule in enumerate(rules):
            expressions = [part for part in rule.get("expr", []) if isinstance(part, dict)]
            counter: dict[str, int] = next(
                (part["counter"] for part in expressions if isinstance(part.get("counter"), dict)), {}
            )
            verdict = next((name for part in expressions for name in part if name in _VERDICTS), "")
            yield (
                rule["family"],
                rule["table"],
                rule["chain"],
                rule.get("handle"),
                rule["in"].get("hook", ""),
                rule["in"].get("policy", ""),
                verdict,
                counter.get("packets"),
                counter.get("bytes"),
                json.dumps(rule.get("expr", [])),
                place,
            )
