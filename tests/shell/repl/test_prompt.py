"""The prompt on a real pseudo-terminal: typing, running, cancelling, leaving."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("pexpect")
pytest.importorskip("pyte")

from .terminal import Terminal

# It takes long, and is the same on every Python.
pytestmark = pytest.mark.slow

ENDLESS = "with recursive c(x) as (select 1 union all select x+1 from c) select count(*) from c;"


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """A running prompt that has shown itself ready."""
    with Terminal(tmp_path) as running:
        yield running


def test_a_query_over_two_lines(terminal: Terminal):
    terminal.enter("select 40 + 2")
    terminal.wait_for("...>")
    terminal.enter("as answer;")
    terminal.wait_for("1 row ")
    assert "42" in terminal.text


def test_alt_enter_runs_what_is_there(terminal: Terminal):
    terminal.type("select 40 + 2 as answer")
    terminal.key("alt-enter")
    terminal.wait_for("1 row ")


def test_tab_completes_a_table(terminal: Terminal):
    terminal.type("select version from kernel_inf")
    terminal.wait_for("kernel_info")
    terminal.key("tab")
    terminal.wait_for("from kernel_info")
    terminal.enter(";")
    terminal.wait_for("1 row ")


def test_interrupt_cancels_the_query_and_keeps_the_session(terminal: Terminal):
    terminal.enter("select 7 as started; " + ENDLESS)
    terminal.wait_for("1 row ")
    terminal.key("C-c")
    terminal.wait_for("cancelled")
    assert "still here" in terminal.ask("select 'still' || ' here';")


def test_interrupt_at_the_prompt_drops_the_line(terminal: Terminal):
    terminal.type("select never")
    terminal.wait_for("select never")
    terminal.key("C-c")
    assert "42" in terminal.ask("select 6 * 7;")


def test_mistakes_are_pointed_at(terminal: Terminal):
    text = terminal.ask("select nmae from time;")
    assert "no such column: nmae" in text
    assert "       ^^^^" in text
    assert "Did you mean .tables" in terminal.ask(".tabels")


@pytest.mark.parametrize("leaving", [".quit", ".exit", "quit", "exit;", "\\q"])
def test_leaving(terminal: Terminal, leaving: str):
    terminal.enter(leaving)
    assert terminal.wait_for_end() == 0


def test_a_command_below_an_open_statement_runs_and_the_statement_comes_back(terminal: Terminal):
    terminal.enter("select 40 + 2")
    terminal.wait_for("...>")
    terminal.enter(".limits")
    terminal.wait_for("no limits")
    terminal.wait_until(lambda: terminal.count("select 40 + 2") == 2, "the statement to come back")
    assert "error" not in terminal.text
    terminal.enter("as answer;")
    terminal.wait_for("1 row ")
    assert "  42" in terminal.text


def test_the_bar_says_what_is_missing_from_an_open_statement(terminal: Terminal):
    terminal.type("select 1")
    terminal.wait_for("end with ; to run")
    terminal.type(";")
    terminal.wait_until(lambda: "end with ;" not in terminal.text, "the hint to go")
    terminal.key("C-c")
    terminal.wait_for_prompt()
    terminal.type(".tables")
    terminal.wait_for("hostql> .tables")
    assert "end with ;" not in terminal.text


def test_control_d_leaves(terminal: Terminal):
    terminal.key("C-d")
    assert terminal.wait_for_end() == 0


def test_history_is_private_and_outlives_the_session(tmp_path: Path):
    with Terminal(tmp_path) as first:
        first.ask("select 5 as five;")
        first.key("C-d")
        first.wait_for_end()
    file = tmp_path / "state" / "hostql" / "history.db"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    with Terminal(tmp_path) as second:
        second.key("up")
        second.wait_for("select 5 as five;")
        second.key("C-c")
        second.wait_for_prompt()
        second.key("C-r")
        second.type("five")
        second.wait_until(lambda: second.count("select 5 as five;") > 1, "the statement found by Ctrl-R")
        second.key("C-c")
        assert "select 5 as five;" in second.ask("select statement from hostql_history where row_count = 1;")


def test_a_history_that_cannot_be_kept_costs_a_note(tmp_path: Path):
    (tmp_path / "state").write_text("a file where a folder is needed")
    with Terminal(tmp_path) as terminal:
        assert "no history is kept" in terminal.text
        assert "42" in terminal.ask("select 6 * 7;")


def test_vi_keys(tmp_path: Path):
    (tmp_path / "config" / "hostql").mkdir(parents=True)
    (tmp_path / "config" / "hostql" / "config").write_text("keys = vi\n")
    with Terminal(tmp_path) as terminal:
        terminal.type("select 66;")
        terminal.key("escape")
        terminal.type("0cwvalues ")
        terminal.wait_for("values")
        terminal.key("escape")
        terminal.type("A")
        terminal.key("backspace")
        terminal.type("0;")
        # `values 66` is a mistake: what counts is that the word was changed.
        terminal.key("enter")
        terminal.wait_for("values 660;")


def test_a_fifo_in_place_of_the_config_or_the_history_costs_a_note(tmp_path: Path):
    for folder, name in (("config", "config"), ("state", "history.db")):
        (tmp_path / folder / "hostql").mkdir(parents=True)
        os.mkfifo(tmp_path / folder / "hostql" / name)
    with Terminal(tmp_path) as terminal:
        assert "it is a FIFO, not a file" in terminal.text
        assert "no history is kept" in terminal.text
        assert "42" in terminal.ask("select 6 * 7;")
