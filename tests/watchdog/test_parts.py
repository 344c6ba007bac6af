"""Messages, samples, the bucket of CPU, the denylist's file, telling a service manager."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hostql.watchdog.channel import Channel, pair
from hostql.watchdog.denylist import DEATHS, Denylist
from hostql.watchdog.memory import environment, trim
from hostql.watchdog.notify import Notify
from hostql.watchdog.sampler import Bucket, Sampler


def test_messages_come_whole_and_in_order():
    ours, end = pair()
    theirs = Channel(end)
    for n in range(100):
        assert theirs.send(beat=n, text="x" * n)
    assert [message["beat"] for message in ours.receive()] == list(range(100))
    assert ours.receive() == [] and not ours.closed
    theirs.close()
    assert ours.receive() == [] and ours.closed
    assert not ours.send(ping=1)
    ours.close()


def test_one_that_does_not_read_blocks_nobody():
    ours, end = pair()
    sent = 0
    while ours.send(text="x" * 10_000):
        sent += 1
        assert sent < 100_000
    assert sent > 0
    ours.close()
    end.close()


def test_nonsense_is_passed_over():
    ours, end = pair()
    for raw in (b"{", b"[]", b"\xff", b'{"beat": 1}'):
        end.send(raw)
    assert ours.receive() == [{"beat": 1}]
    ours.close()
    end.close()


def test_a_sample_is_of_the_process_it_was_opened_for():
    child = subprocess.Popen(
        [sys.executable, "-c", "import sys; x = bytearray(b'x' * (30 << 20)); print(1, flush=True); sys.stdin.read()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    child.stdout.readline()
    sampler = Sampler(child.pid)
    sample = sampler.sample()
    assert sample is not None and sample.memory > 30 << 20 and sample.cpu > 0 and sample.state in "RS"
    child.communicate(b"")
    assert sampler.sample() is None
    sampler.close()
    with pytest.raises(OSError):
        Sampler(child.pid)


def test_the_bucket():
    # A whole core breaks after the latency, whatever the rate.
    for rate in (0.1, 0.2, 0.6):
        bucket = Bucket(rate, 10)
        assert next(n for n in range(1, 100) if bucket.add(1.0, 1.0)) == pytest.approx(11, abs=1)
    # What is below the rate never does, and a short pause does not make all forgotten.
    bucket = Bucket(0.2, 10)
    assert not any(bucket.add(0.2, 1.0) for _ in range(10_000))
    for n in range(30):
        if bucket.add(0.0 if n % 6 == 5 else 1.0, 1.0):
            break
    assert n < 14


def test_the_denylist_is_private_and_outlives_its_writer(tmp_path: Path):
    path = str(tmp_path / "denylist.json")
    denylist = Denylist(path)
    denylist.deny("q", "sha", "memory", {"cpu": 1.5})
    assert os.stat(path).st_mode & 0o777 == 0o600
    again = Denylist(path)
    assert again.denied("q", "sha") is not None
    # Another text may run, another day too.
    assert again.denied("q", "other") is None
    again.deny("old", "sha", "x", seconds=-1)
    assert again.denied("old", "sha") is None
    again.deny("any", "", "by hand")
    assert again.denied("any", "whatever") is not None
    assert [again.died("r", "sha") for _ in range(DEATHS)] == [1, 2, 3]
    assert Denylist(path).deaths == {"r sha": 3}
    assert again.pardon("q") and not again.pardon("q")
    assert Denylist(path).denied("q", "sha") is None


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"entries": [{}], "deaths": {}}', '{"entries": 7, "deaths": 1}', "\0"]
)
def test_a_damaged_denylist_counts_for_nothing(tmp_path: Path, content: str):
    path = tmp_path / "denylist.json"
    path.write_text(content)
    denylist = Denylist(str(path))
    assert (denylist.entries, denylist.problem) == ([], f"cannot read {path}: it is damaged")
    denylist.deny("q", "sha", "x")
    assert Denylist(str(path)).denied("q", "sha") is not None


def test_a_denylist_that_others_can_write_counts_for_nothing(tmp_path: Path):
    path = tmp_path / "denylist.json"
    Denylist(str(path)).deny("q", "sha", "x")
    path.chmod(0o666)
    denylist = Denylist(str(path))
    assert denylist.entries == []
    assert denylist.problem == f"cannot read {path}: writable by others (mode 0666); chmod go-w it"


def test_a_clock_that_was_set_back_denies_nothing_for_years(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    now = time.time()
    denylist = Denylist(str(tmp_path / "denylist.json"))
    monkeypatch.setattr(time, "time", lambda: now + 10 * 365 * 86_400)
    denylist.deny("future", "sha", "x")
    assert denylist.denied("future", "sha") is not None
    monkeypatch.setattr(time, "time", lambda: now)
    assert denylist.denied("future", "sha") is None and denylist.current() == []
    # By hours it may be set, as it is when it was wrong a little.
    denylist.deny("now", "sha", "x")
    monkeypatch.setattr(time, "time", lambda: now - 3 * 3600)
    assert Denylist(denylist.path).denied("now", "sha") is not None


def test_a_service_manager_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "3000000")
        notify = Notify()
        assert notify and notify.every == 3.0
        notify.say(READY=1, STATUS="two queries")
        assert manager.recv(1000) == b"READY=1\nSTATUS=two queries"
    notify.say(WATCHDOG=1)
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert not Notify()


def test_allocators():
    assert environment("malloc")[0]["PYTHONMALLOC"] == "malloc"
    assert environment("pymalloc") == ({}, "")
    variables, note = environment("nonsense")
    assert variables["PYTHONMALLOC"] == "malloc" and "nonsense" in note
    for name in ("tcmalloc", "jemalloc"):
        variables, note = environment(name)
        assert "LD_PRELOAD" in variables or "is not installed" in note
    assert trim() in (True, False)
