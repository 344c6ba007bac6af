"""Patterns of paths against SQLite's own reading and against plain regular expressions, and in bounded time."""

from __future__ import annotations

import os
import re
import resource
from pathlib import Path

import apsw
from hostql.tests.conftest import examples
from hostql.vtables.database import Database
from hostql.vtables.sources.osquery_patterns import _matcher as osquery_matcher
from hostql.vtables.sources.patterns import compiled, matcher
from hypothesis import given, settings
from hypothesis import strategies as st

PIECES = st.lists(st.sampled_from(["a", "b", "/", ".*", "[^/]*", "[^/]", "[ab]"]), max_size=9)
CONNECTION = apsw.Connection(":memory:")


@settings(max_examples=examples(1500))
@given(PIECES, st.text(alphabet="ab/", max_size=10))
def test_pieces_match_what_their_regular_expression_does(pieces: list[str], path: str) -> None:
    plain = re.compile("".join(pieces) + r"\Z", re.DOTALL).match(path)
    assert bool(compiled(pieces)(path)) == bool(plain)


@settings(max_examples=examples(500))
@given(st.text(alphabet="aB%_.", max_size=8), st.text(alphabet="Ab.", min_size=1, max_size=8))
def test_within_a_name_a_pattern_is_sqlites(pattern: str, name: str) -> None:
    ((like, glob),) = CONNECTION.execute(
        "SELECT ? LIKE ?, ? GLOB ?", (name, pattern, name, pattern.translate({37: "*", 95: "?"}))
    )
    assert bool(matcher("LIKE", pattern)(name)) == bool(like)
    assert bool(matcher("GLOB", pattern.translate({37: "*", 95: "?"}))(name)) == bool(glob)


def test_many_wildcards_end() -> None:
    """With backtracking each of these would take longer than the universe is old."""
    name = "a" * 250
    assert not matcher("LIKE", "%a" * 60 + "%b")(name)
    assert not matcher("GLOB", "*a" * 60 + "*b")(name)
    assert not matcher("LIKE", "/%%" + "%%a" * 60 + "%%b")("/" + name)
    assert not osquery_matcher("*a" * 60 + "*b")(name)
    assert matcher("LIKE", "%a" * 60 + "%b")(name + "b")


def test_a_deep_tree_does_not_use_up_the_file_descriptors(db: Database, tmp_path: Path) -> None:
    (tmp_path / "/".join("d" * 300)).mkdir(parents=True)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, os.listdir("/proc/self/fd"))) + 100, hard))
    try:
        result = db.execute(f"SELECT path FROM file WHERE path LIKE '{tmp_path}/%%'")
        assert len(list(result)) == 300
        assert not list(result.notes)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_pattern_of_too_many_levels_is_a_note(db: Database) -> None:
    result = db.execute(f"SELECT path FROM file WHERE path LIKE '{'/%' * 2000}'")
    assert not list(result)
    assert list(result.notes) == ["file: a pattern with wildcards in more than 200 levels is not followed"]
