"""Units of columns, and numbers in them."""

from __future__ import annotations

import pytest
from hostql.shell.repl.quantity import change, quantity, unit_of


@pytest.mark.parametrize(
    "name, doc, unit",
    [
        ("resident_size", "Memory held in RAM, in bytes", "bytes"),
        ("disk_bytes_read", "Bytes read from storage", "bytes"),
        ("user_time", "CPU time spent in user space, in milliseconds", "ms"),
        ("start_time", "When it started, in Unix seconds", ""),
        ("port", "Port", ""),
        ("size", "How many there are", ""),
        ("sum(total_size)", "", "bytes"),
        ("SUM(p.resident_size)", "", "bytes"),
        ("memory", "", "bytes"),
        ("resident_size / 1024", "", ""),
        ("count(size)", "", ""),
        ("wall_ms", "", "ms"),
        ("items", "", ""),
        ("uptime", "", "s"),
    ],
)
def test_unit_of_a_column(name: str, doc: str, unit: str):
    assert unit_of(name, doc) == unit


@pytest.mark.parametrize(
    "value, unit, text",
    [
        (0, "bytes", "0 B"),
        (-(3 << 20), "bytes", "-3.0 MiB"),
        (999, "ms", "999 ms"),
        (90_000, "ms", "1 min 30 s"),
        (5, "s", "5.0 s"),
        (1_234_567, "", "1,234,567"),
        (1234567.8, "", "1,234,568"),
        (0.12345, "", "0.1235"),
        (float("inf"), "", "inf"),
        (float("inf"), "s", "inf s"),
    ],
)
def test_a_quantity(value: float, unit: str, text: str):
    assert quantity(value, unit) == text


def test_a_change_has_a_sign():
    assert [change(5, ""), change(-5, ""), change(1 << 20, "bytes")] == ["+5", "-5", "+1.0 MiB"]
