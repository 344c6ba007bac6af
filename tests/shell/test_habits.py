"""What users of osqueryi type is answered, or told what to type instead."""

from __future__ import annotations

import json

import pytest

from .running import hostql


@pytest.mark.parametrize("arguments", [["--json", "SELECT 1 AS a;"], ["--json", "SELECT 1 AS a;;"]])
def test_what_works_the_same(arguments: list[str]):
    assert json.loads(hostql(*arguments).stdout) == [{"a": 1}]


def test_csv_and_line():
    assert hostql("--csv", "SELECT 1 AS a, 'x' AS b;").stdout == "a,b\n1,x\n"
    assert hostql("--line", "SELECT 1 AS a, 'x' AS b;").stdout == "a = 1\nb = x\n"


@pytest.mark.parametrize(
    "argument, hint",
    [
        ("-json", "Did you mean --json?"),
        ("--A", "The name of a table shows it"),
        ("-A", "The name of a table shows it"),
        ("-L", "hostql tables"),
        ("--header=false", "--no-header"),
        ("--noheader", "--no-header"),
        ("--list", "--tsv"),
        ("--separator", "--csv"),
        ("--query", 'hostql "SELECT ..."'),
        ("--query_file", "-f FILE"),
        ("--nullvalue", "coalesce"),
        ("--disable_events=true", "hostql --help lists the few"),
        ("--jsn", "Did you mean --json?"),
        ("--bogus", "hostql --help"),
    ],
)
def test_a_flag_that_is_not_there(argument: str, hint: str):
    done = hostql(argument, "SELECT 1")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: there is no option {argument.partition('=')[0]}\n")
    assert hint in done.stderr


@pytest.mark.parametrize(
    "text, hint",
    [
        (".tables", "hostql tables"),
        (".schema time", "hostql describe"),
        (".mode json\nSELECT 1;", "--json"),
        (".quit", "to open the prompt"),
    ],
)
def test_a_command_of_the_prompt(text: str, hint: str):
    for done in (hostql(text), hostql(stdin=text)):
        assert done.returncode == 2
        assert f"{text.split()[0]} is a command of the prompt" in done.stderr
        assert hint in done.stderr
