"""The agent's collector of events: a child of the watcher, beside the worker, so that a query that is killed costs no
event. `python -m hostql.daemon.collecting CONFIG STATE`
"""

from __future__ import annotations

import os
import sys
import time

from ..events.attach import lock
from ..events.running import Signals, collector_of, store_of
from ..vtables.errors import HostqlError
from ..watchdog.attached import attach
from .config.source import ConfigSource
from .status import remembered_config

BEAT = 5.0


def main(config: str, state: str) -> int:
    """Collect until SIGTERM; returns the exit code."""
    asked: list[int] = []
    attached = attach(reload=lambda: asked.append(1))
    signals = Signals(reloading=True)
    source = ConfigSource(config, before=remembered_config(state))
    path = os.path.join(state, "events.db")
    locked = lock(path)
    if locked is None:
        raise HostqlError(f"somebody else collects into {path}")
    collector = collector_of(store_of(path, ""), source.config.events, source.config.rules)
    beat_at = 0.0
    problem = ""

    def stopped() -> bool:
        nonlocal beat_at, problem
        if source.changed(signals.reload() or bool(asked)):
            asked.clear()
            collector.use(source.config.rules, source.config.events)
            collector.problem = source.problem
        if attached is not None and time.monotonic() >= beat_at:
            beat_at = time.monotonic() + BEAT
            attached.beat("collector")
        if collector.store.problem != problem:
            problem = collector.store.problem
            print(problem or "events can be stored again", file=sys.stderr, flush=True)
        return signals.stop

    try:
        collector.wake_by(signals.fd)
        collector.start()
        if attached is not None:
            attached.ready()
        collector.run(stopped)
    finally:
        collector.close()
        os.close(locked)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:3]))
    except HostqlError as error:
        print(f"collector: {error.message}", file=sys.stderr)
        sys.exit(1)
    except Exception as error:
        # A fault of ours: told in a line; the watcher starts another collector.
        print(f"collector: {type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(70)
