"""`hostql events`: collecting events without a prompt, and what is known of it."""

from __future__ import annotations

import os
import signal
import sys

from ..vtables.errors import HostqlError
from .options import Arguments, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

    from ..events.collector import Collector

USAGE = "usage: hostql events collect [--buffer FILE] [--config FILE]"


def events(given: Arguments) -> int:
    """Do what `hostql events ...` says."""
    if given.words[1:] == ["collect"]:
        return collect(given)
    raise UsageError(USAGE)


def collect(given: Arguments) -> int:
    """Collect into the buffer until a signal comes, or, as the child of a session, until that ends."""
    from ..events.attach import DEFAULT_PATH, lock

    path = os.path.abspath(given.get("buffer") or DEFAULT_PATH)
    session = "session" in given
    try:
        locked = lock(path)
    except OSError as error:
        raise HostqlError(f"cannot use {path}: {error.strerror}", "Collecting events is for root.") from error
    if locked is None:
        raise HostqlError(f"somebody else collects into {path}")
    stopping: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        stopping.append(number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    collector = _collector(path, given.get("config") or "")
    try:
        collector.start()
        print(_told(collector), flush=True)
        collector.run(lambda: bool(stopping) or (session and _parent_is_gone()))
    finally:
        collector.close()
        os.close(locked)
    return 0


def _collector(path: str, config: str) -> Collector:
    from ..events.buffer import Buffer
    from ..events.catalog import catalog
    from ..events.collector import Collector
    from ..events.config import load
    from ..events.options import Options
    from ..events.publishers import all_publishers
    from ..events.table import BufferTable, EventTable

    options, rules = load(config) if config else (Options(), None)
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
