"""The watcher's process: `python -m hostql.watchdog SPECIFICATION`, a JSON object; `daemon/agent.py` makes it.

children   [{role, command, environment, beats}]
state      directory of the denylist, the control socket and the lock
pidfile    where to write the process id, '' for nowhere
limits     arguments of `allowance`
delay, patience   seconds, see `Watcher`
most_wait  seconds between restarts of a child, and of the watcher, at most
cgroup     whether the worker gets a group of its own
ready      file descriptor to write to once all children run, where somebody waits for that
background  whether whoever started this does not wait for its end; then standard error is daemon.log in the state
guard      whether a guardian starts the watcher again when it is killed: where no service manager does
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sys
from contextlib import ExitStack
from functools import partial

from ..vtables.files.private import lock_file, remove_own
from ..vtables.files.program import module
from ..vtables.files.write import NewFile
from . import cgroups
from .allowance import allowance
from .child import Child, Spec
from .control import Control
from .denylist import Denylist
from .guardian import SIGNALS, Guardian
from .notify import Notify
from .voice import say, shorten
from .watcher import Watcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_CANNOT_START, _ALREADY_RUNS = 1, 4


def main() -> int:
    """Run until told to stop; returns the exit code."""
    spec = json.loads(sys.argv[1])
    if not spec.get("guard"):
        return _watch(spec, os.getpid())
    lasts = os.getpid()
    guardian = Guardian(partial(_watch, spec, lasts), partial(_forget_ready, spec), spec["most_wait"])
    code = guardian.run()
    # A watcher that was killed left it.
    _remove_pid(spec["pidfile"], lasts)
    return code


def _watch(spec: dict[str, Any], lasts: int, guardian: int | None = None) -> int:
    """`lasts` is whom the pidfile names; `guardian` a file descriptor that is at its end when that is no more."""
    with ExitStack() as at_end:
        try:
            watcher = _prepared(spec, lasts, at_end)
        except BlockingIOError:
            say(f"an agent with the state in {spec['state']} runs already")
            return _ALREADY_RUNS
        except OSError as error:
            say(f"the agent cannot start: {error}")
            return _CANNOT_START
        if guardian is not None:
            watcher.listen(guardian, partial(_replace_guardian, spec, watcher, guardian))
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        watcher.run()
    return 0


def _replace_guardian(spec: dict[str, Any], watcher: Watcher, guardian: int) -> None:
    """The guardian was killed. Whoever waits for it starts another agent, and nothing may be in its way; in the
    background nobody waits, and this process becomes the guardian of another watcher."""
    watcher.forget(guardian)
    if watcher.stopping:
        return
    for child in watcher.children:
        if child.state in ("starting", "running", "ending"):
            child.signal(signal.SIGKILL)
    if not spec["background"]:
        os.kill(os.getpid(), signal.SIGKILL)
    say(f"the guardian is dead; the watcher ({os.getpid()}) takes its place")
    os.execv(sys.executable, module("hostql.watchdog", json.dumps(spec)))


def _prepared(spec: dict[str, Any], lasts: int, at_end: ExitStack) -> Watcher:
    """A watcher with its control socket, alone with its state; `at_end` takes all of it away. Raises OSError."""
    state = spec["state"]
    lock = lock_file(f"{state}/daemon.lock")
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
    notify = Notify(_own_ready(spec))
    at_end.callback(notify.say, STOPPING=1)
    denylist = Denylist(f"{state}/denylist.json")
    if denylist.problem:
        say(denylist.problem)
    watcher = Watcher(
        children,
        denylist,
        limits,
        delay=spec.get("delay", 60.0),
        patience=spec.get("patience", 4.0),
        notify=notify,
        each_minute=partial(shorten, f"{state}/daemon.log") if spec["background"] else None,
    )
    at_end.callback(Control(watcher, f"{state}/daemon.sock").close)
    # From here on signals are heard.
    if spec["pidfile"]:
        _write_pid(spec["pidfile"], lasts)
        at_end.callback(_remove_pid, spec["pidfile"], lasts)
    return watcher


def _write_pid(path: str, pid: int) -> None:
    """At once: whoever reads it finds a number."""
    with NewFile(path, mode=0o644) as file:
        file.text().write(f"{pid}\n")


def _remove_pid(path: str, pid: int) -> None:
    """Where it is still there, and no other agent's by now."""
    try:
        remove_own(path, f"{pid}\n".encode())
    except OSError:
        pass


def _own_ready(spec: dict[str, Any]) -> int:
    """Where to tell that all run, which no child is to have; -1 for nowhere."""
    ready: int = spec.pop("ready", -1)
    if ready >= 0:
        os.set_inheritable(ready, False)
    return ready


def _forget_ready(spec: dict[str, Any]) -> None:
    """The first watcher tells: where it ends without, its end of the pipe is the last."""
    if "ready" in spec:
        os.close(spec.pop("ready"))


def _group(spec: dict[str, Any], limits: Any) -> cgroups.Group | None:
    if not spec.get("cgroup"):
        return None
    group, problem = cgroups.make(cgroups.name_for(spec["state"]))
    if group is None:
        say(f"no control group for the worker: {problem}")
        return None
    allowed = limits()
    # Behind the watchdog: what the worker has before it grows, and half as much again as it may grow by.
    memory = int((64 << 20) + allowed.memory * cgroups.HARD) if allowed.memory else 0
    for problem in group.limit(memory, 1.0 if allowed.cpu else 0):
        say(problem)
    group.newly_killed()
    return group


if __name__ == "__main__":
    sys.exit(main())
