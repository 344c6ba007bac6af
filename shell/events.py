"""`hostql events`: collecting events without a prompt, and what is known of it."""

from __future__ import annotations

import os
import sys

from ..vtables.errors import HostqlError
from .messages import write_notes
from .options import Arguments, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
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
    from ..events.running import Signals, collector_of, store_of

    path = os.path.abspath(given.get("buffer") or DEFAULT_PATH)
    session = "session" in given
    direct = given.get("direct") or ""
    try:
        # What goes straight on is nobody else's concern.
        locked = os.open(os.devnull, os.O_RDONLY) if direct else lock(path)
    except OSError as error:
        raise HostqlError(f"cannot use {path}: {error.strerror}", "Collecting events is for root.") from error
    if locked is None:
        raise HostqlError(f"somebody else collects into {path}")
    named = config_path(given)
    config = ConfigFile(named) if named else None
    signals = Signals(reloading=config is not None and not os.isatty(0))
    store = store_of(path, direct)
    collector = collector_of(store) if config is None else collector_of(store, config.options, config.rules)
    said = [""]

    def stopped() -> bool:
        if config is not None and config.changed(signals.reload()):
            _use(collector, config)
        if collector.store.problem != said[0]:
            said[0] = collector.store.problem
            _say(said[0] or "events can be stored again")
        return signals.stop or (session and _parent_is_gone())

    try:
        collector.wake_by(signals.fd)
        collector.start()
        print(_told(collector), flush=True, file=sys.stderr if direct == "-" else sys.stdout)
        collector.run(stopped)
    finally:
        collector.close()
        os.close(locked)
    return 0


def _use(collector: Collector, config: ConfigFile) -> None:
    if collector.rules is not config.rules or collector.options is not config.options:
        collector.use(config.rules, config.options)
    collector.problem = config.problem
    if config.problem:
        _say(config.problem)


def _say(text: str) -> None:
    write_notes([text], sys.stderr)
    sys.stderr.flush()


def config_path(given: Arguments) -> str:
    """The configuration that is named, or the agent's where there is one; '' for none."""
    from ..events.config import DEFAULT_PATH

    return given.get("config") or (DEFAULT_PATH if os.path.exists(DEFAULT_PATH) else "")


def _told(collector: Collector) -> str:
    """Which publisher feeds what, in a line."""
    opened = [f"{a.publisher.name}: {', '.join(sorted(a.tables))}" for a in collector.assignment.opened()]
    return "; ".join(opened) or "no publisher can work here; event_publishers says why"


def _parent_is_gone() -> bool:
    """The session holds the other end of standard input; that it is readable is its end."""
    import select

    return bool(select.select([sys.stdin], [], [], 0)[0])
