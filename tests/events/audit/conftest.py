"""Records as a kernel wrote them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hostql.events.publishers.audit.decode import Decoder
from hostql.events.publishers.audit.messages import MessageDecoder
from hostql.events.publishers.audit.record_types import number_of
from hostql.events.publishers.audit.records import Assembler

TABLES = frozenset(
    (
        *("process_events", "socket_events", "process_file_events", "user_events", "selinux_events"),
        *("apparmor_events", "seccomp_events"),
    )
)
# type=SYSCALL msg=audit(...): ..., one record a line: what a few programs did, in the order of their records.
CAPTURED = Path(__file__).parent.parent.parent / "data" / "audit" / "records.txt"

Row = dict[str, Any]


def records() -> list[tuple[int, bytes]]:
    """(type, raw) of the captured records."""
    found = []
    for line in CAPTURED.read_bytes().split(b"\n"):
        if line:
            name, _, raw = line.partition(b" msg=")
            kind = number_of(name[5:])
            assert kind is not None
            found.append((kind, raw))
    return found


def assembled(given: list[tuple[int, bytes]]) -> Assembler:
    """An assembler that took these records, and waited."""
    assembler = Assembler()
    for kind, raw in given:
        assembler.add(kind, raw, 0.0)
    assembler.expire(60.0)
    return assembler


def decoded(assembler: Assembler) -> list[Row]:
    """Rows as dictionaries, with `table`; an event without sense is the row {}."""
    rows = []
    decoder, messages = Decoder(TABLES), MessageDecoder(TABLES)
    for event in assembler.finished:
        rows.append(_row(lambda event=event: decoder.decode(event, 0.0)))
    for single in assembler.singles:
        rows.append(_row(lambda single=single: messages.decode(*single, 0.0)))
    return [row for row in rows if row is not None]


def _row(decode: Any) -> Row | None:
    try:
        found = decode()
    except (ValueError, OverflowError):
        return {}
    if found is None:
        return None
    table, columns, values = found
    assert len(columns) == len(values)
    return {"table": table, **dict(zip(columns, values))}


@pytest.fixture(scope="session")
def rows() -> list[Row]:
    """The rows that the captured records make."""
    return decoded(assembled(records()))
