"""`.chart` and `.explain` at a prompt."""

from __future__ import annotations

from pathlib import Path

import pytest
from hostql.shell.repl.drawing import parse

from .terminal import Terminal

# Each starts a prompt on a terminal: minutes in all, and the same on every Python.
pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "argument, parsed",
    [
        ("select 1", ("", "", "select 1")),
        ("bar select 1", ("bar", "", "select 1")),
        ("LINE size with x as (select 1) select * from x", ("line", "size", "with x as (select 1) select * from x")),
        ("size", ("", "size", "")),
        ("", ("", "", "")),
        ("hist", ("hist", "", "")),
        ("processes", ("", "", "processes")),
        ("nice processes", ("", "nice", "processes")),
        ('"a ""b" select 1', ("", 'a "b', "select 1")),
        ("too many words select 1", ("", "", "too many words select 1")),
    ],
)
def test_the_argument_of_chart(argument: str, parsed):
    assert parse(argument, ["processes"]) == parsed


VALUES = "with t(name, size) as (values ('a', 1048576), ('b', 2097152), ('c', null)) select * from t"


def test_bars(tmp_path: Path):
    with Terminal(tmp_path, columns=60) as terminal:
        lines = terminal.ask(f".chart {VALUES}").splitlines()
        start = lines.index("size by name")
        assert lines[start + 1].startswith("a ▏█") and lines[start + 1].endswith("1.0 MiB")
        assert lines[start + 2].startswith("b ▏█") and lines[start + 2].endswith("2.0 MiB")
        assert lines[start + 3] == "c ▏ NULL"
        assert lines[start + 2].count("█") == 2 * lines[start + 1].count("█")


def test_a_line_of_the_last_result_fits_the_terminal(tmp_path: Path):
    with Terminal(tmp_path, columns=60, lines=24) as terminal:
        terminal.ask(
            "with recursive c(x) as (select 0 union all select x+1 from c limit 10000) select x*x as y from c;"
        )
        terminal.ask(".clear")
        terminal.ask(".chart line")
        # The chart and the next prompt are on the screen as a whole.
        assert "y" in terminal.screen
        assert any(line.startswith("99,980,001 ┤") for line in terminal.screen)
        assert max(map(len, terminal.screen)) <= 60


def test_a_histogram_in_ascii(tmp_path: Path):
    with Terminal(tmp_path) as terminal:
        terminal.ask(".config ascii on")
        lines = terminal.ask(".chart hist n with t(n) as (values (1), (1), (2)) select n from t").splitlines()
        drawn = [line for line in lines if line[:3] in ("1 |", "2 |")]
        assert [line.split()[-1] for line in drawn] == ["2", "1"]
        assert drawn[0].count("#") == 2 * drawn[1].count("#")


def test_a_locale_without_utf8_gets_ascii(tmp_path: Path):
    with Terminal(
        tmp_path, env={"LANG": "C", "LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ) as terminal:
        lines = terminal.ask(f".chart {VALUES}").splitlines()
        assert any(line.startswith("b |##") for line in lines)


@pytest.mark.parametrize(
    "command, says",
    [
        (".chart select 'a' as b", "no column holds numbers to draw"),
        (".chart nme select 1 as name", "Did you mean name?"),
        (".chart b select 1 as a, 'x' as b", "b holds no numbers to draw"),
        (".chart select 1 where 0", "no rows"),
        (".chart", "usage: .chart"),
        (".explain", "usage: .explain"),
        (".explain select nope", "no such column: nope"),
    ],
)
def test_what_cannot_be_done_is_told(tmp_path: Path, command: str, says: str):
    with Terminal(tmp_path) as terminal:
        assert says in terminal.ask(command)


def test_explain(tmp_path: Path):
    with Terminal(tmp_path, columns=140) as terminal:
        text = terminal.ask(
            ".explain select p.name, f.fd from processes p cross join process_open_files f on f.pid = p.pid "
            "where p.name = 'no such' order by f.fd;"
        )
        lines = text.splitlines()
        first = next(line for line in lines if line.startswith("1  processes p "))
        assert "full scan, name filtered after reading" in first and " read, 0 kept" in first and first.endswith(" ms")
        assert "2  process_open_files f  not needed" in lines
        assert "   sorted in memory (ORDER BY)" in lines
        assert any(line.startswith("0 rows · ") for line in lines)


def test_a_chart_goes_where_results_go(tmp_path: Path):
    with Terminal(tmp_path) as terminal:
        terminal.ask(f".once {tmp_path}/chart.txt")
        terminal.ask(f".chart {VALUES}")
        terminal.ask("select 1;")
    assert (tmp_path / "chart.txt").read_text().startswith("size by name\na ▏█")
