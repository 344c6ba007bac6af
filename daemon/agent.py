"""Starting the agent: the configuration is checked, then this process becomes the watcher, which takes little."""

from __future__ import annotations

import json
import os
import select
import sys

from ..events.window import tables_read
from ..vtables.errors import HostqlError
from ..vtables.files.program import module
from ..vtables.files.trust import make_trusted
from ..vtables.files.write import append
from ..watchdog.memory import environment
from .config.build import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, NoReturn

    from ..vtables.database import Database
    from .config.model import Config

# Seconds within which each part of a child must make progress.
WORKER_BEATS = {"schedule": 60.0, "logger": 180.0}
COLLECTOR_BEATS = {"collector": 60.0}
# Seconds that whoever starts it in the background waits until it runs.
READY = 60.0


def start(
    config_path: str,
    state: str,
    *,
    daemonize: bool = False,
    pidfile: str = "",
    given: Mapping[str, Any] | None = None,
) -> NoReturn:
    """Become the agent; `given` are options that count before the configuration's. Raises HostqlError where it cannot
    be one."""
    if os.geteuid() != 0:
        raise HostqlError("the agent is for root to run", "It reads what only root may, and keeps its state private.")
    config_path, state = os.path.abspath(config_path), os.path.abspath(state)
    config = load(config_path, given=given)
    try:
        make_trusted(state)
    except OSError as error:
        raise HostqlError(f"the state cannot be kept in {state}: {error.strerror}") from error
    if pidfile:
        pidfile = os.path.abspath(pidfile)
        if not os.access(os.path.dirname(pidfile), os.W_OK):
            raise HostqlError(f"the pidfile {pidfile} cannot be written")
    arguments = [config_path, state, json.dumps(dict(given or {}))]
    told = specification(config, arguments, pidfile=pidfile, guard=_needs_guard(), background=daemonize)
    if daemonize:
        told["ready"] = _to_background(os.path.join(state, "daemon.log"))
    # Nothing that was read or imported to check the configuration stays.
    os.execv(sys.executable, module("hostql.watchdog", json.dumps(told)))


def specification(
    config: Config, arguments: list[str], *, pidfile: str = "", guard: bool = False, background: bool = False
) -> dict[str, Any]:
    """What the watcher is told (`watchdog/__main__.py`); `arguments` are those of worker and collector."""
    options = config.options
    variables, note = environment(options.memory_allocator)
    if note:
        print(note, file=sys.stderr)
    children = [
        {
            "role": "worker",
            "command": module("hostql.daemon.worker", *arguments),
            "environment": variables,
            "beats": {name: seconds for name, seconds in WORKER_BEATS.items() if name == "schedule" or _logs(config)},
        }
    ]
    if wants_collector(config):
        command = module("hostql.daemon.collecting", *arguments)
        children.append({"role": "collector", "command": command, "environment": variables, "beats": COLLECTOR_BEATS})
    return {
        "children": children,
        "state": arguments[1],
        "pidfile": pidfile,
        "limits": {
            "level": -1 if options.disable_watchdog else options.watchdog_level,
            "memory_mib": options.watchdog_memory_limit,
            "percent": options.watchdog_utilization_limit,
            "latency": options.watchdog_latency_limit,
        },
        "delay": options.watchdog_delay,
        "most_wait": float(options.watchdog_max_delay),
        "patience": options.watchdog_forced_shutdown_delay,
        "cgroup": options.watchdog_cgroup and not options.disable_watchdog,
        "guard": guard,
        "background": background,
    }


def wants_collector(config: Config) -> bool:
    """Whether events are to be collected: a query reads an event table, or the configuration says how."""
    from .check import named

    if config.options.disable_events:
        return False
    if config.wants_events:
        return True
    with named(config, []) as database:
        return any(_reads_events(database, sql) for sql in config.statements())


def _reads_events(database: Database, sql: str) -> bool:
    try:
        return bool(tables_read(database, sql))
    except HostqlError:
        # The worker will say what is wrong with it.
        return False


def _logs(config: Config) -> bool:
    return bool(config.options.logger_plugin.strip())


def _needs_guard() -> bool:
    """Whether nobody starts the watcher again: there is no service manager that waits for it."""
    return "NOTIFY_SOCKET" not in os.environ and "INVOCATION_ID" not in os.environ


def _to_background(log: str) -> int:
    """Leave the terminal and whoever started this (daemon(7)), who goes on once worker and collector run: the file
    descriptor to tell so. Raises HostqlError, where we were started, if the watcher ends before."""
    out = append(log, 0o600, plain=True)
    said = os.fstat(out).st_size
    reader, writer = os.pipe()
    if os.fork():
        os.close(writer)
        if not select.select([reader], [], [], READY)[0]:
            print(f"the agent was started, and does not run yet after {READY:g} s: {log} has more", file=sys.stderr)
            sys.stderr.flush()
            os._exit(0)
        if os.read(reader, 1):
            os._exit(0)
        with open(log, encoding="utf-8", errors="replace") as file:
            file.seek(said)
            raise HostqlError(
                f"the agent did not start: {file.read().strip() or 'it said nothing'}", f"{log} has more."
            )
    os.setsid()
    if os.fork():
        os._exit(0)
    os.chdir("/")
    os.umask(0o022)
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for fd, source in ((0, null), (1, null), (2, out)):
        os.dup2(source, fd)
    os.set_inheritable(writer, True)
    return writer
