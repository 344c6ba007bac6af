"""What it costs to answer `select 1`, in CPU and memory."""

from __future__ import annotations

from .installed import hostql, python
from .measure import compare, peak, verdict

MOST_MEMORY = 25


def main() -> None:
    """Print the figures."""
    compare('hostql "select 1" / python -c pass', hostql("select 1"), [python(), "-c", "pass"], 2, by="cpu", rounds=25)
    held = peak(hostql("select pid, name from processes"))
    verdict("memory of a one-shot", held / 1e6, MOST_MEMORY, "the most it held", " MB")
