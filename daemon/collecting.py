"""The agent's collector of events: a child of the watcher, beside the worker, so that a query that is killed costs no
event. `python -m hostql.daemon.collecting CONFIG STATE OPTIONS`, the options being the command line's, as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time

from ..events.attach import lock
from ..events.running import Signals, collector_of, store_of
from ..vtables.errors import HostqlError
from ..watchdog.attached import attach
from ..watchdog.voice import say
from .config.identity import host_identifier
from .config.source import ConfigSource
from .differential import key
from .loggers import make
from .loggers.logger import RESULT
from .records import Format, Run, results
from .status import remembered_config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ..events.store import Store
    from .loggers.logger import Logger

BEAT = 5.0


def main(config: str, state: str, given: str = "{}") -> int:
    """Collect until SIGTERM; returns the exit code."""
    asked: list[int] = []
    attached = attach(reload=lambda: asked.append(1))
    signals = Signals(reloading=True)
    source = ConfigSource(config, before=remembered_config(state), given=json.loads(given))
    path = os.path.join(state, "events.db")
    locked = lock(path)
    if locked is None:
        raise HostqlError(f"somebody else collects into {path}")
    store = direct(source) if source.config.options.events_direct else store_of(path, "")
    collector = collector_of(store, source.config.events, source.config.rules)
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
            say(problem or "events can be stored again")
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


def direct(source: ConfigSource) -> Store:
    """Events go straight to the loggers: a line for each, as a query over the table would give it."""
    from ..events.direct import Direct

    loggers, problems = make(source.config.options)
    for problem in problems:
        say(problem)
    return Direct(ToLoggers(loggers, Format(host_identifier(source.config.options, ""))))


class ToLoggers:
    """A `direct.Sink`: the first logger that refuses has the batch come again."""

    def __init__(self, loggers: Sequence[Logger], format: Format) -> None:
        self._loggers = loggers
        self._format = format

    def write(self, table: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
        """Hand rows of an event table to all loggers. Raises OSError."""
        lines = list(results(self._format, Run(table, int(time.time())), (), [key(columns, row) for row in rows]))
        for logger in self._loggers:
            done = 0
            while done < len(lines):
                done += logger.write(RESULT, lines[done:])


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:4]))
    except HostqlError as error:
        say(f"collector: {error.message}")
        sys.exit(1)
    except Exception as error:
        # A fault of ours: told in a line; the watcher starts another collector.
        say(f"collector: {type(error).__name__}: {error}")
        sys.exit(70)
