"""The two formats of auditd's dispatcher, cut into pieces as a stream comes."""

from __future__ import annotations

import struct

import pytest
from hostql.events.publishers.audit.dispatcher import Frames, plugin_file
from hostql.events.publishers.audit.record_types import name_of
from hostql.events.publishers.audit.records import Assembler
from hostql.tests.conftest import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from .conftest import assembled, decoded, records

RECORDS = records()
EXPECTED = decoded(assembled(RECORDS))


def strings(node: bytes = b"", enriched: bytes = b"") -> bytes:
    return b"".join(b"%stype=%s msg=%s%s\n" % (node, name_of(kind).encode(), raw, enriched) for kind, raw in RECORDS)


def binary(block: int = 0) -> bytes:
    """A header and the record; in blocks of one size, what lies behind it is what was there before."""
    out = b""
    for kind, raw in RECORDS:
        out += struct.pack("=4I", 0, 16, kind, len(raw)) + raw + b"\xaa" * max(block - len(raw), 0)
    return out


def fed(data: bytes, cuts: list[int]) -> Assembler:
    assembler, frames = Assembler(), Frames()
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for start, end in zip(places, places[1:]):
        frames.feed(data[start:end], assembler, 0.0)
    assembler.expire(60.0)
    return assembler


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([strings(), strings(b"node=host.example ", b'\x1dARCH=x86_64 UID="root"'), binary(), binary(8970)]),
    st.lists(st.integers(0, 10_000_000), max_size=12),
)
def test_however_it_is_cut(data: bytes, cuts: list[int]) -> None:
    # A record of the binary format is known to be short by the header that follows it.
    tail = struct.pack("=4I", 0, 16, 1320, 0) if data[:1] == b"\0" else b""
    assembler = fed(data + tail, cuts)
    assert decoded(assembler) == EXPECTED


@settings(max_examples=examples(100), deadline=None)
@given(st.binary(max_size=3000), st.integers(0, 3000))
def test_garbage_in_between_raises_nothing(junk: bytes, at: int) -> None:
    data = strings()
    fed(data[:at] + junk + data[at:], [at])
    fed(binary()[:at] + junk + binary()[at:], [at])


@pytest.mark.parametrize("form", ["socket", "child"])
def test_the_plugin_file_is_what_auditd_reads(form: str) -> None:
    settings = dict(line.split(" = ", 1) for line in plugin_file(form).splitlines() if not line.startswith("#"))
    assert settings["active"] == "yes"
    assert settings["format"] == "string"
    assert (settings["type"] == "builtin") == (form == "socket")
