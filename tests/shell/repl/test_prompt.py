"""The prompt on a real pseudo-terminal."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pexpect = pytest.importorskip("pexpect")

ENDLESS = "with recursive c(x) as (select 1 union all select x+1 from c) select count(*) from c;"


@pytest.fixture
def prompt(tmp_path: Path) -> Iterator[object]:
    """A running prompt that has shown itself ready."""
    env = {**os.environ, "TERM": "xterm", "XDG_STATE_HOME": str(tmp_path), "PROMPT_TOOLKIT_NO_CPR": "1"}
    child = pexpect.spawn(sys.executable, ["-m", "hostql"], encoding="utf-8", timeout=30, dimensions=(40, 120), env=env)
    child.expect("Tab to complete")
    child.expect("hostql>")
    yield child
    child.close(force=True)


def test_a_query_over_two_lines(prompt):
    prompt.send("select 40 + 2\r")
    prompt.expect(r"\.\.\.>")
    prompt.send("as answer;\r")
    prompt.expect("answer")
    prompt.expect("42")
    prompt.expect("1 row ")


def test_tab_completes_a_table(prompt):
    prompt.send("select version from kernel_inf\t")
    # What follows may be drawn apart, with escape sequences (which have no `o`) before it.
    prompt.expect(r"kernel_inf[^o]*?o")
    prompt.send(";\r")
    prompt.expect("1 row ")


def test_interrupt_cancels_the_query_and_keeps_the_session(prompt):
    prompt.send("select 7 as started; " + ENDLESS + "\r")
    prompt.expect("1 row ")
    prompt.sendintr()
    prompt.expect("cancelled")
    prompt.send("select 'still' || ' here';\r")
    prompt.expect("still here")


def test_mistakes_are_pointed_at_and_commands_work(prompt):
    prompt.send("select nmae from time;\r")
    prompt.expect("no such column: nmae")
    prompt.send(".mode json\r")
    prompt.expect("hostql>")
    prompt.send("select 1 as a;\r")
    prompt.expect('{"a": 1}')
    prompt.send(".tabels\r")
    prompt.expect("Did you mean .tables")
    prompt.send(".describe time\r")
    prompt.expect("weekday")
    prompt.send(".quit\r")
    prompt.expect(pexpect.EOF)


def test_history_is_private(prompt, tmp_path: Path):
    prompt.send("select 5;\r")
    prompt.expect("1 row ")
    prompt.expect("hostql>")
    prompt.sendeof()
    prompt.expect(pexpect.EOF)
    file = tmp_path / "hostql" / "history"
    assert "select 5;" in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
