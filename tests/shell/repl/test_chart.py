"""Charts: what they draw, and that nothing makes them break out of their size or the terminal."""

from __future__ import annotations

from hostql.shell.formats.layout import text_width
from hostql.shell.repl.chart import bars, histogram, line
from hypothesis import given
from hypothesis import strategies as st

NUMBERS = st.lists(st.none() | st.integers(-(1 << 63), (1 << 63) - 1) | st.floats(allow_nan=False), max_size=60)


def test_bars_are_in_proportion_and_humanised():
    drawn = bars(["nginx", "sshd"], [2 << 20, 1 << 20], 40, 10, unit="bytes")
    assert drawn == ["nginx ▏" + "█" * 24 + " 2.0 MiB", "sshd  ▏" + "█" * 12 + " 1.0 MiB"]


def test_bars_of_negative_values_share_their_zero():
    drawn = bars(["a", "b"], [-5, 5], 25, 10)
    assert drawn[0].index("│") == drawn[1].index("│")
    assert drawn[0].count("█") == drawn[1].count("█") > 4
    assert drawn[0].index("█") < drawn[0].index("│") < drawn[1].index("█")


def test_bars_in_ascii():
    drawn = bars(["é", "b"], [1, 2], 22, 10, ascii=True)
    assert all(text.isascii() for text in drawn)
    assert drawn[0].count("#") * 2 == drawn[1].count("#")


def test_a_null_has_no_bar_and_too_many_rows_are_counted():
    drawn = bars([str(i) for i in range(10_000)], [None, *range(9_999)], 60, 5)
    assert drawn[0] == "0 ▏ NULL"
    assert drawn[-1] == "… 9,996 more rows"
    assert len(drawn) == 5


def test_no_rows_and_one_row():
    assert bars([], [], 40, 10) == histogram([], 40, 10) == line([], [], 40, 10) == ["no rows"]
    assert histogram([None], 40, 10) == line(["a"], [None], 40, 10) == ["only NULL"]
    assert bars(["a"], [0], 40, 10) == ["a ▏ 0"]
    assert histogram([7], 40, 10)[0].startswith("7 ▏█")
    assert sum(any("⠀" < c <= "⣿" for c in text) for text in line(["a"], [5], 40, 10)) == 1


def test_a_line_goes_from_its_least_to_its_greatest_value():
    drawn = line(["first", "last"], list(range(100)), 60, 12)
    assert len(drawn) == 12
    axis = drawn[0].index("┤")
    assert drawn[0].split("┤")[0].strip() == "99"
    assert drawn[9].split("┤")[0].strip() == "0"
    assert drawn[-1].split() == ["first", "last"]
    left_end = [i for i, text in enumerate(drawn[:10]) if text[axis + 1 : axis + 2].strip()]
    right_end = [i for i, text in enumerate(drawn[:10]) if text[58:60].strip()]
    assert left_end == [9] and right_end[0] == 0


def test_a_spike_survives_downsampling():
    values = [0] * 10_000
    values[7_777] = 1_000
    drawn = line([], values, 60, 12)
    assert drawn[0].startswith("1,000 ┤") and drawn[0].split("┤")[1].strip()


def test_a_gap_stays_a_gap():
    drawn = line([], [1, 1, None, None, None, 1, 1], 60, 8, ascii=True)
    row = next(text.split("|")[1] for text in drawn if "*" in text)
    assert "     " in row.strip()


def test_the_histogram_counts_each_value_once():
    drawn = histogram([1] * 5 + [2] * 3 + [None], 60, 10)
    assert [text.split()[0] for text in drawn] == ["1", "2", "NULL:"]
    assert [text.split()[-1] for text in drawn] == ["5", "3", "1"]
    wide = histogram([i / 10 for i in range(1000)], 60, 10)
    assert sum(int(text.split()[-1]) for text in wide) == 1000
    assert len(wide) <= 10


def test_text_from_the_host_is_harmless_and_wide_characters_are_aligned():
    drawn = bars(["日本", "a\x1b[2Jb", "c"], [1, 1, 1], 50, 10)
    assert len({text_width(text[: text.index("▏")]) for text in drawn}) == 1
    assert "\x1b" not in "".join(drawn + line(["\x1b[2J", "\n"], [1, 2], 50, 10))


@given(NUMBERS, st.integers(30, 120), st.integers(3, 40), st.booleans())
def test_nothing_breaks_out(values, width: int, height: int, ascii: bool):
    labels = [f"row {i}" for i in range(len(values))]
    for drawn in (
        bars(labels, values, width, height, ascii),
        line(labels, values, width, height, ascii),
        histogram(values, width, height, ascii),
    ):
        assert drawn
        assert not any(c < " " for text in drawn for c in text)
        assert not ascii or all(text.isascii() for text in drawn)
        assert max(map(text_width, drawn)) <= max(width, 60)
