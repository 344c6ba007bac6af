"""Sparklines: one character a value, whatever the values are."""

from __future__ import annotations

import pytest
from hostql.shell.repl.sparkline import ASCII, BLOCKS, sparkline
from hypothesis import given
from hypothesis import strategies as st

NUMBERS = st.lists(st.none() | st.integers() | st.floats(), max_size=40)


@pytest.mark.parametrize(
    "values, drawn",
    [
        ([], ""),
        ([None, None], "  "),
        ([0, 7], "▁█"),
        ([3, 3, 3], "▂▂▂"),
        ([-1, 0, 1], "▁▅█"),
        ([1, None, 2], "▁ █"),
        ([1, 2, float("inf")], "▁██"),
        ([10**400, 1, 2], "█▁█"),
    ],
)
def test_drawn(values, drawn: str):
    assert sparkline(values) == drawn


@given(NUMBERS)
def test_a_character_for_each_value(values):
    for ascii, levels in ((False, BLOCKS), (True, ASCII)):
        drawn = sparkline(values, ascii)
        assert len(drawn) == len(values)
        assert set(drawn) <= {*levels, " "}


@given(st.lists(st.integers(-1000, 1000), min_size=2))
def test_higher_is_never_drawn_lower(values: list[int]):
    drawn = sparkline(values)
    for a, x in zip(values, drawn):
        for b, y in zip(values, drawn):
            if a < b:
                assert x <= y
