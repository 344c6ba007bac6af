"""What tests of the kernel's audit share: a publisher, and what it hands over."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hostql.events.options import Options
from hostql.events.publisher import Unavailable
from hostql.events.publishers.audit.netlink import Control
from hostql.events.publishers.audit.publisher import Audit
from hostql.events.publishers.audit.rules import KEY, key_of
from hostql.tests.host import IS_ROOT, PATIENCE

# The key of rules that a test adds as another program.
THEIRS = "theirs"
SETTINGS = ("enabled", "backlog_limit", "backlog_wait_time")

Row = dict[str, Any]


class Recorder:
    """A stream that keeps what it is given."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.gaps: list[str] = []

    def add(self, table: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
        self.rows += [{"table": table, **dict(zip(columns, row))} for row in rows]

    def ended(self, rows: list[Any]) -> None:
        raise AssertionError("audit sees no process end")

    def gap(self, text: str, lost: int) -> None:
        self.gaps.append(text)

    def of(self, table: str, **wanted: object) -> list[Row]:
        return [r for r in self.rows if r["table"] == table and all(r[name] == wanted[name] for name in wanted)]


class Running:
    """An opened publisher and what it gave so far."""

    def __init__(self, publisher: Audit) -> None:
        self.publisher = publisher
        self.stream = Recorder()
        self.of = self.stream.of

    def until(self, done: Callable[[], object]) -> None:
        """Drain until `done` gives something; fails after PATIENCE seconds."""
        end = time.monotonic() + PATIENCE
        while not done():
            assert time.monotonic() < end, (self.stream.gaps, self.stream.rows[-5:])
            select.select([self.publisher.fileno()], [], [], 1.0)
            self.publisher.drain(self.stream)

    def settle(self) -> None:
        """Drain until a program started now is seen: all before it is then, too."""
        marker = started()
        self.until(lambda: self.of("process_events", pid=marker))

    def first(self) -> None:
        """Drain until any of the programs started meanwhile is seen: events come from then on."""
        markers: set[int] = set()

        def seen() -> bool:
            markers.add(started())
            return any(row["pid"] in markers for row in self.of("process_events"))

        self.until(seen)


def started() -> int:
    """The pid of a program that came and went."""
    program = subprocess.Popen(["/usr/bin/env", "true"])
    program.wait()
    return program.pid


@contextmanager
def alone() -> Iterator[Control]:
    """Audit as it was, and afterwards is again."""
    if not IS_ROOT:
        pytest.skip("needs root")
    try:
        # A reader that was killed may have left audit on: the next one puts it back.
        with collecting("user_events", audit="multicast"):
            pass
        control = Control()
    except Unavailable as unavailable:
        pytest.skip(f"no audit here: {unavailable.reason}")
    try:
        before = control.status()
    except OSError as error:
        control.close()
        pytest.skip(f"no audit here: {error}")
    if before.pid or before.enabled == 2:
        control.close()
        pytest.skip("an audit daemon runs here, or audit is locked")
    disturbed = bool(others(control))
    try:
        yield control
    finally:
        disturbed = disturbed or bool(others(control))
        now = control.status()
        left = [rule for rule in control.rules() if key_of(rule).startswith((THEIRS, f"{KEY}-{os.getpid()}-"))]
        for rule in left:
            control.delete(rule)
        if not disturbed:
            for name in SETTINGS:
                control.set(**{name: getattr(before, name)})
        control.close()
    assert not [rule for rule in left if key_of(rule) != THEIRS], "rules were left behind"
    # Another hostql that collects meanwhile keeps audit on.
    if not disturbed:
        assert [getattr(now, name) for name in SETTINGS] == [getattr(before, name) for name in SETTINGS]


@contextmanager
def collecting(*tables: str, **options: Any) -> Iterator[Running]:
    """The publisher, collecting for these tables."""
    publisher = Audit()
    publisher.open(frozenset(tables), Options(**options))
    try:
        yield Running(publisher)
    finally:
        publisher.close()


def ours(control: Control, pid: int | None = None) -> list[str]:
    """The keys of the rules of this process, or of another hostql."""
    return [key for key in map(key_of, control.rules()) if key.startswith(f"{KEY}-{pid or os.getpid()}-")]


def others(control: Control) -> list[str]:
    """The keys of the rules of other hostqls."""
    return [key for key in map(key_of, control.rules()) if key.startswith(KEY) and key not in ours(control)]


def python(code: str, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    """A Python that runs this code, with pipes."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parent,
        **options,
    )
