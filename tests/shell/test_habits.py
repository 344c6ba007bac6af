"""What users of osqueryi type is answered, or told what to type instead."""

from __future__ import annotations

import json
from pathlib import Path

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
    "text, shown",
    [
        (".tables sock", "process_open_sockets\tprocess\t"),
        (".schema uptime", 'CREATE TABLE "uptime"'),
        ("SELECT 1 AS a;\n.mode json\nSELECT 2 AS b;", 'a\n1\n[\n  {"b": 2}\n]\n'),
        (" .mode csv\nSELECT 2,\n.5 AS b", "2,b\n2,0.5\n"),
        (".help watch", ".watch 2 "),
        ("SELECT 1 AS a;\n.quit\nSELECT 2;", "a\n1\n"),
    ],
)
def test_commands_of_the_prompt_run_anywhere(tmp_path: Path, text: str, shown: str):
    file = tmp_path / "script.sql"
    file.write_text(text)
    for done in (hostql(text), hostql(stdin=text), hostql("-f", str(file))):
        assert (done.returncode, done.stderr) == (0, "")
        assert shown in done.stdout and "\x1b" not in done.stdout and "row ·" not in done.stdout
        assert not shown.startswith("a\n1\n") or done.stdout == shown


def test_a_script_ends_at_its_first_error(tmp_path: Path):
    file = tmp_path / "script.sql"
    file.write_text(".mode csv\nSELECT 1 AS a;\nSELECT nmae\n  FROM time;\nSELECT 3;\n")
    done = hostql("-f", str(file))
    assert (done.returncode, done.stdout) == (1, "a\n1\n")
    assert f"error: {file}, line 3: no such column: nmae" in done.stderr
    done = hostql(stdin=".tables\n.tabels\n.tables\n")
    assert done.returncode == 1 and done.stdout.count("\nusers\t") == 1
    assert "standard input, line 2: no such command: .tabels" in done.stderr and ".tables" in done.stderr
    assert hostql("--max-rows", "1", stdin=".mode csv\nSELECT 1 UNION SELECT 2").returncode == 3
    assert hostql("-o", str(tmp_path / "o"), stdin=".tables").returncode == 2
