"""Bad input through real processes: a clear error that names what and where, the right exit code, never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

COMMAND = [sys.executable, "-m", "hostql"]


def hostql(*arguments: str | bytes, stdin: bytes = b"") -> tuple[int, bytes, str]:
    """(exit code, standard output, standard error)."""
    done = subprocess.run([*COMMAND, *arguments], input=stdin, capture_output=True, timeout=60)
    errors = done.stderr.decode()
    assert "Traceback" not in errors, errors
    return done.returncode, done.stdout, errors


@pytest.mark.parametrize("sql", [b"", b" ", b";;", b"-- nothing", b"/* open", b"\n\n"])
def test_nothing_to_run(sql: bytes) -> None:
    code, out, errors = hostql(stdin=sql)
    assert (code, out) == (2, b""), errors
    assert "there is no statement to run" in errors


# Older versions of SQLite take any number of parentheses.
NESTED = (b"SELECT " + b"(" * 100_000 + b"1" + b")" * 100_000, 1, "nested too deeply")


@pytest.mark.parametrize(
    "sql, code, says",
    [
        (b"SELECT 1\0; SELECT 2", 1, "the SQL holds a NUL character"),
        (b"SELECT 'a\0b'", 1, "the SQL holds a NUL character"),
        (b"SELECT '\xe9'", 2, "standard input is not UTF-8 text (byte 8)"),
        (b"SELECT 'x", 1, "unrecognized token"),
        *([NESTED] if apsw.SQLITE_VERSION_NUMBER >= 3_054_000 else []),
        (b"SELECT " + b"1+" * 100_000 + b"1", 1, "Expression tree is too large"),
        (b"SELECT * FROM " + b"x" * 1_000_000, 1, "no such table: xxx"),
        (b"SELECT " + b"x" * 1_000_000 + b" FROM time", 1, "no such column: xxx"),
        (b"SELECT " + b"1," * 10_000 + b"1", 1, "too many columns"),
        (b"SELECT \x1b[31m", 1, 'unrecognized token: "\\x1b"'),
        (b"SELECT * FROM tme", 1, "Did you mean time"),
        (b"SELECT * FROM file", 1, "give path or directory"),
        (b"SELECT 'tme' /* tme */ FROM tme", 1, "                            ^^^"),
        (b"SELECT regex_match('a', '(', 0)", 1, "not a regular expression"),
        (b"SELECT :a", 1, "a parameter has no value: a"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_sql_that_cannot_be_run(sql: bytes, code: int, says: str) -> None:
    found, out, errors = hostql(stdin=sql)
    assert (found, out) == (code, b""), errors[:500]
    assert says in errors
    assert len(errors) < 10_000
    assert "\x1b" not in errors


def test_a_megabyte_of_sql_is_answered() -> None:
    assert hostql(stdin=b"SELECT length('" + b"; " * 500_000 + b"') AS x")[:2] == (0, b"x\n1000000\n")
    assert hostql(stdin=b"--\n" * 300_000 + b"/* */" * 20_000 + b"SELECT 1 AS x")[:2] == (0, b"x\n1\n")
    assert hostql("--no-header", stdin=b"SELECT 1;" * 5_000)[:2] == (0, b"1\n" * 5_000)


def test_an_argument_that_is_no_utf8_names_the_file_it_means(tmp_path: Path) -> None:
    """A byte that is no UTF-8 is the \\xNN by which tables show it, so a look-up finds the file."""
    name = os.fsencode(tmp_path) + b"/caf\xe9"
    with open(name, "wb"):
        pass
    code, out, _ = hostql("--json", b"SELECT size FROM file WHERE path = '" + name + b"'")
    assert (code, json.loads(out)) == (0, [{"size": 0}])
    code, out, _ = hostql("--json", "-p", b"name=" + name, "SELECT size FROM file WHERE path = :name")
    assert (code, json.loads(out)) == (0, [{"size": 0}])
    code, _, errors = hostql(b"SELECT \xe9")
    assert code == 1 and "SELECT \\xe9\n       ^^^^\n" in errors
    assert "no such table: \\udce9" in hostql("describe", b"\xe9")[2]


@pytest.mark.parametrize(
    "arguments, code, says",
    [
        (["-f", "."], 2, "cannot read .: Is a directory"),
        (["-f", ""], 2, "needs a value"),
        (["-f", "/proc/self/mem"], 2, "cannot read /proc/self/mem: Input/output error"),
        (["-o", ".", "SELECT 1"], 1, "cannot write .: Is a directory"),
        (["-o", "/dev/full", "SELECT 1"], 1, "cannot write /dev/full: No space left on device"),
        (["-o", "/proc/nothing", "SELECT 1"], 1, "cannot write /proc/nothing"),
        (["--max-memory", "1e17T", "SELECT 1"], 2, "--max-memory takes a size"),
        (["--max-memory", "nan", "SELECT 1"], 2, "--max-memory takes a size"),
        (["--config", "/proc/nothing", "SELECT 1"], 2, "cannot read --config /proc/nothing: No such file or directory"),
        (["--config", "/", "explain", "SELECT 1"], 2, "cannot read --config /: Is a directory"),
        (["--max-memory", "0", "SELECT 1"], 2, "--max-memory takes a size of at least a byte"),
        (["--max-memory", "0.5", "SELECT 1"], 2, "--max-memory takes a size of at least a byte"),
        (["--watch", "9" * 23, "SELECT 1"], 2, "--watch takes 0.1 s to a day"),
        (["--watch", "0.0000001", "SELECT 1"], 2, "--watch takes 0.1 s to a day"),
        (["--watch", "1e9", "SELECT 1"], 2, "--watch takes 0.1 s to a day"),
        (["--max-rows", "9" * 5000, "SELECT 1"], 2, "--max-rows takes a number"),
        (["--timeout", "nan", "SELECT 1"], 2, "--timeout takes a number"),
        (["--param", "=1", "SELECT 1"], 2, "--param takes NAME=VALUE"),
        (["--", "-x"], 1, "syntax error"),
        (["profile", "/"], 1, "it is no regular file"),
        (["profile", "/nowhere/pack.conf"], 1, "there is no such file"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_arguments_that_cannot_be_used(arguments: list[str], code: int, says: str) -> None:
    found, out, errors = hostql(*arguments)
    assert (found, out) == (code, b""), errors[:500]
    assert says in errors
    assert len(errors) < 10_000


PACKS = {
    "deep list": ("[" * 100_000, "is nested too deeply"),
    "deep packs": ('{"packs":{"a":' * 3_000 + "{}" + "}}" * 3_000, "is nested too deeply"),
    "no JSON": ('{"queries": {]', "pack.conf:1: not JSON"),
    "no queries": ('{"queries": {"a": {"query": 7}}}', "holds no queries"),
    "a device": ('{"packs": {"x": "/dev/zero"}}', "cannot read /dev/zero: it is a device"),
}


@pytest.mark.parametrize("name", PACKS)
def test_a_bad_pack(tmp_path: Path, name: str) -> None:
    text, says = PACKS[name]
    (tmp_path / "pack.conf").write_text(text)
    code, out, errors = hostql("profile", str(tmp_path / "pack.conf"))
    assert (code, out) == (1, b""), errors
    assert says in errors


def test_packs_that_name_each_other_are_read_once(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text('{"queries": {"q": {"query": "SELECT 1"}}, "packs": {"b": "b.conf"}}')
    (tmp_path / "b.conf").write_text('{"packs": {"a": "a.conf"}, "queries": {"q": {"query": "SELECT 2"}}}')
    (tmp_path / "c.conf").write_text('{"packs": {"a": "a.conf", "list": "l.conf"}}')
    (tmp_path / "l.conf").write_text("[1]")
    code, out, errors = hostql("--json", "profile", str(tmp_path / "c.conf"))
    assert code == 0, errors
    assert [row["query"] for row in json.loads(out)] == ["a/q", "a/b/q"]
    assert f"pack a/b/a: {tmp_path}/a.conf is read already" in errors
    assert "list is no pack" in errors


def test_a_regular_expression_that_never_ends_is_stopped() -> None:
    """It lets no other thread run, so the guard's cannot stop it."""
    code, out, errors = hostql("--timeout", "0.3", f"SELECT regex_match('{'a' * 40}b', '(a+)+$', 0)")
    assert (code, out) == (3, b""), errors
    assert "the timeout is 0.3 s" in errors


@pytest.mark.parametrize("command", ["SELECT 1", "tables"])
def test_rows_that_cannot_be_written(command: str) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run([*COMMAND, command], stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert (done.returncode, done.stderr) == (1, b"error: cannot write the rows: No space left on device\n")


def test_closed_streams() -> None:
    def run(redirection: str, *arguments: str) -> tuple[int, bytes, bytes]:
        words = ["sh", "-c", f'exec "$@" {redirection}', "sh", *COMMAND, *arguments]
        done = subprocess.run(words, capture_output=True, timeout=60)
        return done.returncode, done.stdout, done.stderr.splitlines()[0] if done.stderr else b""

    assert run("2>&-", "SELECT nope") == (1, b"", b"")
    assert run("<&-") == (2, b"", b"error: there is no statement to run")
    assert run("<&- 2>&-", "SELECT 1 AS x") == (0, b"x\n1\n", b"")
