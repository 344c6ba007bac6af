"""Values of options of iptables that look like options themselves."""

from __future__ import annotations

import pytest
from hostql.vtables.network.iptables import parse_save


@pytest.mark.parametrize(
    "option", ["--hashlimit-name", "--physdev-in", "--physdev-out", "--name", "--path", "--rateest-name", "--helper"]
)
def test_a_value_is_no_option(option: str) -> None:
    (line,) = parse_save(f"*filter\n[0:0] -A INPUT -m x {option} -j -p tcp -j DROP\nCOMMIT\n")
    assert line is not None
    assert line.parts == {"match": "x", "protocol": "tcp", "target": "DROP"}
