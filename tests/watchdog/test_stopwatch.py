"""A clock that stands still, and a guard that goes by it."""

from __future__ import annotations

import threading
import time

from hostql.watchdog.guard import Breach, Guard
from hostql.watchdog.limits import Limits
from hostql.watchdog.stopwatch import Stopwatch


def test_no_time_goes_by_in_a_pause():
    stopwatch = Stopwatch()
    stopwatch.pause()
    before = stopwatch()
    time.sleep(0.01)
    assert stopwatch() == before
    stopwatch.resume()
    between = stopwatch()
    time.sleep(0.01)
    assert stopwatch() >= between + 0.01


def test_resuming_twice_is_resuming_once():
    stopwatch = Stopwatch()
    stopwatch.pause()
    stopwatch.pause()
    stopwatch.resume()
    before = stopwatch()
    stopwatch.resume()
    assert stopwatch() >= before


def test_a_pause_counts_for_no_timeout():
    stopwatch = Stopwatch()
    stopped = threading.Event()
    breaches: list[Breach] = []

    def stop(breach: Breach) -> None:
        breaches.append(breach)
        stopped.set()

    with Guard(Limits(timeout=0.1), stop, stopwatch):
        stopwatch.pause()
        assert not stopped.wait(0.3)
        stopwatch.resume()
        assert stopped.wait(20)
    assert breaches[0].limit == "timeout"
