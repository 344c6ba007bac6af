"""The same event in two sources: logins that a host records in several places are one row each."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable
    from typing import Any


class Sightings:
    """Events by what identifies them, and by time, in which sources differ by up to `tolerance` seconds.

    Each event is matched once, so that two attempts within the tolerance stay two.

    >>> seen = Sightings(2)
    >>> seen.add(("ann", "pts/0"), 100, "a")
    >>> seen.take(("ann", "pts/0"), 103), seen.take(("ann", "pts/0"), 101), seen.take(("ann", "pts/0"), 101)
    (None, 'a', None)
    """

    def __init__(self, tolerance: float) -> None:
        self._tolerance = tolerance
        # By minute, too: one address may fail to log in as root a million times.
        self._events: dict[tuple[Hashable, int], list[tuple[float, Any]]] = {}

    def add(self, key: Hashable, time: float, event: Any) -> None:
        """An event of the first source."""
        self._events.setdefault((key, int(time // 60)), []).append((time, event))

    def take(self, key: Hashable, time: float) -> Any:
        """The event that one of the second source is another record of, the nearest in time; None for none."""
        minutes = {int((time - self._tolerance) // 60), int((time + self._tolerance) // 60)}
        lists = [self._events[key, minute] for minute in minutes if (key, minute) in self._events]
        near = [(abs(each[0] - time), events, each) for events in lists for each in events]
        apart, events, found = min(near, key=lambda each: each[0], default=(None, [], None))
        if apart is None or found is None or apart > self._tolerance:
            return None
        events.remove(found)
        return found[1]
