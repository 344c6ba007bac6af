"""`hostql events`: collecting events without a prompt, and what is known of it."""

from __future__ import annotations

import os
import signal
import sys

from ..vtables.errors import HostqlError
from .messages import write_notes
from .options import Arguments, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

    from ..events.collector import Collector
    from ..events.reloading import ConfigFile

USAGE = (
    "usage: hostql events collect, hostql events profiles, hostql events check PROFILE, "
    "hostql events audit-plugin [socket|child]"
)


def events(given: Arguments) -> int:
    """Do what `hostql events ...` says."""
    if given.words[1:] == ["collect"]:
        return collect(given)
    if given.words[1:2] in (["profiles"], ["check"]):
        from . import exclusions

        return exclusions.profiles(given) if given.words[1] == "profiles" else exclusions.check(given)
    if given.words[1:2] == ["audit-plugin"] and given.words[2:] in ([], ["socket"], ["child"]):
        from ..events.publishers.audit.dispatcher import plugin_file

        print(plugin_file((*given.words[2:], "socket")[0]), end="")
        return 0
    raise UsageError(USAGE)


def collect(given: Arguments) -> int:
    """Collect into the buffer until a signal comes, or, as the child of a session, until that ends."""
    from ..events.attach import DEFAULT_PATH, lock
    from ..events.reloading import ConfigFile

    path = os.path.abspath(given.get("buffer") or DEFAULT_PATH)
    session = "session" in given
    try:
        locked = lock(path)
    except OSError as error:
        raise HostqlError(f"cannot use {path}: {error.strerror}", "Collecting events is for root.") from error
    if locked is None:
        raise HostqlError(f"somebody else collects into {path}")
    config = ConfigFile(given.get("config") or "") if given.get("config") else None
    signals = Signals(reloading=config is not None and not os.isatty(0))
    collector = _collector(path, config)

    def stopped() -> bool:
        if config is not None and config.changed(signals.reload()):
            _use(collector, config)
        return signals.stop or (session and _parent_is_gone())

    try:
        collector.wake_by(signals.fd)
        collector.start()
        print(_told(collector), flush=True)
        collector.run(stopped)
    finally:
        collector.close()
        os.close(locked)
    return 0


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


def _use(collector: Collector, config: ConfigFile) -> None:
    if collector.rules is not config.rules:
        collector.use(config.rules)
    collector.problem = config.problem
    if config.problem:
        write_notes([config.problem], sys.stderr)
        sys.stderr.flush()


def _collector(path: str, config: ConfigFile | None) -> Collector:
    from ..events.buffer import Buffer
    from ..events.catalog import catalog
    from ..events.collector import Collector
    from ..events.options import Options
    from ..events.publishers import all_publishers
    from ..events.table import BufferTable, EventTable

    options, rules = (config.options, config.rules) if config is not None else (Options(), None)
    names = catalog()
    tables = [names.load(name) for name in names if names.subject(name) == "events"]
    stored = [table for table in tables if issubclass(table, BufferTable)]
    wanted = [table for table in tables if issubclass(table, EventTable)]
    return Collector(Buffer(path, stored), wanted, all_publishers(), options, rules)


def _told(collector: Collector) -> str:
    """Which publisher feeds what, in a line."""
    opened = [f"{a.publisher.name}: {', '.join(sorted(a.tables))}" for a in collector.assignment.opened()]
    return "; ".join(opened) or "no publisher can work here; event_publishers says why"


def _parent_is_gone() -> bool:
    """The session holds the other end of standard input; that it is readable is its end."""
    import select

    return bool(select.select([sys.stdin], [], [], 0)[0])
