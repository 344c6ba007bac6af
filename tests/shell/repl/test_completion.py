"""What is suggested where: a table of texts, `|` is the cursor."""

from __future__ import annotations

import pytest
from hostql.shell.repl.completion import Words, suggest
from hypothesis import given
from hypothesis import strategies as st

TABLES = {
    "processes": ["pid", "name", "nice", "cmdline"],
    "listening_ports": ["pid", "port", "address"],
    "users": ["uid", "username"],
}
WORDS = Words(
    TABLES,
    lambda table: [(name, "") for name in TABLES[table]],
    ["count", "human_size"],
    [(".tables", ""), (".mode", "")],
)


def suggested(text: str) -> list[str]:
    before, _, after = text.partition("|")
    return [suggestion.text for suggestion in suggest(before, after, WORDS)[1]]


@pytest.mark.parametrize(
    "text, first",
    [
        ("select * from pro|", "processes"),
        ("select * from |", "processes"),
        ("select * from users, lis|", "listening_ports"),
        ("select * from processes join us|", "users"),
        ("select p.na| from processes p", "name"),
        ("select p.| from processes as p", "pid"),
        ("select na| from processes", "name"),
        ("select * from processes where cmd|", "cmdline"),
        ("select hum|", "human_size("),
        ("select * from processes wh|", "where"),
        ("select 'it''s from x'; select * from us|", "users"),
        (".ta|", ".tables"),
        (".describe lis|", "listening_ports"),
    ],
)
def test_the_first_suggestion(text: str, first: str):
    assert suggested(text)[0] == first


@pytest.mark.parametrize("text", ["select 'pro|", "select 1 -- pro|", "select x.na| from processes p", "|"])
def test_nothing_is_suggested(text: str):
    assert suggested(text) == []


def test_columns_come_from_the_tables_of_this_statement_alone():
    assert "uid" not in suggested("select * from users; select u| from processes")


@given(st.text(max_size=60), st.text(max_size=20))
def test_any_text_is_survived(before: str, after: str):
    length, _ = suggest(before, after, WORDS)
    assert 0 <= length <= len(before)
