"""Children for the watcher's tests: `python children.py WHAT`. Each says that it is ready, then misbehaves."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

from hostql.watchdog.attached import attach
from hostql.watchdog.channel import Channel

if sys.argv[1] == "hears late":
    receive = Channel.receive
    Channel.receive = lambda self: (time.sleep(0.5), receive(self))[1]  # type: ignore[method-assign]
interrupted = threading.Event()
denied: list[set[tuple[str, str]]] = []
attached = attach(interrupt=lambda reason: interrupted.set(), denied=denied.append)
assert attached is not None


def leak() -> None:
    kept = []
    while not interrupted.is_set():
        kept.append(bytearray(b"x" * (5 << 20)))
        time.sleep(0.02)


def spin() -> None:
    while not interrupted.is_set():
        pass


what = sys.argv[1]
if what.startswith("stubborn"):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    interrupted.set = lambda: None  # type: ignore[method-assign]
attached.ready()
attached.beat("work")
if what == "victim":
    # It holds much before the query begins, which then takes little more.
    kept = b"x" * (50 << 20)
    time.sleep(0.5)
    attached.begin("small", "sha", 60)
    more = b"y" * (20 << 20)
    interrupted.wait()
    attached.end(query="small")
    time.sleep(60)
elif what in ("leak", "stubborn-leak"):
    attached.begin("leaky", "sha", 60)
    leak()
    attached.end(query="leaky")
    time.sleep(60)
elif what == "spin":
    attached.begin("hot", "sha", 60)
    spin()
    attached.end(query="hot")
    time.sleep(60)
elif what == "slow":
    attached.begin("slow", "sha", 0.5)
    interrupted.wait()
    attached.end(query="slow")
    time.sleep(60)
elif what == "die":
    attached.begin("fatal", "sha", 60)
    time.sleep(0.2)
    os.kill(os.getpid(), signal.SIGSEGV)
elif what == "silent":
    time.sleep(60)
elif what == "hears late":
    attached.say(0, f"ready, denied: {denied[-1:]}")
    time.sleep(60)
elif what == "denied":
    said = 0
    while True:
        attached.beat("work")
        for each in denied[said:]:
            attached.say(0, f"denied: [{each}]")
            said += 1
        time.sleep(0.1)
elif what == "work":
    while True:
        attached.beat("work")
        time.sleep(0.2)
