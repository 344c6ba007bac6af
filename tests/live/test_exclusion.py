"""The same events come out whichever place enforces a rule: the kernel's audit, BPF programs, or Python."""

from __future__ import annotations

import os
import random
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from hostql.events.context import Contexts
from hostql.events.exclusion.rules import PathPattern, Rule, Rules
from hostql.events.options import Options
from hostql.events.publisher import Publisher, Unavailable
from hostql.events.publishers.audit.publisher import Audit
from hostql.events.publishers.bpf.publisher import Bpf
from hostql.tests.events.differential import Event, differences
from hostql.tests.host import PATIENCE
from hostql.tests.live.audit_stage import alone

pytestmark = pytest.mark.live

ROUNDS = 12
USERS = (1, 2, 3)
STARTED = ("python a", "python a/sub", "python ab")
# Those that decide rules in the kernel.
KINDS = [kind for kind in (Audit, Bpf) if "exclude" in vars(kind)]
# What no rule here matches: that it came says that all before it did.
CONNECT_LAST = """
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
    made.connect(("127.200.0.1", 60_000))
"""

CONNECTIONS = """
import os, socket, sys
ADDRESSES = [f"127.{i}.{j}.1" for i in (1, 2, 3) for j in (0, 128)] + ["::ffff:127.1.5.1", "::1"]
for user in (1, 2, 3):
    if os.fork() == 0:
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        for address in ADDRESSES:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            for kind, port in ((socket.SOCK_DGRAM, 1000), (socket.SOCK_DGRAM, 1007), (socket.SOCK_STREAM, 1001)):
                with socket.socket(family, kind) as made:
                    made.connect_ex((address, port))
        os.write(1, b"x")
        os.read(0, 1)
        os._exit(0)
os.read(0, 1)
"""


class Kept:
    """A stream that keeps what it is given."""

    def __init__(self) -> None:
        self.rows: list[Event] = []

    def add(self, table: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
        self.rows += [{"table": table, **dict(zip(columns, row))} for row in rows]

    def ended(self, rows: list[Any]) -> None:
        pass

    def gap(self, text: str, lost: int) -> None:
        pass


@pytest.fixture
def programs() -> Iterator[dict[str, str]]:
    """Copies of the interpreter and of true(1) in places of their own."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        found = {"": folder}
        for name, source in (("python", os.path.realpath(sys.executable)), ("true", shutil.which("true") or "true")):
            for place in ("a", "a/sub", "ab"):
                path = Path(folder, place, f"{name}-{place.replace('/', '-')}")
                path.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, path)
                path.chmod(0o755)
                found[f"{name} {place}"] = str(path)
        yield found


@contextmanager
def opened(kind: type[Publisher], table: str) -> Iterator[Publisher]:
    with ExitStack() as stack:
        if kind is Audit:
            stack.enter_context(alone())
        publisher = kind()
        try:
            publisher.open(frozenset((table,)), Options())
        except Unavailable as unavailable:
            pytest.skip(f"{unavailable.reason}; {unavailable.hint}")
        stack.callback(publisher.close)
        yield publisher


def collected(publisher: Publisher, act: Callable[[], None], last: Callable[[Event], bool]) -> list[Event]:
    """What came of this doing and of the one that `act` does last."""
    stream = Kept()
    publisher.drain(stream)
    stream.rows.clear()
    act()
    end = time.monotonic() + PATIENCE
    while not any(last(row) for row in stream.rows):
        assert time.monotonic() < end, "the last event did not come"
        if select.select([publisher.fileno()], [], [], 1.0)[0]:
            publisher.drain(stream)
    return stream.rows


def compare(
    publisher: Publisher,
    table: str,
    act: Callable[[], None],
    identity: Callable[[Event], Any],
    last: Callable[[Event], bool],
    rules_of: Callable[[random.Random], tuple[Rule, ...]],
) -> None:
    contexts = Contexts()
    publisher.exclude(Rules())
    events = [event for event in collected(publisher, act, last) if identity(event) is not None]
    assert len(events) > 20
    enforced_ever = dropped_ever = 0
    for seed in range(ROUNDS):
        rules = Rules("test", rules_of(random.Random(seed)))
        enforced = publisher.exclude(rules)
        kept = [event for event in collected(publisher, act, last) if identity(event) is not None]
        found = differences(rules, enforced, table, events, kept, identity, contexts)
        described = [
            (rule.id, rule.id in enforced, {f: getattr(rule, f) for f in rule.fields()}) for rule in rules.rules
        ]
        assert found == {"wrongly kept": [], "wrongly dropped": []}, (seed, described)
        enforced_ever += len(enforced)
        dropped_ever += len(kept) < len(events)
    # It did compare something.
    assert enforced_ever >= 2
    assert dropped_ever >= 2


@pytest.mark.parametrize("kind", KINDS)
def test_sockets(kind: type[Publisher], programs: dict[str, str]) -> None:
    standing: list[subprocess.Popen[bytes]] = []
    last: list[int] = []

    def act() -> None:
        for name in STARTED:
            environment = {**os.environ, "PYTHONHOME": sys.base_prefix}
            child = subprocess.Popen(
                [programs[name], "-S", "-c", CONNECTIONS],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=environment,
            )
            assert child.stdout is not None
            said = b""
            while len(said) < len(USERS):
                said += os.read(child.stdout.fileno(), 10) or pytest.fail("the child ended")
            standing.append(child)
        marker = subprocess.Popen([sys.executable, "-S", "-c", CONNECT_LAST])
        marker.wait()
        last[:] = [marker.pid]
        # Those of the first round stay, for what is asked of a process that runs.
        while len(standing) > len(STARTED):
            end(standing.pop())

    def identity(event: Event) -> Any:
        if not str(event.get("path") or "").startswith(programs[""]):
            return None
        remote = (event["remote_address"] or "").replace("::ffff:", "")
        return event["path"], event["uid"], event["action"], remote, event["remote_port"], event["success"]

    def rules_of(chance: random.Random) -> tuple[Rule, ...]:
        rules = []
        for id in range(chance.randint(1, 4)):
            narrow = {
                "cidr": (
                    ip_network(chance.choice(["127.1.0.0/16", "127.2.0.0/17", "127.0.0.0/14", "127.3.128.1/32"])),
                ),
                "port": (chance.choice([(1000, 1000), (1001, 1006), (1000, 2000)]),),
                "uid": tuple(chance.sample(USERS, chance.randint(1, 2))),
                "path": (path_pattern(chance, programs, "python"),),
                "comm": (Path(programs["python " + chance.choice(["a", "ab"])]).name,),
            }
            wide = {"protocol": (chance.choice([6, 17]),), "success": chance.choice([True, False])}
            asked = {name: narrow[name] for name in chance.sample(sorted(narrow), chance.randint(1, 2))}
            asked.update({name: wide[name] for name in chance.sample(sorted(wide), chance.choice([0, 0, 1]))})
            rules.append(Rule(id, "{}", event_class="socket", **asked))
        return tuple(rules)

    with opened(kind, "socket_events") as publisher:
        try:
            compare(
                *(publisher, "socket_events", act, identity),
                lambda event: event["pid"] in last,
                rules_of,
            )
        finally:
            for child in standing:
                end(child)


@pytest.mark.parametrize("kind", KINDS)
def test_programs(kind: type[Publisher], programs: dict[str, str]) -> None:
    last: list[int] = []

    def act() -> None:
        for name in ("true a", "true a/sub", "true ab"):
            for user in USERS:
                for number in range(4):
                    subprocess.run([programs[name], str(user), str(number)], user=user, group=user, check=True)
        marker = subprocess.Popen(["/usr/bin/env", "true"])
        marker.wait()
        last[:] = [marker.pid]

    def identity(event: Event) -> Any:
        return (event["path"], event["cmdline"]) if event["path"].startswith(programs[""]) else None

    def rules_of(chance: random.Random) -> tuple[Rule, ...]:
        rules = []
        for id in range(chance.randint(1, 4)):
            narrow = {
                "uid": tuple(chance.sample(USERS, chance.randint(1, 2))),
                "path": (path_pattern(chance, programs, "true"),),
                "comm": (Path(programs["true " + chance.choice(["a", "ab"])]).name,),
            }
            asked = {name: narrow[name] for name in chance.sample(sorted(narrow), chance.randint(1, 2))}
            if chance.random() < 0.3:
                asked["parent_path"] = (PathPattern("exact", os.path.realpath(sys.executable)),)
            if chance.random() < 0.3:
                asked["success"] = chance.choice([True, False])
            rules.append(Rule(id, "{}", event_class="process", **asked))
        return tuple(rules)

    with opened(kind, "process_events") as publisher:
        compare(*(publisher, "process_events", act, identity), lambda event: event["pid"] in last, rules_of)


def path_pattern(chance: random.Random, programs: dict[str, str], name: str) -> PathPattern:
    folder = programs[""]
    return chance.choice(
        [
            *(PathPattern("exact", programs[f"{name} {place}"]) for place in ("a", "a/sub", "ab")),
            *(PathPattern("prefix", f"{folder}/{place}") for place in ("a", "a/sub", "ab")),
            PathPattern("glob", f"{folder}/a*/{name}-*"),
        ]
    )


def end(child: subprocess.Popen[bytes]) -> None:
    """By closing what it and its children wait on."""
    assert child.stdin is not None and child.stdout is not None
    child.stdin.close()
    child.wait()
    child.stdout.close()
