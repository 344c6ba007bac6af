"""`ActivePacks`: which packs are active: their discovery queries all give a row. Asked now and then, answers kept."""

from __future__ import annotations

from ..vtables.errors import HostqlError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .config.model import Pack, ScheduledQuery
    from .decorations import Ask


class Found:
    """What is known of a pack."""

    __slots__ = ("active", "executions")

    def __init__(self) -> None:
        self.active = False
        self.executions = 0


class ActivePacks:
    """packs   all of them, with what is known of each"""

    def __init__(self, packs: Sequence[Pack], ask: Ask, told: Callable[[str], None], every: int) -> None:
        self.packs = [(pack, Found()) for pack in packs]
        self._ask = ask
        self._told = told
        self._every = max(every, 60)
        self._at: float | None = None

    def refresh(self, now: float) -> bool:
        """Ask the discovery queries where it is time; whether they were asked."""
        if self._at is not None and self._at - 2 * self._every <= now < self._at:
            return False
        self._at = now + self._every
        for pack, found in self.packs:
            if pack.meant:
                found.active = all(self._gives_rows(pack.name, sql) for sql in pack.discovery)
                found.executions += 1
        return True

    def queries(self) -> list[ScheduledQuery]:
        """The queries of the active packs."""
        return [query for pack, found in self.packs if pack.meant and found.active for query in pack.queries]

    def _gives_rows(self, pack: str, sql: str) -> bool:
        try:
            return bool(self._ask(f"packs.{pack}.discovery", sql)[1])
        except HostqlError as error:
            self._told(f"Discovery query failed ({sql}): {error.message}")
            return False
