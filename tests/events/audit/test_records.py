"""Records that come interleaved, late, cut or not at all."""

from __future__ import annotations

import random
from typing import Any

from hostql.events.publishers.audit.records import EOE, SYSCALL, Assembler, Serials
from hostql.tests.conftest import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from .conftest import assembled, decoded, records

RECORDS = records()


def keys(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(str(sorted(row.items(), key=str)) for row in rows)


EXPECTED = keys(decoded(assembled(RECORDS)))


def key_of(raw: bytes) -> bytes:
    return raw[6 : raw.index(b")")]


def test_an_event_ends_with_its_last_record() -> None:
    assembler = Assembler()
    for kind, raw in RECORDS:
        before = len(assembler.finished)
        assembler.add(kind, raw, 0.0)
        if len(assembler.finished) > before:
            assert kind == EOE
            assert assembler.finished[-1].complete


def test_without_its_end_an_event_is_taken_after_a_while() -> None:
    assembler = Assembler()
    for kind, raw in RECORDS:
        if kind != EOE:
            assembler.add(kind, raw, 5.0)
    assert assembler.finished == []
    assembler.expire(5.5)
    assert assembler.finished == []
    assembler.expire(10.0)
    assert len(decoded(assembler)) == len(EXPECTED)
    assert assembler.waiting == 0


def test_without_its_first_record_an_event_is_lost_and_counted() -> None:
    calls = sum(kind == SYSCALL for kind, _ in RECORDS)
    assembler = assembled([(kind, raw) for kind, raw in RECORDS if kind != SYSCALL])
    assert assembler.incomplete == calls
    assert assembler.finished == []


def test_waiting_events_are_bounded() -> None:
    assembler = Assembler()
    for serial in range(20_000):
        assembler.add(SYSCALL, b"audit(1.0:%d): arch=c000003e syscall=59 pid=1" % serial, 0.0)
    assert assembler.waiting < 5000
    assert len(assembler.finished) + assembler.waiting == 20_000


def test_missing_serials_are_counted_once_they_are_late() -> None:
    serials = Serials()
    for serial in (10, 11, 14, 12, 15):
        assert serials.note(b"1.0:%d" % serial, 0.0)
    serials.expire(0.1)
    assert serials.lost == 0
    serials.expire(9.0)
    assert serials.lost == 1
    serials.note(b"1.0:1000015", 9.0)
    assert serials.lost == 1_000_000


@settings(max_examples=examples(50), deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 12))
def test_interleaving_changes_nothing(chance: random.Random, window: int) -> None:
    """Records of one event stay in order, those of different events overtake each other."""
    queues: dict[bytes, list[tuple[int, bytes]]] = {}
    for kind, raw in RECORDS:
        queues.setdefault(key_of(raw), []).append((kind, raw))
    waiting, mixed = list(queues.values()), []
    while waiting:
        queue = chance.choice(waiting[:window])
        mixed.append(queue.pop(0))
        waiting = [each for each in waiting if each]
    assert keys(decoded(assembled(mixed))) == EXPECTED


@settings(max_examples=examples(300), deadline=None)
@given(st.integers(0, len(RECORDS) - 1), st.data())
def test_a_damaged_record_costs_its_event_at_most(at: int, data: st.DataObject) -> None:
    kind, raw = RECORDS[at]
    # The head stays: with another serial number a record belongs to another event.
    head = raw.index(b"):") + 2
    how = data.draw(st.sampled_from(["cut", "change", "insert", "garbage"]))
    place = data.draw(st.integers(head, len(raw)))
    junk = data.draw(st.binary(min_size=1, max_size=20))
    damaged = {
        "cut": raw[:place],
        "change": raw[:place] + junk + raw[place + len(junk) :],
        "insert": raw[:place] + junk + raw[place:],
        "garbage": junk,
    }[how]
    found = keys(decoded(assembled([*RECORDS[:at], (kind, damaged), *RECORDS[at + 1 :]])))
    # Of the rows expected one is missing or changed at most.
    left = list(EXPECTED)
    others = 0
    for row in found:
        if row in left:
            left.remove(row)
        else:
            others += 1
    assert len(left) <= 1
    assert others <= 1


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3000), st.binary(max_size=200)), max_size=20))
def test_garbage_raises_nothing(given_records: list[tuple[int, bytes]]) -> None:
    framed = [(kind, b"audit(1.0:%d): " % (i // 3) + body) for i, (kind, body) in enumerate(given_records)]
    decoded(assembled(framed))
    decoded(assembled(given_records))
