"""What came, went and changed between two runs: tables of cases, and laws that hold for any rows."""

from __future__ import annotations

from collections import Counter

import pytest
from hostql.shell.repl.watch.differences import CHANGED, GONE, NEW, SAME, choose_key, compare
from hypothesis import given
from hypothesis import strategies as st

A, B = (1, "a", 10), (2, "b", 20)


def told(before, after, key):
    return [(change.kind, tuple(change.row), change.cells) for change in compare(before, after, key)]


@pytest.mark.parametrize(
    "before, after, key, expected",
    [
        ([A, B], [A, B], [0], [(SAME, A, {}), (SAME, B, {})]),
        ([A, B], [B, A], [0], [(SAME, B, {}), (SAME, A, {})]),
        ([A], [A, B], [0], [(SAME, A, {}), (NEW, B, {})]),
        ([A, B], [B], [0], [(SAME, B, {}), (GONE, A, {})]),
        ([A], [(1, "a", 13)], [0], [(CHANGED, (1, "a", 13), {2: 3})]),
        ([A], [(1, "z", 10)], [0], [(CHANGED, (1, "z", 10), {1: None})]),
        ([A], [(1, "a", None)], [0], [(CHANGED, (1, "a", None), {2: None})]),
        ([A], [(3, "a", 10)], [0], [(NEW, (3, "a", 10), {}), (GONE, A, {})]),
        ([], [], [], []),
        ([], [A], [0], [(NEW, A, {})]),
        # No key at all: rows are matched in their order.
        ([(5,)], [(7,)], [], [(CHANGED, (7,), {0: 2})]),
        # Duplicates are a multiset: the equal one stays, the other changed.
        ([("x", 1), ("x", 2)], [("x", 2), ("x", 5)], [0], [(SAME, ("x", 2), {}), (CHANGED, ("x", 5), {1: 4})]),
        ([("x", 1)] * 3, [("x", 1)] * 2, [0], [(SAME, ("x", 1), {})] * 2 + [(GONE, ("x", 1), {})]),
        ([(None, 1)], [(None, 2)], [0], [(CHANGED, (None, 2), {1: 1})]),
    ],
)
def test_compared(before, after, key, expected):
    assert told(before, after, key) == expected


@pytest.mark.parametrize(
    "runs, columns, identity, hints, key",
    [
        ([[A, B]], ("pid", "name", "size"), [0], [0], (0,)),
        # The identity does not tell the rows of this join apart: the text beside it does.
        ([[(1, "a"), (1, "b")]], ("pid", "path"), [0], [0], (0, 1)),
        ([[("a", 5), ("b", 5)]], ("name", "count(*)"), [], [], (0,)),
        ([[("a", 22, 5), ("a", 80, 5)]], ("name", "port", "n"), [], [], (0, 1)),
        # What is called id comes before text, which may be changed.
        ([[("a", 1, 5), ("b", 2, 5)]], ("name", "id", "n"), [], [], (1,)),
        # Measures are no key, even where they happen to be unique.
        ([[(5,), (6,)]], ("size",), [], [], ()),
        ([[("a", 1), ("a", 2)]], ("name", "size"), [], [], (0,)),
        # Both runs count: what tells the rows of the first apart may not do for the second.
        ([[("a", "x")], [("a", "x"), ("a", "y")]], ("name", "path"), [], [], (0, 1)),
        ([[]], ("name",), [], [], ()),
        ([[(9,)]], ("count(*)",), [], [], ()),
    ],
)
def test_the_key_that_is_chosen(runs, columns, identity, hints, key):
    assert choose_key(runs, columns, identity, hints) == key


ROWS = st.lists(st.tuples(st.integers(0, 3), st.sampled_from("ab"), st.none() | st.integers(0, 2)), max_size=12)
KEYS = st.sampled_from([[], [0], [0, 1], [0, 1, 2]])


@given(ROWS, ROWS, KEYS)
def test_every_row_is_told_once(before, after, key):
    changes = compare(before, after, key)
    assert [change.after for change in changes if change.kind != GONE] == list(range(len(after)))
    told = [change.before for change in changes if change.before is not None]
    assert sorted(told) == list(range(len(before)))


@given(ROWS, ROWS, KEYS)
def test_pairs_share_their_key_and_equal_rows_are_always_matched(before, after, key):
    changes = compare(before, after, key)
    for change in changes:
        if change.kind in (SAME, CHANGED):
            old, new = before[change.before], after[change.after]
            assert [old[i] for i in key] == [new[i] for i in key]
            assert change.cells == {
                i: (y - x if isinstance(x, int) and isinstance(y, int) else None)
                for i, (x, y) in enumerate(zip(old, new))
                if x != y
            }
    common = Counter(before) & Counter(after)
    assert sum(change.kind == SAME for change in changes) == sum(common.values())


@given(ROWS, KEYS)
def test_nothing_differs_from_itself(rows, key):
    assert {change.kind for change in compare(rows, rows, key)} <= {SAME}
