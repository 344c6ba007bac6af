"""A stream that keeps what it is given, for tests of publishers without a collector."""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from typing import Any

from hostql.events.publisher import Publisher
from hostql.tests.host import PATIENCE

# Seconds to wait for something that is to happen.


class Kept:
    """Rows as dictionaries, ends by pid, gaps."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.ends: dict[int, tuple[int | None, int | None]] = {}
        self.gaps: list[tuple[str, int]] = []
        self.calls: list[str] = []

    def add(self, table: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
        if rows:
            self.calls.append("add")
        for row in rows:
            assert len(row) == len(columns)
            self.rows.append({"table": table, **dict(zip(columns, row))})

    def ended(self, rows: list[tuple[int | None, int | None, int]]) -> None:
        self.calls.append("ended")
        for code, duration, pid in rows:
            self.ends[pid] = (code, duration)

    def gap(self, text: str, lost: int) -> None:
        self.gaps.append((text, lost))

    def of(self, pid: int) -> list[dict[str, Any]]:
        return [row for row in self.rows if row["pid"] == pid]


def drain_until(publisher: Publisher, kept: Kept, enough: Callable[[], Any]) -> None:
    """Drain as a collector would until `enough`; fails when that never comes."""
    until = time.monotonic() + PATIENCE
    while not enough():
        left = until - time.monotonic()
        assert left > 0, f"waited in vain; {len(kept.rows)} rows, {kept.gaps}"
        if select.select([publisher.fileno()], [], [], left)[0]:
            publisher.drain(kept)
