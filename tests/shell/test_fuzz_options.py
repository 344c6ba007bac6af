"""The command line, the cutting of SQL and the reading of packs against junk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import apsw
import pytest
from hostql.shell.messages import error_lines
from hostql.shell.options import OPTIONS, UsageError, parse
from hostql.shell.packs import queries
from hostql.tests.conftest import examples
from hostql.vtables.database import Database, blank, split
from hostql.vtables.errors import ConfigError, HostqlError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

WORDS = [f"--{option.long}" for option in OPTIONS] + [f"-{option.short}" for option in OPTIONS if option.short]
WORDS += ["--", "-", "--=", "-=", "--param=a=1", "-pa=1", "--no", "\udce9", "SELECT 1", "-- x", "", "\0", "²=1"]


@given(st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=6)), max_size=5))
def test_a_command_line_is_read_or_refused(argv: list[str]) -> None:
    try:
        given_ = parse(argv)
        for name in ("timeout", "max-rows"):
            given_.number(name, int if name == "max-rows" else float)
    except UsageError as error:
        assert error.message and error_lines(error)[0].startswith("error: ")


SQL = st.text(alphabet="a;'\"`[]-/*\n x", max_size=40)
TOKENS = st.lists(
    st.sampled_from(
        [
            *("SELECT 1", ";", "'", '"', "--", "\n", "/*", "*/", " ", "[", "]", "`", "x;y", "END", "BEGIN", "''"),
            *(
                "case end",
                "CREATE TEMP TRIGGER t AFTER INSERT ON x BEGIN SELECT 1;",
                "END;",
                "create",
                "trigger",
                "\t",
                "\f",
                "é",
            ),
        ]
    ),
    max_size=14,
).map(" ".join)


def cut_by_sqlite(sql: str) -> list[str]:
    """The statements as sqlite3_complete() tells their ends, at each semicolon in turn."""
    found, start = [], 0
    for at, character in enumerate(sql, 1):
        if character == ";" and apsw.complete(sql[start:at]):
            found.append(sql[start:at])
            start = at
    return [text for text in [*found, sql[start:]] if not blank(text)]


@settings(max_examples=examples(500))
@given(st.one_of(SQL, TOKENS))
def test_statements_end_where_sqlite_says(sql: str) -> None:
    found = split(sql)
    assert [text for _, text in found] == cut_by_sqlite(sql)
    for offset, text in found:
        assert sql.startswith(text, offset)


@settings(max_examples=examples(200))
@given(SQL)
def test_a_blank_text_is_one_that_sqlite_runs_without_a_statement(sql: str) -> None:
    """What is not blank is a statement or an error; an open comment is the one thing SQLite ends by itself."""
    traced: list[str] = []
    connection = apsw.Connection(":memory:")
    cursor = connection.cursor()
    cursor.exec_trace = lambda *call: not traced.append(call[1])  # type: ignore[func-returns-value]
    try:
        # At the very end of a text SQLite takes the two characters for a division and a product.
        cursor.execute(sql + " ")
        failed = False
    except apsw.Error:
        failed = True
    assert blank(sql) == (not failed and not any(not blank(text) for text in traced))


@settings(max_examples=examples(200), deadline=None)
@given(st.one_of(st.text(max_size=30), TOKENS, st.text(alphabet="\0\ud800\udcff'; SELECT", max_size=12)))
def test_any_text_is_answered_or_refused(database: Database, sql: str) -> None:
    try:
        for result in database.run(sql):
            for _ in result:
                pass
    except HostqlError as error:
        for line in error_lines(error):
            line.encode()


@pytest.fixture(scope="module")
def database() -> Any:
    with Database() as opened:
        yield opened


JSON = st.recursive(
    st.one_of(st.none(), st.integers(), st.text(max_size=5), st.sampled_from(["SELECT 1", "pack.conf", "*", "linux"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["queries", "schedule", "packs", "query", "platform", "name", "*", "a"]), inner, max_size=4
        ),
    ),
    max_leaves=12,
)


@settings(max_examples=examples(200), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(JSON.map(json.dumps), st.text(max_size=30), st.text(alphabet='{}[]":,#/\\\n', max_size=20)))
def test_a_file_of_queries_is_read_or_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "pack.conf"
    file.write_text(text, encoding="utf-8", errors="replace")
    try:
        found = queries(str(file))
        assert all(isinstance(name, str) and isinstance(sql, str) for name, sql in found.found)
        assert all(isinstance(why, str) for why in found.skipped)
    except ConfigError as error:
        assert str(file) in error.message or "pack.conf" in error.message
