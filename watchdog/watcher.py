"""`Watcher`: keeps children at work within their limits. It knows no SQL, takes little memory and never blocks.

One loop: it hears what children say, looks each second at what they take, and does what is due. In this order a child
that breaks a limit is stopped: its query is interrupted; it is asked to end; it is killed; where not even that helps (a
read from a dead mount), it is given up and another one started.
"""

from __future__ import annotations

import os
import select
import signal
import time
from functools import partial

from .allowance import allowance
from .child import Child, Query
from .voice import say as say_it

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from .allowance import Allowance
    from .denylist import Denylist
    from .notify import Notify

# Seconds between looks, between pings; for a query to end after it was interrupted, for a child that is stopped.
LOOK = 1.0
PING = 5.0
# Between askings for the limits, and tellings of what is denied: that ends by itself.
RENEW = 60.0
INTERRUPTED = 2.0
STOPPED = 10.0
# Of what broke a limit a query must have taken this part itself to be blamed.
BLAMED = 0.5


class Watcher:
    """Supervises children until it is told to stop.

    limits   called for the allowance that holds now: it is asked each minute, for hosts change
    each_minute  called for whatever else is to be looked after
    """

    def __init__(
        self,
        children: Sequence[Child],
        denylist: Denylist,
        limits: Callable[[], Allowance],
        *,
        delay: float = 60.0,
        patience: float = 4.0,
        notify: Notify | None = None,
        each_minute: Callable[[], None] | None = None,
        say: Callable[[str], None] | None = None,
    ) -> None:
        self.children = list(children)
        self.denylist = denylist
        self.limits = limits
        self.allowance = limits()
        self.delay = delay
        self.patience = patience
        self.stopping = self._reload = False
        self.started = time.time()
        self.abandoned: list[int] = []
        self._notify = notify
        self._each_minute = each_minute
        self._say = say or say_it
        self._poll = select.epoll()
        self._read: dict[int, Callable[[], None]] = {}
        self._look_at = self._ping_at = self._limits_at = 0.0
        self._hear_signals()

    def run(self) -> None:
        """Until SIGTERM or SIGINT came and all children have ended."""
        while not self._over():
            now = time.monotonic()
            for fd, _ in self._poll.poll(max(min(self._look_at, self._next_start()) - now, 0.0)):
                self._read[fd]()
            self.step(time.monotonic())

    def step(self, now: float) -> None:
        """Do what is due."""
        self._reap(now)
        if now >= self._look_at:
            self._look_at = now + LOOK
            for child in self.children:
                self._look(child, now)
        if now >= self._ping_at:
            # A service manager expects it in time, half of which is what sd_watchdog_enabled(3) recommends.
            every = self._notify.every / 2 if self._notify is not None else 0.0
            self._ping_at = now + min(PING, every or PING)
            for child in self.children:
                if child.channel is not None:
                    child.channel.send(ping=int(now))
            if self._notify is not None and self._notify.every:
                self._notify.say(WATCHDOG=1)
        if now >= self._limits_at:
            self._limits_at = now + RENEW
            self.allowance = self.limits()
            self.tell_denied()
            if self._each_minute is not None:
                self._each_minute()
        for child in self.children:
            if self.stopping:
                child.end(now, max(self.patience, 10.0), "stopped")
            elif child.state == "waiting" and now >= child.start_at:
                self._start(child)
            if self._reload and child.channel is not None:
                child.channel.send(reload=1)
        self._reload = False

    # Signal handlers: they come amid anything, so the next step acts.

    def stop(self) -> None:
        """End all children, then this."""
        self.stopping = True

    def reload(self) -> None:
        """Have the children read the configuration again."""
        self._reload = True

    def tell_denied(self) -> None:
        """Tell the children which queries may not run."""
        queries = [[entry["query"], entry["sql"]] for entry in self.denylist.current()]
        for child in self.children:
            if child.channel is not None:
                child.channel.send(denylist=queries)

    def listen(self, fd: int, ready: Callable[[], None]) -> None:
        """Call `ready` when a file descriptor is readable."""
        self._read[fd] = ready
        self._poll.register(fd, select.EPOLLIN)

    def forget(self, fd: int) -> None:
        """No longer."""
        self._poll.unregister(fd)
        del self._read[fd]

    def status(self) -> dict[str, Any]:
        """What is known, for `hostql daemon status`."""
        return {
            "pid": os.getpid(),
            "started": int(self.started),
            "memory_limit": self.allowance.memory,
            "cpu_limit": self.allowance.cpu,
            "children": [_status(child) for child in self.children],
            "abandoned": self.abandoned,
            "denylist": self.denylist.current(),
        }

    def _start(self, child: Child) -> None:
        now = time.monotonic()
        try:
            child.start()
        except OSError as error:
            self._say(f"the {child.spec.role} cannot be started: {error}")
            child.gone(now)
            return
        self._say(f"watcher ({os.getpid()}) started {child.spec.role} ({child.pid})")
        channel = child.channel
        assert channel is not None
        self.listen(channel.fileno(), lambda: self._hear(child))
        self.tell_denied()

    def _hear(self, child: Child) -> None:
        channel = child.channel
        if channel is None:
            return
        now = time.monotonic()
        for message in channel.receive():
            if "beat" in message:
                child.beats[message["beat"]] = now
            if "ready" in message:
                child.state = "running" if child.state == "starting" else child.state
                child.ready_at = now
                child.base = int(message["ready"]["memory"])
                if self._notify is not None and all(each.state == "running" for each in self.children):
                    self._notify.say(READY=1)
            if "begin" in message:
                about = message["begin"]
                child.query = Query(
                    about["query"], about["sql"], float(about["seconds"]), about["cpu"], about["memory"]
                )
                child.query.deniable = bool(about["deniable"])
            if "deny" in message:
                about = message["deny"]
                self.denylist.deny(about["query"], about["sql"], about["reason"], about["usage"])
                self._say(f"the query {about['query']} is denied for a day: {about['reason']}")
                self.tell_denied()
            if "end" in message:
                child.query, child.last_usage = None, message["end"]
                child.beats.update(dict.fromkeys(child.beats, now))
            if "limits" in message:
                self.limits = partial(allowance, **message["limits"])
                self._limits_at = 0.0
            if "say" in message:
                self._say(str(message["say"]))
        if channel.closed:
            self._forget_channel(child)

    def _look(self, child: Child, now: float) -> None:
        """Whether a child breaks a limit, and what follows."""
        if child.state not in ("starting", "running", "ending"):
            return
        child.bucket.rate, child.bucket.latency = self.allowance.cpu, self.allowance.latency
        busy = child.look(now)
        if child.state == "ending":
            self._force(child, now)
            return
        query = child.query
        if query is not None and query.interrupted:
            if now - query.interrupted > INTERRUPTED:
                child.end(now, self.patience, child.reason)
            return
        broken = self._broken(child, busy, now)
        if broken:
            self._stop_query(child, broken, now)

    def _broken(self, child: Child, busy: bool, now: float) -> str:
        """Which limit is broken, in words; '' for none."""
        sample, query = child.sample, child.query
        if sample is None:
            return ""
        if child.stopped_since and now - child.stopped_since > STOPPED:
            return "it was stopped by a signal"
        grown = sample.memory - child.base
        if child.base and self.allowance.memory and grown > self.allowance.memory:
            return f"memory: it grew by {grown >> 20} MiB; the limit is {self.allowance.memory >> 20} MiB"
        if busy and child.ready_at and now - child.ready_at > self.delay:
            rate = f"{self.allowance.cpu * 100:.0f} % of a core for {self.allowance.latency:g} s"
            return f"cpu: it used more than {rate}"
        if query is not None:
            if query.seconds and now - query.began > query.seconds:
                return f"time: the query ran for {now - query.began:.0f} s; the limit is {query.seconds:g} s"
            return ""
        for name, last in child.beats.items():
            if now - last > child.spec.beats.get(name, 1e9):
                return f"heartbeat: its {name} made no progress for {now - last:.0f} s"
        return ""

    def _stop_query(self, child: Child, broken: str, now: float) -> None:
        """Interrupt what runs, deny it if it is to blame, and end the child where nothing runs."""
        query, sample = child.query, child.sample
        child.reason = broken
        self._say(f"{child.spec.role} ({child.pid}): {broken}")
        if query is None or sample is None or broken.startswith("it was stopped"):
            child.end(now, self.patience, broken)
            return
        query.interrupted = now
        usage: dict[str, Any] = {
            "cpu": round(sample.cpu - query.cpu, 2),
            "memory": max(sample.memory - query.memory, 0),
            "wall": round(now - query.began, 2),
        }
        if not query.deniable:
            self._say(f"the query {query.name} broke it, and may not be denied")
        elif self._to_blame(broken, usage):
            self.denylist.deny(query.name, query.sql, broken, usage)
            self._say(f"the query {query.name} is denied for a day: {broken}")
            self.tell_denied()
        else:
            self._say(f"the query {query.name} is not to blame: it took {usage['memory'] >> 20} MiB, {usage['cpu']} s")
        child.bucket.empty()
        if child.channel is not None:
            child.channel.send(interrupt=broken)

    def _to_blame(self, broken: str, usage: dict[str, Any]) -> bool:
        if broken.startswith("memory"):
            return bool(usage["memory"] >= BLAMED * self.allowance.memory)
        if broken.startswith("cpu"):
            return bool(usage["cpu"] >= BLAMED * self.allowance.latency * max(1 - self.allowance.cpu, 0.1))
        return broken.startswith("time")

    def _force(self, child: Child, now: float) -> None:
        """One that was asked to end and has not."""
        if child.kill_at and now >= child.kill_at:
            self._say(f"{child.spec.role} ({child.pid}) has not ended: it is killed")
            child.kill_at = 0.0
            child.signal(signal.SIGKILL)
            if child.group is not None:
                child.group.kill()
        elif now >= child.give_up_at:
            self._say(f"{child.spec.role} ({child.pid}) cannot be killed (state {child.sample and child.sample.state})")
            self._deny_where_stuck(child)
            self.abandoned.append(child.pid)
            self._forget_channel(child)
            child.gone(now, abandoned=True)

    def _deny_where_stuck(self, child: Child) -> None:
        query = child.query
        if query is not None and query.deniable and self.denylist.denied(query.name, query.sql) is None:
            self.denylist.deny(query.name, query.sql, "the worker could not be killed while it ran")

    def _reap(self, now: float) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            for child in self.children:
                if child.pid == pid and child.state in ("starting", "running", "ending"):
                    self._died(child, status, now)
            if pid in self.abandoned:
                self.abandoned.remove(pid)

    def _died(self, child: Child, status: int, now: float) -> None:
        self._hear(child)
        how = f"ended with {os.WEXITSTATUS(status)}"
        if os.WIFSIGNALED(status):
            how = f"was killed by signal {os.WTERMSIG(status)}"
        query, asked = child.query, child.state == "ending"
        killed = child.group.newly_killed() if child.group is not None else 0
        if not self.stopping or status:
            self._say(f"{child.spec.role} ({child.pid}) {how}" + (" for want of memory" if killed else ""))
        if query is not None and query.deniable and not asked:
            if killed:
                self.denylist.deny(query.name, query.sql, "memory: the kernel killed the worker for want of it")
                self._say(f"the query {query.name} is denied for a day")
            elif not query.interrupted:
                self._count_death(query)
        self._forget_channel(child)
        child.gone(now)

    def _count_death(self, query: Query) -> None:
        from .denylist import DEATHS

        times = self.denylist.died(query.name, query.sql)
        self._say(f"the worker died while {query.name} ran, {times} time{'s' if times > 1 else ''} by now")
        if times >= DEATHS:
            self.denylist.deny(query.name, query.sql, f"the worker died {times} times while it ran")

    def _forget_channel(self, child: Child) -> None:
        if child.channel is not None and child.channel.fileno() in self._read:
            self.forget(child.channel.fileno())

    def _next_start(self) -> float:
        return min((child.start_at for child in self.children if child.state == "waiting"), default=1e18)

    def _over(self) -> bool:
        return self.stopping and all(child.state == "waiting" for child in self.children)

    def _hear_signals(self) -> None:
        read, write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, frame: self.stop())
        signal.signal(signal.SIGHUP, lambda number, frame: self.reload())
        self.listen(read, lambda: _empty(read))


def _empty(fd: int) -> None:
    try:
        os.read(fd, 4096)
    except BlockingIOError:
        pass


def _status(child: Child) -> dict[str, Any]:
    sample, query = child.sample, child.query
    return {
        "role": child.spec.role,
        "pid": child.pid,
        "state": child.state,
        "restarts": child.restarts,
        "cpu": sample.cpu if sample else 0.0,
        "memory": sample.memory if sample else 0,
        "grown": max(sample.memory - child.base, 0) if sample and child.base else 0,
        "query": query.name if query else "",
        "reason": child.reason,
    }
