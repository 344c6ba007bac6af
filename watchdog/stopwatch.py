"""`Stopwatch`: a clock that can stand still, so that a query is not charged for the person who reads its rows."""

from __future__ import annotations

from time import monotonic


class Stopwatch:
    """Call it for the seconds so far, from any thread; none go by between `pause` and `resume`."""

    __slots__ = ("_left_out", "_paused_at")

    def __init__(self) -> None:
        self._left_out = monotonic()
        self._paused_at: float | None = None

    def __call__(self) -> float:
        paused_at = self._paused_at
        return (monotonic() if paused_at is None else paused_at) - self._left_out

    def pause(self) -> None:
        """Stand still."""
        if self._paused_at is None:
            self._paused_at = monotonic()

    def resume(self) -> None:
        """Go on."""
        if self._paused_at is not None:
            self._left_out += monotonic() - self._paused_at
            self._paused_at = None
