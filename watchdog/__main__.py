"""The watcher's process: `python -m hostql.watchdog SPECIFICATION`, a JSON object; `daemon/agent.py` makes it.

children   [{role, command, environment, beats}]
state      directory of the denylist, the control socket and the lock
pidfile    where to write the process id, '' for nowhere
limits     arguments of `allowance`
delay, patience   seconds, see `Watcher`
most_wait  seconds between restarts of a child, and of the watcher, at most
cgroup     whether the worker gets a group of its own
ready      file descriptor to write to once it runs, where somebody waits for that
guard      whether a guardian starts the watcher again when it is killed: where no service manager does
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
import time
from contextlib import ExitStack
from functools import partial

from . import cgroups
from .allowance import allowance
from .child import SOON, Child, Spec
from .control import Control
from .denylist import Denylist
from .notify import Notify
from .watcher import Watcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

_CANNOT_START, _ALREADY_RUNS, _BROKEN = 1, 4, 70


def main() -> int:
    """Run until told to stop; returns the exit code."""
    spec = json.loads(sys.argv[1])
    return _guard(spec) if spec.get("guard") else _watch(spec)


def _guard(spec: dict[str, Any]) -> int:
    """Start the watcher again whenever it is killed. It does nothing else, so it cannot be stuck."""
    import signal

    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    wait, child = 1.0, 0

    def pass_on(number: int, _frame: object) -> None:
        try:
            if child:
                os.kill(child, number)
        except ProcessLookupError:
            pass
        # Told to end while there is no watcher to tell.
        if not child and number != signal.SIGHUP:
            sys.exit(0)

    for number in numbers:
        signal.signal(number, pass_on)
    while True:
        began = time.monotonic()
        signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
        child = os.fork()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)
        if not child:
            _watch_and_exit(spec)
        # The first one tells.
        if "ready" in spec:
            os.close(spec.pop("ready"))
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status) and os.WEXITSTATUS(status) != _BROKEN:
            return os.WEXITSTATUS(status)
        print(f"the watcher ({child}) is dead (status {status:#x}); another is started", file=sys.stderr)
        child = 0
        wait = 1.0 if time.monotonic() - began > SOON else min(wait * 2, 60.0, spec["most_wait"])
        time.sleep(wait)


def _watch_and_exit(spec: dict[str, Any]) -> NoReturn:
    code = _BROKEN
    try:
        code = _watch(spec)
    except Exception as error:
        print(f"the watcher broke: {type(error).__name__}: {error}", file=sys.stderr)
    finally:
        os._exit(code)


def _watch(spec: dict[str, Any]) -> int:
    with ExitStack() as at_end:
        try:
            watcher = _prepared(spec, at_end)
        except BlockingIOError:
            print(f"an agent with the state in {spec['state']} runs already", file=sys.stderr)
            return _ALREADY_RUNS
        except OSError as error:
            print(f"the agent cannot start: {error}", file=sys.stderr)
            return _CANNOT_START
        watcher.run()
    return 0


def _prepared(spec: dict[str, Any], at_end: ExitStack) -> Watcher:
    """A watcher with its control socket, alone with its state; `at_end` takes all of it away. Raises OSError."""
    state = spec["state"]
    os.makedirs(state, mode=0o700, exist_ok=True)
    lock = os.open(f"{state}/daemon.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    limits = partial(allowance, **spec.get("limits", {}))
    group = _group(spec, limits)
    if group is not None:
        at_end.callback(group.remove)
        at_end.callback(group.kill)
    children = [
        Child(
            Spec(each["role"], each["command"], each.get("environment"), each.get("beats"), spec["most_wait"]),
            group if each["role"] == "worker" else None,
        )
        for each in spec["children"]
    ]
    notify = Notify()
    at_end.callback(notify.say, STOPPING=1)
    watcher = Watcher(
        children,
        Denylist(f"{state}/denylist.json"),
        limits,
        delay=spec.get("delay", 60.0),
        patience=spec.get("patience", 4.0),
        notify=notify,
    )
    at_end.callback(Control(watcher, f"{state}/daemon.sock").close)
    # From here on signals are heard.
    if spec.get("pidfile"):
        _write_pid(spec["pidfile"])
        at_end.callback(os.unlink, spec["pidfile"])
    _tell_ready(spec)
    return watcher


def _write_pid(path: str) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    os.write(file, f"{os.getpid()}\n".encode())
    os.close(file)


def _tell_ready(spec: dict[str, Any]) -> None:
    """Whoever started this in the background may go on."""
    ready = spec.pop("ready", None)
    if ready is not None:
        os.write(ready, b"1")
        os.close(ready)


def _group(spec: dict[str, Any], limits: Any) -> cgroups.Group | None:
    if not spec.get("cgroup"):
        return None
    group, problem = cgroups.make(cgroups.name_for(spec["state"]))
    if group is None:
        print(f"no control group for the worker: {problem}", file=sys.stderr)
        return None
    allowed = limits()
    # Behind the watchdog: what the worker has before it grows, and half as much again as it may grow by.
    memory = int((64 << 20) + allowed.memory * cgroups.HARD) if allowed.memory else 0
    for problem in group.limit(memory, 1.0 if allowed.cpu else 0):
        print(problem, file=sys.stderr)
    group.newly_killed()
    return group


if __name__ == "__main__":
    sys.exit(main())
