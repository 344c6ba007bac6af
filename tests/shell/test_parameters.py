"""--param: names of every kind, values that are numbers only where that loses nothing."""

from __future__ import annotations

import pytest
from hostql.shell.options import parameter

from .running import hostql


@pytest.mark.parametrize(
    "text, value",
    [
        *[("0", 0), ("12", 12), ("-5", -5), ("9223372036854775807", 9223372036854775807)],
        *[("1.5", 1.5), ("-0.25", -0.25), ("2.0", 2.0)],
        # Text that a number would not give back.
        *[
            (text, text)
            for text in ("0755", "1.10", "1.0.2", "+1", "-0", "1e3", "0x10", "1_000", " 1", "1 ", ".5", "5.")
        ],
        *[(text, text) for text in ("", "-", "nan", "inf", "null", "٣", "9223372036854775808", "0.12345678901234567")],
    ],
)
def test_values(text: str, value: object):
    found = parameter(text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    "arguments, sql, row",
    [
        (["--param", "n=41"], "SELECT :n + 1, @n + 1, $n + 1", "42\t42\t42"),
        (["-p", "n=1", "-p", "n=2"], "SELECT :n", "2"),
        (["--param=:n=1"], "SELECT :n", "1"),
        (["-p", "1=x", "-p", "2=7"], "SELECT ?2, ?1", "7\tx"),
        (["-p", "t=a=b;c"], "SELECT :t", "a=b;c"),
        (["-p", "t="], "SELECT length(:t)", "0"),
        (["-p", "mode=0644"], "SELECT count(*) FROM file WHERE path = '/etc/passwd' AND mode = :mode", "1"),
        (["-p", "uid=0"], "SELECT username FROM users WHERE uid = :uid AND username = 'root'", "root"),
        (["-p", "uid=000"], "SELECT username FROM users WHERE uid = :uid AND username = 'root'", "root"),
    ],
)
def test_they_reach_the_statement(arguments: list[str], sql: str, row: str):
    done = hostql("--no-header", *arguments, sql)
    assert (done.stdout, done.stderr) == (row + "\n", "")


def test_every_statement_gets_them():
    assert hostql("-p", "a=1", "-p", "b=2", "--no-header", "SELECT :a; SELECT :b").stdout == "1\n2\n"


@pytest.mark.parametrize(
    "sql, says",
    [
        ("SELECT 1, :missing", ["          ^^^^^^^", "a parameter has no value: missing", "--param missing=VALUE"]),
        ("SELECT ?1 + ?2", ["       ^^", "a parameter has no value: 1"]),
        ("SELECT 5 + ?", ["           ^", "a parameter has no name", "?1"]),
        ("SELECT ':x', \"?\" /* :x */, :x", ["                        ^^", "a parameter has no value: x"]),
        ("SELECT '?' /* ? */, ?", ["                    ^", "a parameter has no name"]),
    ],
)
def test_one_without_a_value_is_shown(sql: str, says: list[str]):
    done = hostql("--param", "other=1", sql)
    assert done.returncode == 1
    for words in says:
        assert words in done.stderr


@pytest.mark.parametrize("sql", ["SELECT '?', ?2", "SELECT '?', ?1, ?3"])
def test_numbers_that_leave_one_out(sql: str):
    done = hostql("-p", "1=5", "-p", "2=6", "-p", "3=7", sql)
    assert done.returncode == 1
    for words in ("            ^^", "the numbers of the parameters leave one out", "Number them ?1, ?2"):
        assert words in done.stderr


@pytest.mark.parametrize("text", ["novalue", "=1", "a b=1", "a-b=1", ""])
def test_what_is_no_parameter(text: str):
    done = hostql("--param", text, "SELECT 1")
    assert (done.returncode, "NAME=VALUE" in done.stderr) == (2, True)
