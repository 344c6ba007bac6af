"""`Child`: one supervised process: started, asked to end, made to end, and given up where not even that helps."""

from __future__ import annotations

import os
import signal
import time

from .channel import ENVIRONMENT, Channel, pair
from .sampler import Bucket, Sample, Sampler

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from .cgroups import Group

# Seconds between restarts: doubled with each death soon after a start. And what is soon.
BACKOFF = (1.0, 600.0)
SOON = 300.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Query:
    """The query that runs in a child: since when, what it may take, and what the process had taken before."""

    __slots__ = ("began", "cpu", "deniable", "interrupted", "memory", "name", "seconds", "sql")

    def __init__(self, name: str, sql: str, seconds: float, cpu: float = 0.0, memory: int = 0) -> None:
        self.name = name
        self.sql = sql
        self.seconds = seconds
        self.began = time.monotonic()
        self.cpu = cpu
        self.memory = memory
        self.interrupted = 0.0
        self.deniable = True


class Spec:
    """How a child is started: its role ('worker'), command and environment, the parts of it that must beat, with the
    seconds within which they must, and the most seconds between restarts."""

    def __init__(
        self,
        role: str,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        beats: Mapping[str, float] | None = None,
        most_wait: float = BACKOFF[1],
    ) -> None:
        self.role = role
        self.command = list(command)
        self.environment = dict(environment or {})
        self.beats = dict(beats or {})
        self.most_wait = most_wait


class Child:
    """A process and what is known of it.

    state  starting, running, ending (asked to), waiting (for its restart), abandoned
    """

    def __init__(self, spec: Spec, group: Group | None = None) -> None:
        self.spec = spec
        self.group = group
        self.pid = 0
        self.state = "waiting"
        self.channel: Channel | None = None
        self.query: Query | None = None
        self.sample: Sample | None = None
        self.base = 0
        self.restarts = 0
        self.started = self.start_at = self.kill_at = self.give_up_at = self.ready_at = 0.0
        self.bucket = Bucket(0, 0)
        self.beats: dict[str, float] = {}
        self.reason = ""
        self.last_usage: dict[str, Any] = {}
        self.stopped_since = 0.0
        self._sampler: Sampler | None = None
        self._looked = 0.0
        self._wait = min(BACKOFF[0], spec.most_wait)

    def start(self) -> None:
        """Start it. OSError where that cannot be."""
        self.channel, theirs = pair()
        os.set_inheritable(theirs.fileno(), True)
        environment = {**os.environ, **self.spec.environment, ENVIRONMENT: str(theirs.fileno())}
        # A signal for the child that comes before it is its own program is kept for it.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        pid = os.fork()
        if pid == 0:
            self._become(environment)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        theirs.close()
        self.pid, self.state, self.started = pid, "starting", time.monotonic()
        self.query, self.reason, self.base, self.ready_at = None, "", 0, 0.0
        self.kill_at = self.give_up_at = self.stopped_since = 0.0
        self._looked = self.started
        self.bucket.empty()
        self.beats = dict.fromkeys(self.spec.beats, self.started + 30)
        self._sampler = Sampler(pid)

    def _become(self, environment: dict[str, str]) -> None:
        try:
            if self.group is not None:
                self.group.add(os.getpid())
            # Not the terminal's: Ctrl-C is for the watcher.
            os.setpgid(0, 0)
            signal.set_wakeup_fd(-1)
            for number in (*_SIGNALS, signal.SIGCHLD, signal.SIGPIPE):
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            os.execvpe(self.spec.command[0], self.spec.command, environment)
        finally:
            os._exit(127)

    def look(self, now: float) -> bool:
        """Look what it takes; whether it has used too much CPU for too long."""
        if self._sampler is None:
            return False
        before, self.sample = self.sample, self._sampler.sample()
        if self.sample is None:
            return False
        used = self.sample.cpu - before.cpu if before else 0.0
        seconds, self._looked = now - self._looked, now
        if self.sample.state in "Tt":
            self.stopped_since = self.stopped_since or now
        else:
            self.stopped_since = 0.0
        return self.bucket.add(max(used, 0.0), seconds)

    def end(self, now: float, patience: float, reason: str) -> None:
        """Ask it to end; if it has not in `patience` seconds, it is killed."""
        if self.state in ("starting", "running"):
            self.state, self.reason = "ending", reason
            self.kill_at, self.give_up_at = now + patience, now + patience + 10
            self.signal(signal.SIGTERM)
            # One that was stopped could not even hear that.
            self.signal(signal.SIGCONT)

    def signal(self, number: int) -> None:
        """Send it a signal, while it is ours."""
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            pass

    def gone(self, now: float, *, abandoned: bool = False) -> None:
        """It has ended, or nothing ends it: it is to be started again, later each time it does not last."""
        if self.channel is not None:
            self.channel.close()
            self.channel = None
        if self._sampler is not None:
            self._sampler.close()
            self._sampler = None
        if now - self.started > SOON:
            self._wait = min(BACKOFF[0], self.spec.most_wait)
        self.state = "waiting"
        self.start_at = now + self._wait
        self._wait = min(self._wait * 2, self.spec.most_wait)
        self.restarts += 1
        self.sample = None
        if abandoned:
            self.group = None
