"""`Memo`: what bytes mean, worked out once. Events repeat themselves: who did it, where, and how it ended."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# Different texts that are remembered by each.
REMEMBERED = 65536


class Memo(dict[bytes, "Any"]):
    """`memo[raw]` is `meaning(raw)`, which may raise. Bounded: emptied when full."""

    def __init__(self, meaning: Callable[[bytes], Any]) -> None:
        self._meaning = meaning

    def __missing__(self, raw: bytes) -> Any:
        if len(self) >= REMEMBERED:
            self.clear()
        found = self[raw] = self._meaning(raw)
        return found
