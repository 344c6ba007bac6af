"""A collector as a process: what it stores into, what it is made of, the signals it hears."""

from __future__ import annotations

import os
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

    from .collector import Collector
    from .exclusion.rules import Rules
    from .options import Options
    from .store import Store


class Signals:
    """The signals of a collector. TERM and INT stop it. HUP has it read its configuration again; where there is none,
    or where it runs at a terminal, which then was closed, HUP stops it too.

    fd    readable when one came
    stop  whether to stop
    """

    def __init__(self, reloading: bool) -> None:
        self.stop = False
        self._reloading = reloading
        self._reload = False
        self.fd, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._came)

    def reload(self) -> bool:
        """Whether the configuration is to be read again, since the last call."""
        reload, self._reload = self._reload, False
        return reload

    def _came(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGHUP and self._reloading:
            self._reload = True
        else:
            self.stop = True


def store_of(path: str, direct: str) -> Store:
    """The buffer, or what hands events straight on."""
    if direct:
        from .direct import Direct, JsonLines

        return Direct(JsonLines(direct))
    from .buffer import Buffer
    from .catalog import catalog
    from .table import BufferTable

    names = catalog()
    tables = [names.load(name) for name in names if names.subject(name) == "events"]
    return Buffer(path, [table for table in tables if issubclass(table, BufferTable)])


def collector_of(store: Store, options: Options | None = None, rules: Rules | None = None) -> Collector:
    """A collector of all event tables by all publishers."""
    from .catalog import catalog
    from .collector import Collector
    from .options import Options
    from .publishers import all_publishers
    from .table import EventTable

    names = catalog()
    tables = [names.load(name) for name in names if names.subject(name) == "events"]
    wanted = [table for table in tables if issubclass(table, EventTable)]
    return Collector(store, wanted, all_publishers(), options or Options(), rules)
