"""Which paths a pattern means: in osquery's reading, as it was observed, and in our own.

`tests/data/file_patterns.json` holds a tree and 237 statements on `file` and `hash` with what osquery answered.
"""

from __future__ import annotations

import json
import os
import re
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hostql.tests.conftest import query
from hostql.tests.host import IS_ROOT
from hostql.vtables.database import Database
from hostql.vtables.errors import HostqlError
from hostql.vtables.settings import Settings

DATA: dict[str, list[Any]] = json.loads((Path(__file__).parents[2] / "data/file_patterns.json").read_text())
REQUIRED = "REQUIRED"


@pytest.fixture(scope="module")
def root() -> Iterator[str]:
    """The tree, as the working directory of this process."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory(prefix="hostql") as folder:
        os.chdir(folder)
        for kind, path, *rest in DATA["entries"]:
            make(kind, path, *rest, root=folder)
        yield folder
        os.chdir(before)
        os.chmod(f"{folder}/modes/f0000", 0o600)


def make(kind: str, path: str, content: str | None = None, mode: str | None = None, *, root: str) -> None:
    if kind == "dir":
        os.mkdir(path)
    elif kind == "file":
        count = re.fullmatch(r"(.)\*(\d+)", content or "")
        Path(path).write_text(count[1] * int(count[2]) if count else content or "")
    elif kind == "symlink":
        os.symlink((content or "").replace("{ROOT}", root), path)
    elif kind == "hardlink":
        os.link(content or "", path)
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path)
    if mode:
        os.chmod(path, int(mode, 8))


@pytest.fixture(scope="module")
def as_osquery(root: str) -> Iterator[Database]:
    with Database(settings=Settings(osquery_patterns=True)) as database:
        yield database


@pytest.fixture(scope="module")
def ours(root: str) -> Iterator[Database]:
    with Database() as database:
        yield database


def answer(database: Database, sql: str, root: str) -> Any:
    """The rows, with the tree's place as {ROOT}; REQUIRED where the constraint was missed; else the error."""
    try:
        rows = query(database, sql.replace("{ROOT}", root))
    except HostqlError as error:
        return REQUIRED if "needs to know which" in error.message else error.message
    return [{name: place(value, root) for name, value in row.items()} for row in rows]


def place(value: Any, root: str) -> Any:
    return value.replace(root, "{ROOT}") if isinstance(value, str) else "" if value is None else str(value)


def paths(database: Database, where: str, root: str) -> Any:
    found = answer(database, f"SELECT path FROM file WHERE {where}", root)
    return [row["path"] for row in found] if isinstance(found, list) else found


# Where we answer differently though asked for osquery's reading: the answer and the reason.
_LIMIT = (REQUIRED, "no rows, without a word, because of a LIMIT would be an answer that is silently wrong")
_NO_LOOK_UP = (
    REQUIRED,
    "no rows, without a word, for a condition that no path can be found by would be silently wrong",
)
DEVIATIONS: dict[str, tuple[Any, str]] = {
    "path IS NULL": _NO_LOOK_UP,
    "path <> '{ROOT}/a/top.txt'": _NO_LOOK_UP,
    "directory <> '{ROOT}/a'": _NO_LOOK_UP,
    "path GLOB '{ROOT}/a/*'": (
        ["{ROOT}/a/.hdir", "{ROOT}/a/.hidden", "{ROOT}/a/b", "{ROOT}/a/top.txt"],
        "GLOB finds nothing in osquery; here it is read our own way, whatever the setting",
    ),
    "path REGEXP '{ROOT}/a/.*'": ("no such function: REGEXP", "the same error, without the prefix"),
    "directory = '{ROOT}/a//'": (
        ["{ROOT}/a//.hdir", "{ROOT}/a//.hidden", "{ROOT}/a//b", "{ROOT}/a//top.txt"],
        "osquery spells the directory in two ways within one answer",
    ),
    "SELECT path FROM file LIMIT 1": _LIMIT,
    "SELECT path FROM file ORDER BY path LIMIT 1": _LIMIT,
    "SELECT * FROM file LIMIT 1": _LIMIT,
    "SELECT * FROM file LIMIT 5 OFFSET 1": _LIMIT,
}


@pytest.mark.parametrize("where, expected", DATA["file_where"], ids=[case[0] for case in DATA["file_where"]])
def test_file_as_osquery_reads_it(as_osquery: Database, root: str, where: str, expected: Any) -> None:
    found = paths(as_osquery, where, root)
    expected, _ = DEVIATIONS.get(where, (expected, ""))
    assert found == expected if "ORDER BY" in where or not isinstance(found, list) else sorted(found) == expected


@pytest.mark.parametrize("where, expected", DATA["hash_where"], ids=[case[0] for case in DATA["hash_where"]])
def test_hash_as_osquery_reads_it(as_osquery: Database, root: str, where: str, expected: Any) -> None:
    if "/modes/f0000" in where and not IS_ROOT:
        pytest.skip("needs root, to read what nobody may")
    found = answer(as_osquery, f"SELECT path, directory, md5 FROM hash WHERE {where}", root)
    rows = sorted([*row.values()] for row in found) if isinstance(found, list) else found
    expected, _ = DEVIATIONS.get(where, (expected, ""))
    assert rows == (sorted(expected) if isinstance(expected, list) else expected)


@pytest.mark.parametrize("sql, expected", DATA["statements"], ids=[case[0] for case in DATA["statements"]])
def test_statements_as_osquery_answers_them(as_osquery: Database, root: str, sql: str, expected: Any) -> None:
    found = answer(as_osquery, sql, root)
    if isinstance(expected, dict):
        expected = REQUIRED if expected.get("stderr") == REQUIRED else expected["rows"]
    expected, _ = DEVIATIONS.get(sql, (expected, ""))
    assert as_set(found) == as_set(expected)


def as_set(rows: Any) -> Any:
    return sorted(json.dumps(row, sort_keys=True) for row in rows) if isinstance(rows, list) else rows


def test_values_of_the_observed_rows(as_osquery: Database, root: str) -> None:
    """Every column that was observed; what a link leads to that leads nowhere is `symlink` here."""
    columns = "path, directory, filename, mode, type, symlink, symlink_target_path, hard_links, device"
    for expected in DATA["file_columns"]:
        (found,) = answer(as_osquery, f"SELECT {columns} FROM file WHERE path = '{expected['path']}'", root)
        if expected["type"] in ("unknown", "error"):
            expected = {**expected, "type": "symlink"}
        assert found == {name: expected[name] for name in found}


def test_a_deep_tree_ends_where_osquery_ends_with_a_note(tmp_path: Path) -> None:
    (tmp_path / "/".join(["d"] * 90)).mkdir(parents=True)
    with Database(settings=Settings(osquery_patterns=True)) as database:
        result = database.execute(f"SELECT path FROM file WHERE path LIKE '{tmp_path}/%%'")
        assert len(list(result)) == 65
        assert ["osquery's reading" in note for note in result.notes] == [True]
    with Database() as database:
        assert len(query(database, f"SELECT path FROM file WHERE path LIKE '{tmp_path}/%%'")) == 90


# Our own reading.

LIKES = [case[0][11:-1] for case in DATA["file_where"] if re.fullmatch(r"path LIKE '\{ROOT\}[^']+'", case[0])]


@pytest.mark.parametrize("pattern", LIKES)
def test_our_own_reading_of_like(ours: Database, root: str, pattern: str) -> None:
    """All paths there are, tried one by one: `%` is anything but a slash, `%%` anything, `_` one character."""
    assert set(paths(ours, f"path LIKE '{pattern}'", root)) == set(by_trying(pattern, root))


def by_trying(pattern: str, root: str) -> Iterator[str]:
    inside = pattern[len("{ROOT}/") :]
    parts = {"%%%": ".*", "%%": ".*", "%": "[^/]*", "_": "[^/]"}
    tokens = re.findall("%%?%?|.", inside, re.DOTALL)
    matches = re.compile("".join(parts.get(token) or re.escape(token) for token in tokens), re.DOTALL | re.IGNORECASE)
    # The parts before the first wildcard are names, whose case counts.
    fixed = re.split("[%_]", inside)[0].rpartition("/")[0] if re.search("[%_]", inside) else ""
    # `%%` follows no link, but the names before it may be links.
    links = inside.partition("%%")[0].count("/") if "%%" in inside else 8
    for path in every_path(root, fixed, links):
        if path.endswith("/") == pattern.endswith("/") and matches.fullmatch(path):
            yield "{ROOT}/" + path


def every_path(root: str, folder: str, links: int) -> Iterator[str]:
    """What is below a directory, each directory with and without a slash; links are followed so many levels deep."""
    try:
        names = os.listdir(f"{root}/{folder}")
    except OSError:
        return
    for name in names:
        path = f"{folder}/{name}" if folder else name
        yield path
        if os.path.isdir(f"{root}/{path}"):
            yield path + "/"
            if path.count("/") < links or not os.path.islink(f"{root}/{path}"):
                yield from every_path(root, path, links)


@pytest.mark.parametrize(
    "where, expected",
    [
        ("directory LIKE '{ROOT}/a'", [".hdir", ".hidden", "b", "top.txt"]),
        ("directory LIKE '{ROOT}/%/b'", ["c", "c", "mid.txt", "other.txt"]),
        ("directory LIKE '{ROOT}/%%/c'", ["d", "leaf.conf", "x.txt"]),
        ("directory LIKE '{ROOT}/a/.h%'", ["inner.txt"]),
        ("path GLOB '{ROOT}/**/c/*'", ["d", "leaf.conf", "x.txt"]),
        ("path GLOB '{ROOT}/names/[ub]*X*'", ["underXscore.txt"]),
        ("path GLOB '{ROOT}/names/[^a-z]*'", ["UPPER.TXT", "~tilde.txt"]),
        ("path GLOB '{ROOT}/names/br[[]*'", ["br[ack]et.txt"]),
        ("path GLOB '{ROOT}/names/under?score.txt'", ["underXscore.txt", "under_score.txt"]),
        ("path LIKE 'a/%'", []),
        ("path LIKE '{ROOT}/a/%' AND path LIKE '%.txt'", ["top.txt"]),
        ("path LIKE '%.txt' AND path LIKE '{ROOT}/a/%'", ["top.txt"]),
        ("path LIKE '{ROOT}/%' AND path LIKE '{ROOT}/%%.txt'", ["zero.txt", "hard.txt"]),
        ("path LIKE '{ROOT}/%%' AND directory LIKE '{ROOT}/%' AND path LIKE '%.conf'", []),
        ("path LIKE '%.txt' AND directory LIKE '{ROOT}/%/b'", ["mid.txt", "other.txt"]),
        ("path IN ('{ROOT}/a/top.txt', '{ROOT}/zero.txt') AND path LIKE '{ROOT}/%'", ["zero.txt"]),
        ("directory IN ('{ROOT}/a/b', '{ROOT}/a2') AND directory LIKE '{ROOT}/%'", ["b"]),
        ("directory = '{ROOT}/a' AND path = '{ROOT}/a/b/mid.txt'", []),
    ],
)
def test_our_own_reading_of_other_conditions(ours: Database, root: str, where: str, expected: list[str]) -> None:
    assert sorted(os.path.basename(path) for path in paths(ours, where, root)) == sorted(expected)


def rows(*found: str) -> list[dict[str, str]]:
    return [{"path": "{ROOT}/" + path} for path in found]


# Statements whose answer differs, since dotfiles are found and no slash is needed to find a directory.
OURS: dict[str, Any] = {
    (
        "SELECT path FROM file WHERE path LIKE '{ROOT}/a/%' UNION SELECT path FROM file WHERE path LIKE '{ROOT}/a2/%'"
    ): rows("a/.hdir", "a/.hidden", "a/b", "a/top.txt", "a2/b"),
    "SELECT DISTINCT directory AS path FROM file WHERE path LIKE '{ROOT}/a/%%'": rows(
        "a", "a/.hdir", "a/b", "a/b/c", "a/b/c/d"
    ),
    "WITH f AS (SELECT * FROM file) SELECT path FROM f WHERE path LIKE '{ROOT}/a/%'": rows(
        "a/.hdir", "a/.hidden", "a/b", "a/top.txt"
    ),
    "SELECT a.path FROM file a JOIN file b ON a.directory = b.path WHERE b.path LIKE '{ROOT}/a/%'": rows(
        "a/.hdir/inner.txt", "a/b/c", "a/b/mid.txt"
    ),
    "SELECT a.path FROM file a JOIN file b ON a.path = b.path || '/mid.txt' WHERE b.path LIKE '{ROOT}/%/b'": rows(
        "a/b/mid.txt"
    ),
}


@pytest.mark.parametrize("sql, expected", DATA["statements"], ids=[case[0] for case in DATA["statements"]])
def test_our_own_reading_of_statements(ours: Database, root: str, sql: str, expected: Any) -> None:
    """Statements that name what they mean give the same in both readings, but for the slash after a directory."""
    if isinstance(expected, dict):
        expected = REQUIRED if expected.get("stderr") == REQUIRED else expected["rows"]
    expected = OURS.get(sql, DEVIATIONS.get(sql, (expected, ""))[0])
    assert as_set(without_slash(answer(ours, sql, root))) == as_set(without_slash(expected))


def without_slash(rows: Any) -> Any:
    if not isinstance(rows, list):
        return rows
    return [{name: value.rstrip("/") for name, value in row.items()} for row in rows]
