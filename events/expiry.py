"""What leaves the buffer, and when: by age, by count, by bytes. The newest row of a table always stays."""

from __future__ import annotations

import time

from ..vtables.table import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import apsw

# A wall clock that was set by more than this, in seconds, is not believed for a while: a step by a year, and back, is
# to cost no event.
STEP = 60.0
DISBELIEF = 600.0
# Of the table with the most rows this part goes at a time, where there are too many bytes.
PART = 8


class Expiry:
    """Decides by two clocks; `wall` is Unix seconds, `steady` never jumps and goes on while the host sleeps."""

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = lambda: time.clock_gettime(time.CLOCK_BOOTTIME),
    ) -> None:
        self._wall, self._steady = wall, steady
        self._difference = wall() - steady()
        self._believe_at = 0.0

    def by_age_and_count(
        self, connection: apsw.Connection, tables: Iterable[str], keep_seconds: int, keep_rows: int
    ) -> int:
        """Delete what is too old or too much, the oldest first; returns how many rows."""
        oldest = self._now() - keep_seconds
        gone = 0
        for name in map(quote, tables):
            connection.execute(
                f"DELETE FROM {name} WHERE eid < (SELECT max(eid) FROM {name}) AND eid <= max("
                f"coalesce((SELECT max(eid) FROM {name} WHERE time < ?), 0),"
                f"coalesce((SELECT max(eid) - ? FROM {name}), 0))",
                (int(oldest), keep_rows),
            ).fetchall()
            gone += connection.changes()
        return gone

    def by_bytes(self, connection: apsw.Connection, tables: Iterable[str], keep_bytes: int) -> int:
        """Where more than `keep_bytes` are in use, delete the oldest part of whichever table has the most rows, so that
        a flood of one kind drives out no other; returns how many rows. To be called until that is 0."""
        if used(connection) <= keep_bytes:
            return 0
        counts = {name: _count(connection, name) for name in map(quote, tables)}
        most = max(counts, key=counts.__getitem__, default="")
        if not most or counts[most] <= 1:
            return 0
        connection.execute(
            f"DELETE FROM {most} WHERE eid < (SELECT min(eid) + ? FROM {most}) AND eid < (SELECT max(eid) FROM {most})",
            (max(counts[most] // PART, 1),),
        ).fetchall()
        return connection.changes()

    def _now(self) -> float:
        """Unix seconds; 0, by which nothing is old, while the wall clock is not believed."""
        wall, steady = self._wall(), self._steady()
        if abs(wall - steady - self._difference) > STEP:
            self._difference = wall - steady
            self._believe_at = steady + DISBELIEF
        return wall if steady >= self._believe_at else 0.0


def used(connection: apsw.Connection) -> int:
    """Bytes of the pages that hold something."""
    pages, free, size = (int(connection.pragma(name)) for name in ("page_count", "freelist_count", "page_size"))
    return (pages - free) * size


def _count(connection: apsw.Connection, name: str) -> int:
    """About how many rows a table has: their numbers have hardly any holes."""
    return int(connection.execute(f"SELECT coalesce(max(eid) - min(eid) + 1, 0) FROM {name}").fetchall()[0][0])  # type: ignore[arg-type]
