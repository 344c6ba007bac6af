"""What a watch draws, without a terminal."""

from __future__ import annotations

from typing import Any

import pytest
from hostql.shell.formats.layout import text_width
from hostql.shell.repl.watch.request import Request
from hostql.shell.repl.watch.rounds import Rounds
from hostql.shell.repl.watch.view import View, draw, summary
from hypothesis import given
from hypothesis import strategies as st


class Watched:
    """The state of a watch that has seen these runs, as `Watcher` holds it."""

    def __init__(self, columns: tuple[str, ...], *runs: list[tuple[Any, ...]], units: list[str] | None = None) -> None:
        self.interval = Request().seconds
        self.paused = False
        self.running: float | None = None
        self.clock = "14:03:22"
        self.errors: list[str] = []
        self.units = units or [""] * len(columns)
        self.rounds = Rounds(columns, identity=[0])
        for run in runs:
            self.rounds.add(run)
        self.answer = type("Answer", (), {"rows": runs[-1], "notes": []})()


def drawn(watched: Watched, view: View | None = None, width: int = 90, height: int = 12) -> list[str]:
    lines = draw(watched, view or View(), width, height)  # type: ignore[arg-type]
    return ["".join(text for _, text in line).rstrip() for line in lines]


COLUMNS = ("pid", "name", "resident_size")
BEFORE = [(2210, "postgres", 780 << 20), (1044, "nginx", 88 << 20), (988, "dnf", 1 << 20)]
AFTER = [(2210, "postgres", 811 << 20), (1044, "nginx", 88 << 20), (4711, "python3", 61 << 20)]


def test_the_whole_screen():
    watched = Watched(COLUMNS, BEFORE, AFTER, units=["", "", "bytes"])
    assert drawn(watched, width=100) == [
        " every 2s · 14:03:22 · 3 rows · 1 new, 1 gone, 1 changed" + " " * 12 + "(q quits, space pauses, h help)",
        "   pid │ name     │ resident_size",
        "  2210 │ postgres │     811.0 MiB ▁█           +31.0 MiB",
        "  1044 │ nginx    │      88.0 MiB ▂▂",
        "+ 4711 │ python3  │      61.0 MiB ▂",
        "-  988 │ dnf      │       1.0 MiB",
    ]
    assert summary(watched.rounds) == "watched 2 rounds: 1 came, 1 went, 1 changed"


def test_changed_cells_new_and_gone_rows_have_their_style():
    lines = draw(Watched(COLUMNS, BEFORE, AFTER), View(), 100, 12)  # type: ignore[arg-type]
    styles = [{style for style, text in line if text.strip() and style} for line in lines]
    assert "class:watch.changed" in styles[2] and "class:watch.delta" in styles[2]
    assert "class:watch.changed" not in styles[3]
    assert "class:watch.new" in styles[4]
    assert "class:watch.gone" in styles[5]


def test_only_differences():
    view = View()
    view.different = True
    text = "\n".join(drawn(Watched(COLUMNS, BEFORE, AFTER), view))
    assert "nginx" not in text and "postgres" in text and "dnf" in text


def test_sorting_by_the_next_column():
    view, watched = View(), Watched(COLUMNS, AFTER)
    orders = []
    for _ in range(4):
        view.sort_next(3, watched.rounds.numeric)
        orders.append([line.split("│")[1].strip() for line in drawn(watched, view)[2:]])
    assert orders == [
        ["python3", "postgres", "nginx"],
        ["nginx", "postgres", "python3"],
        ["postgres", "nginx", "python3"],
        ["postgres", "nginx", "python3"],
    ]
    assert "pid" in drawn(watched, view)[1] and view.sort is None


def test_scrolling_stays_within_the_rows():
    view, watched = View(), Watched(("n", "m"), [(i, i) for i in range(50)])
    assert drawn(watched, view, height=8)[-1] == "  rows 1-5 of 50"
    view.scroll(view.page)
    assert drawn(watched, view, height=8)[-1] == "  rows 6-10 of 50"
    view.scroll(1 << 30)
    assert drawn(watched, view, height=8)[-1] == "  rows 46-50 of 50"
    assert drawn(watched, view, height=60)[2].split() == ["0", "│", "0"]


def test_moving_to_the_right_keeps_the_key():
    view, watched = View(), Watched(("a", "pid", "b"), [("x", 1, "y"), ("z", 2, "w")])
    watched.rounds.key = (1,)
    titles = []
    for _ in range(3):
        titles.append(drawn(watched, view)[1].replace("│", " ").split())
        view.shift(1)
    assert titles == [["a", "pid", "b"], ["pid", "b"], ["pid", "b"]]


def test_columns_without_room_are_counted():
    names = tuple(f"column{i}" for i in range(9))
    lines = drawn(Watched(names, [tuple(range(9))]), width=40)
    assert lines[1].split(" │ ") == ["  column0", "column1", "column2", "column3"]
    assert lines[-1] == "  5 more columns to the right"


def test_a_narrow_terminal_gives_up_sparklines_then_differences_before_values():
    watched = Watched(COLUMNS, BEFORE, AFTER, units=["", "", "bytes"])
    wide, narrow, tiny = (drawn(watched, width=width) for width in (80, 50, 33))
    assert "▁█" in wide[2] and "+31.0 MiB" in wide[2]
    assert "▁█" not in narrow[2] and "+31.0 MiB" in narrow[2]
    assert "+31.0" not in tiny[2] and "811.0 MiB" in tiny[2]


def test_a_slow_run_a_pause_and_errors_are_told():
    watched = Watched(COLUMNS, BEFORE)
    watched.running, watched.paused = 3.21, True
    watched.errors = ["error: no such table: x\x1b[2J"]
    lines = drawn(watched)
    assert "running 3.2 s · paused" in lines[0]
    assert lines[-1] == "error: no such table: x\\x1b[2J"
    assert "postgres" in "\n".join(lines)


def test_ascii_alone():
    watched = Watched(COLUMNS, BEFORE, AFTER, units=["", "", "bytes"])
    assert all(line.isascii() for line in drawn(watched, View(ascii=True)))


VALUES = st.none() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8) | st.binary(max_size=3)
ROWS = st.lists(st.tuples(st.integers(0, 3), st.text(max_size=5), VALUES), max_size=6)


@given(ROWS, ROWS, st.integers(10, 120), st.integers(3, 20), st.booleans(), st.sampled_from([None, 0, 1, 2]))
def test_any_text_keeps_within_the_screen(before, after, width: int, height: int, different: bool, sort: int | None):
    view = View("NULL")
    view.different, view.sort = different, sort
    lines = drawn(Watched(COLUMNS, before, after, units=["", "", "bytes"]), view, width, height)
    assert 1 <= len(lines) <= height
    assert max(map(text_width, lines)) <= width
    assert all(character >= " " for line in lines for character in line)


@pytest.mark.parametrize("width", [40, 80])
def test_wide_characters_are_aligned(width: int):
    lines = drawn(Watched(("id", "name", "n"), [(1, "日本語", 5), (2, "abc", 6)]), width=width)
    assert len({text_width(line[: line.rindex("│")]) for line in lines[1:]}) == 1
