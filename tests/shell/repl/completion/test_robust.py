"""Any text with the cursor anywhere is survived, and long text costs in proportion to its length."""

from __future__ import annotations

import sys

import pytest
from hostql.shell.repl.completion import suggest
from hostql.shell.repl.completion.fuzzy import EXACT, INITIALS, ORDER, PREFIX, WITHIN, match
from hostql.shell.repl.completion.tokens import tokens
from hypothesis import example, given
from hypothesis import strategies as st

from .vocabulary import words

WORDS = words()

PIECES = st.sampled_from(
    "select from where join on using with as ( ) , . ; * = 'a' ' \" [ ` -- /* */ \n p processes users pid uid t in "
    "order by group limit union case when end :x 1 not between into update set over filter . . values".split(" ")
)
SQL = st.lists(PIECES, max_size=40).map(" ".join)
GLUED = st.lists(PIECES, max_size=40).map("".join)


@given(st.one_of(SQL, GLUED, st.text(max_size=60)), st.one_of(SQL, GLUED, st.text(max_size=30)))
@example("select '", "")
@example("[", "]")
@example("x'", "")
@example('select "', '" from processes')
@example(".", "")
@example("with recursive a as (select * from a) select a.", "")
@example("with a as (select * from b), b as (select * from a) select a.", " from a")
def test_any_text_is_survived(before: str, after: str):
    length, found = suggest(before, after, WORDS)
    assert 0 <= length <= len(before)
    assert all(suggestion.text for suggestion in found)


@given(st.text(max_size=80))
def test_tokens_keep_the_text(text: str):
    found = tokens(text)
    assert all(text[token.start : token.end] == token.text for token in found)
    assert all(a.end <= b.start for a, b in zip(found, found[1:]))


LONG = {
    "open parentheses": "(" * 4000,
    "nested queries": "select * from (" * 1000,
    "correlated queries": "select (select 1 from processes p where " * 700,
    "many tables": "select * from processes" + ", processes" * 2500,
    "many columns": "select " + "pid, " * 6000,
    "an open string": "select '" + "a''" * 10000,
    "an open comment": "select /*" + "* /" * 10000,
    "conditions": "select * from processes where " + "pid = 1 or " * 3000,
    "cases": "select " + "case when 1 then " * 2000,
    "dots": "select " + "a." * 10000,
    "minus signs": "select " + "-" * 30000,
    "expressions": "with " + "".join(f"t{n} as (select * from processes), " for n in range(1000)),
    "unions": "select pid from processes union " * 1000,
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_four_times_the_text_costs_about_four_times_the_work(text: str):
    """Work is counted in calls and lines of Python, which do not depend on the machine."""
    small, large = _work(text[: len(text) // 4]), _work(text)
    assert large < 8 * small + 100_000


def test_stars_of_stars_are_bounded():
    queries = ", ".join(f"t{n + 1} as (select * from t{n}, t{n}, t{n})" for n in range(30))
    assert _work(f"with t0 as (select * from processes), {queries} select * from t30 where ") < 5_000_000


def _work(text: str) -> int:
    count = 0

    def trace(frame: object, event: str, argument: object) -> object:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)  # type: ignore[arg-type]
    try:
        suggest(text, "", WORDS)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize(
    "typed, name, grade",
    [
        ("pid", "pid", EXACT),
        ("PID", "pid", EXACT),
        ("proc", "processes", PREFIX),
        ("pos", "process_open_sockets", INITIALS),
        ("pros", "process_open_sockets", INITIALS),
        ("procopsock", "process_open_sockets", INITIALS),
        ("p_o_s", "process_open_sockets", INITIALS),
        ("sock", "process_open_sockets", INITIALS),
        ("esse", "processes", WITHIN),
        ("psses", "processes", ORDER),
    ],
)
def test_how_a_name_fits(typed: str, name: str, grade: int):
    found = match(typed, name)
    assert found is not None and found.grade == grade
    assert "".join(name[at] for at in found.positions).lower() == typed.lower()


@pytest.mark.parametrize("typed, name", [("x", "pid"), ("pidx", "pid"), ("e", "pressure"), ("az", "a_long_name_abz")])
def test_what_does_not_fit(typed: str, name: str):
    assert match(typed, name) is None
