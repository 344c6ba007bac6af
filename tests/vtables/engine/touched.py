"""Which files and folders Python opens and lists, seen by its audit hook: nothing of hostql's own has to count."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_seen: list[tuple[str, str]] | None = None


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if _seen is not None and event in ("open", "os.listdir", "os.scandir") and arguments:
        path = arguments[0]
        if isinstance(path, (str, bytes)):
            _seen.append((event, os.fsdecode(path)))


class Touched:
    """What was opened and listed, each path with how often."""

    def __init__(self, events: list[tuple[str, str]]) -> None:
        self.opened = Counter(path for event, path in events if event == "open")
        self.listed = Counter(path for event, path in events if event != "open")

    def named(self, *names: str) -> int:
        """How many files of these names were opened."""
        return sum(count for path, count in self.opened.items() if os.path.basename(path) in names)

    def below(self, folder: str) -> set[str]:
        """The parts after the folder of every path below it that was opened or listed."""
        start = folder.rstrip("/") + "/"
        return {path[len(start) :] for path in (*self.opened, *self.listed) if path.startswith(start)}


@contextmanager
def watching() -> Iterator[Callable[[], Touched]]:
    """Within the block, the function given tells what was touched since it began, and begins anew."""
    global _seen
    if not getattr(sys, "_hostql_watched", False):
        sys.addaudithook(_watch)
        sys._hostql_watched = True  # type: ignore[attr-defined]
    _seen = events = []

    def touched() -> Touched:
        found = Touched(events)
        events.clear()
        return found

    try:
        yield touched
    finally:
        _seen = None
