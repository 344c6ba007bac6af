"""Lines of syslog taken apart, and the FIFO they come through."""

from __future__ import annotations

import os
import random
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostql.events.options import Options
from hostql.events.publisher import Unavailable
from hostql.events.publishers.syslog import Syslog
from hostql.events.publishers.syslog_lines import parse
from hostql.tests.events.streams import Kept, drain_until

TABLES = frozenset({"syslog_events"})
CSV = b'"2026-01-02T03:04:05+00:00","web1","6","daemon","sshd[7]:"," Hello, ""you"""\n'


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (CSV.rstrip(), ("2026-01-02T03:04:05+00:00", "web1", 6, "daemon", "sshd[7]", 'Hello, "you"')),
        (b"now,web1,3,kern,kernel:, oops", ("now", "web1", 3, "kern", "kernel", "oops")),
        (b"<165>1 - - - - - - BOM", ("", "", 5, "local4", "", "BOM")),
        (
            b'<165>1 2003-10-11T22:14:15.003Z h app 8 ID [x@1 a="\\"]\\\\" b="]"][y@1] \xef\xbb\xbfa message',
            ("2003-10-11T22:14:15.003Z", "h", 5, "local4", "app[8]", "a message"),
        ),
        (b"<34>Oct 11 22:14:15 h su: failed: root", ("Oct 11 22:14:15", "h", 2, "auth", "su", "failed: root")),
        (b"<13>Oct  1 22:14:15 root: no host", ("Oct  1 22:14:15", "", 5, "user", "root", "no host")),
        (b"<13>2026-01-02T03:04:05Z h cron[9]: done", ("2026-01-02T03:04:05Z", "h", 5, "user", "cron[9]", "done")),
        (b"<13>Oct  1 22:14:15 h a\xe9: b\xff\0c", ("Oct  1 22:14:15", "h", 5, "user", "a\\xe9", "b\\xff\\x00c")),
    ],
)
def test_lines_of_each_kind(line: bytes, told: tuple[object, ...]):
    assert parse(line) == told


@pytest.mark.parametrize(
    "line",
    [
        *(
            b"",
            b"word",
            b"a,b,c",
            b"t,h,9,kern,tag,m",
            b"t,h,x,kern,tag,m",
            b'"t,h,6,kern,tag,m',
            b"<",
            b"<13>",
            b"<13",
        ),
        *(b"<13>", b"<13"),
        *(b"<192>Oct 11 22:14:15 h su: x", b"<-1>Oct 11 22:14:15 h su: x", b"<13>1 - - -", b'<13>1 - - - - - [a b="c'),
        *(b"<13>nothing of the kind", b"<\xc2\xb2>Oct 11 22:14:15 h su: x"),
    ],
)
def test_what_is_no_line_is_none(line: bytes):
    assert parse(line) is None


def test_whatever_comes_is_a_line_or_none():
    draw = random.Random(4)
    good = [
        CSV.rstrip(),
        b'<34>1 2003-10-11T22:14:15.003Z web1 su 12 ID47 [a b="c]"] m',
        b"<34>Oct 11 22:14:15 h su: m",
    ]
    for _ in range(5000):
        line = bytearray(draw.choice(good))
        for _ in range(draw.randrange(1, 6)):
            at = draw.randrange(len(line))
            line[at : at + draw.randrange(3)] = bytes(draw.choices(b'<>[]"\\ ,:-1\xff\0a', k=draw.randrange(3)))
            line = line or bytearray(b"x")
        told = parse(bytes(line))
        assert told is None or (len(told) == 6 and 0 <= told[2] <= 7)


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "new" / "pipe")


@pytest.fixture
def publisher(path: str) -> Iterator[Syslog]:
    made = Syslog()
    made.open(TABLES, Options(syslog_pipe=path))
    yield made
    made.close()


def write(path: str, raw: bytes) -> None:
    with open(path, "wb", buffering=0) as fifo:
        fifo.write(raw)


def test_lines_come_through_writers_that_come_and_go(publisher: Syslog, path: str):
    kept = Kept()
    found = os.stat(path)
    assert stat.S_ISFIFO(found.st_mode) and stat.S_IMODE(found.st_mode) in (0o600, 0o460)
    write(path, CSV + b"nonsense\n" + CSV[:20])
    write(path, CSV[20:] + b"\n" + b"<34>Oct 11 22:14:15 h su: failed\n")
    drain_until(publisher, kept, lambda: len(kept.rows) == 3)
    assert [row["tag"] for row in kept.rows] == ["sshd[7]", "sshd[7]", "su"]
    counters = publisher.counters()
    assert (counters.seen, counters.lost) == (4, 1)
    # With nothing there it does not wait, and without a writer it does not end.
    publisher.drain(kept)
    assert len(kept.rows) == 3


def test_a_line_without_end_is_lost_alone(publisher: Syslog, path: str):
    kept = Kept()
    fifo = os.open(path, os.O_WRONLY)
    for _ in range(40):
        os.write(fifo, b"x" * 4096)
        publisher.drain(kept)
    os.write(fifo, b"\n" + CSV)
    os.close(fifo)
    drain_until(publisher, kept, lambda: kept.rows)
    counters = publisher.counters()
    assert (len(kept.rows), counters.seen, counters.lost) == (1, 2, 1)


def test_one_reads_it_and_the_next_is_told(publisher: Syslog, path: str):
    with pytest.raises(Unavailable, match="somebody else reads it"):
        Syslog().open(TABLES, Options(syslog_pipe=path))


def test_what_is_no_fifo_is_left_alone(tmp_path: Path):
    file = tmp_path / "file"
    file.write_text("content")
    with pytest.raises(Unavailable, match="no FIFO"):
        Syslog().open(TABLES, Options(syslog_pipe=str(file)))
    assert file.read_text() == "content"
    (tmp_path / "link").symlink_to(file)
    with pytest.raises(Unavailable, match="cannot be used"):
        Syslog().open(TABLES, Options(syslog_pipe=str(tmp_path / "link")))
