"""The process events connector's messages taken apart, and how events that come together are told apart."""

from __future__ import annotations

import os
import random
import struct

from hostql.events.publishers import proc_messages
from hostql.events.publishers.proc_connector import ProcConnector
from hostql.events.publishers.proc_messages import EXEC, EXIT, FORK, Event, parse
from hostql.tests.events.streams import Kept

# An exec and an exit as the kernel sent them.
EXEC_RAW = bytes.fromhex(
    "4c000000030000000000000000000000010000000100000003000000000000002800000002000000"
    "01000000a1b2c3d4e5000000"
    "39300000393000000000000000000000000000000000000000000000"
)
EXIT_RAW = EXEC_RAW[:36] + struct.pack("=IIQIIIIII", EXIT, 1, 7_000_000, 12346, 12345, 256, 17, 12, 11)
NOBODY = 1 << 22


def told(publisher: ProcConnector, *events: Event) -> Kept:
    """What becomes of events that are drained together."""
    kept, queue = Kept(), [list(events), []]
    publisher._receive = lambda stream: queue.pop(0)  # type: ignore[method-assign]
    publisher.drain(kept)
    return kept


def now() -> int:
    import time

    return time.monotonic_ns()


def test_captured_messages():
    event = parse(EXEC_RAW)
    assert event is not None and (event.what, event.pid, event.tgid) == (EXEC, 12345, 12345)
    event = parse(EXIT_RAW)
    assert event is not None
    assert (event.pid, event.tgid, event.code, event.parent, event.ns) == (12346, 12345, 256, 11, 7_000_000)
    older = parse(EXIT_RAW[:-8])
    assert older is not None and (older.code, older.parent) == (256, 0)


def test_broken_messages_are_none():
    assert parse(b"") is None
    assert parse(EXEC_RAW[:55]) is None
    assert parse(EXEC_RAW.replace(b"\x01\0\0\0\x01\0\0\0", b"\x02\0\0\0\x01\0\0\0", 1)) is None
    draw = random.Random(4)
    for raw in (EXEC_RAW, EXIT_RAW):
        for cut in range(len(raw)):
            parse(raw[:cut])
        for _ in range(2000):
            changed = bytearray(raw)
            for _ in range(draw.randrange(1, 8)):
                changed[draw.randrange(len(raw))] = draw.randrange(256)
            found = parse(bytes(changed))
            if found is not None:
                proc_messages.exit_code(found.code)


def test_a_pid_used_again_within_a_batch_ends_twice():
    start = now()
    kept = told(
        ProcConnector(),
        Event(EXEC, start, NOBODY, NOBODY),
        Event(EXIT, start + 5_000_000, NOBODY, NOBODY, 1 << 8, os.getpid()),
        Event(EXEC, start + 6_000_000, NOBODY, NOBODY),
        Event(EXIT, start + 16_000_000, NOBODY, NOBODY, 9, os.getpid()),
    )
    # The first end is written before the second row is there.
    assert kept.calls == ["add", "ended", "add", "ended"]
    assert kept.ends == {NOBODY: (137, 10)}
    assert [(row["overflows"], row["parent"]) for row in kept.rows] == [("gone", os.getpid())] * 2


def test_a_process_that_began_after_the_event_is_another():
    kept = told(ProcConnector(), Event(EXEC, 1, os.getpid(), os.getpid()))
    assert [row["path"] for row in kept.rows] == [""]


def test_a_program_that_still_runs_after_its_end_is_another():
    start = now()
    pid = os.getpid()
    kept = told(ProcConnector(), Event(EXEC, start, pid, pid), Event(EXIT, start, pid, pid, 0, 1))
    assert [(row["path"], row["parent"]) for row in kept.rows] == [("", 1)]


def test_a_program_read_too_late_is_not_told_as_its_successor():
    publisher, kept = ProcConnector(), Kept()
    pid = os.getpid()
    queue = [[Event(EXEC, now(), pid, pid)], [Event(EXEC, now(), pid, pid)], []]
    publisher._receive = lambda stream: queue.pop(0)  # type: ignore[method-assign]
    publisher.drain(kept)
    assert [row["path"] for row in kept.rows] == ["", os.readlink("/proc/self/exe")]
    assert kept.rows[0]["parent"] == os.getppid()


def test_the_end_of_a_program_that_was_not_seen_is_nobodys():
    kept = told(ProcConnector(), Event(EXIT, now(), NOBODY, NOBODY, 0, 1))
    assert (kept.rows, kept.ends) == ([], {})


def test_forks_and_programs_are_told_apart():
    kept = told(ProcConnector(), Event(FORK, now(), NOBODY, NOBODY, parent=1), Event(EXEC, now(), NOBODY, NOBODY))
    assert [row["syscall"] for row in kept.rows] == ["fork", "execve"]
