"""`Waiting`: lines that wait for a logger in memory, not in the state (`logger_direct`). Bounded: the oldest go."""

from __future__ import annotations

import threading
from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class Waiting:
    """What `Delivery` asks of a spool; of one logger, for two threads."""

    def __init__(self, most: int) -> None:
        """`most` bytes of lines are kept."""
        self._most = most
        self._lines: deque[tuple[int, str, str]] = deque()
        self._next = 1
        self._size = self._dropped = 0
        self._lock = threading.Lock()

    def add(self, lines: Iterable[tuple[str, str]]) -> None:
        """(kind, line) that are to be handed on."""
        with self._lock:
            for kind, line in lines:
                self._lines.append((self._next, kind, line))
                self._next += 1
                self._size += len(line)
            while self._size > self._most and self._lines:
                self._size -= len(self._lines.popleft()[2])
                self._dropped += 1

    def waiting(self, _logger: str, most: int) -> list[tuple[int, str, str]]:
        """(id, kind, line) of the oldest."""
        with self._lock:
            return [self._lines[i] for i in range(min(most, len(self._lines)))]

    def taken(self, _logger: str, id: int, _kind: str, _place: str) -> None:
        """The logger took all lines up to this one."""
        with self._lock:
            while self._lines and self._lines[0][0] <= id:
                self._size -= len(self._lines.popleft()[2])

    def place(self, _logger: str, _kind: str) -> str:
        """Nothing of earlier processes is known."""
        return ""

    def dropped(self, *, all: bool = False) -> int:
        """How many lines were dropped since this was asked last; with `all`, those that still wait are, too."""
        with self._lock:
            if all:
                self._dropped += len(self._lines)
                self._lines.clear()
            found, self._dropped = self._dropped, 0
            return found

    def close(self) -> None:
        """Nothing is open."""
