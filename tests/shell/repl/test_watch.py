"""`.watch` on a real terminal: rows of a database file and real processes, which the test changes meanwhile."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from .terminal import Terminal

# Each starts a prompt on a terminal: minutes in all, and the same on every Python.
pytestmark = pytest.mark.slow

ENDLESS = "with recursive c(x) as (select 1 union all select x+1 from c) select count(*) from c"
WATCH = ".watch 0.1 select id, name, size from log.items order by id"


class Items:
    """A database file with a table `items`, which is changed as the test wants."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = sqlite3.connect(path, isolation_level=None)
        self("CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT, size INTEGER)")
        self("INSERT INTO items VALUES (1, 'first', 1000000), (2, 'second', 2000000)")

    def __call__(self, sql: str) -> None:
        self._connection.execute(sql)

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def items(tmp_path: Path) -> Iterator[Items]:
    with closing(Items(tmp_path / "log.db")) as made:
        yield made


@pytest.fixture
def terminal(tmp_path: Path, items: Items) -> Iterator[Terminal]:
    with Terminal(tmp_path, columns=110, lines=24) as terminal:
        terminal.ask(f".attach {items.path} log")
        yield terminal


def row(terminal: Terminal, name: str) -> str:
    """The line of the row with that name; '' where there is none."""
    return next((line for line in terminal.screen[1:] if f" {name} " in line.replace("│", " ") + " "), "")


def watching(terminal: Terminal, command: str = WATCH) -> None:
    terminal.enter(command)
    terminal.wait_until(lambda: "changed" in terminal.screen[0], "a second round")


def until_row(terminal: Terminal, name: str, begins: str, holds: str = "") -> str:
    terminal.wait_until(
        lambda: row(terminal, name).startswith(begins) and holds in row(terminal, name), f"{begins!r}, {name}, {holds}"
    )
    return row(terminal, name)


def quit_by(terminal: Terminal, key: str) -> None:
    terminal.type(key) if len(key) == 1 else terminal.key(key)
    terminal.wait_for("watched ")
    still_there(terminal)


def still_there(terminal: Terminal) -> None:
    terminal.wait_for_prompt()
    terminal.enter("select 40 + 2 as answer;")
    terminal.wait_for("42")


def test_rows_that_come_change_and_go(terminal: Terminal, items: Items):
    watching(terminal)
    assert terminal.screen[0].startswith(" every 0.1s · ")
    assert "2 rows" in terminal.screen[0] and "(q quits, space pauses, h help)" in terminal.screen[0]
    assert row(terminal, "first").startswith("  ")
    # Paused for the time of a step, so that what is seen lasts until it is looked at.
    terminal.key("space")
    terminal.wait_for("paused")
    items("INSERT INTO items VALUES (3, 'third', 5)")
    items("UPDATE items SET size = size + 2097152 WHERE id = 2")
    items("DELETE FROM items WHERE id = 1")
    terminal.type("r")
    until_row(terminal, "third", "+ ")
    assert row(terminal, "first").startswith("- ")
    assert "4.1 MiB" not in row(terminal, "first")
    assert "+2.0 MiB" in row(terminal, "second")
    assert "1 new, 1 gone, 1 changed" in terminal.screen[0]
    terminal.key("space")
    terminal.wait_until(lambda: not row(terminal, "first"), "the row that is gone to leave the screen")
    until_row(terminal, "third", "  ")
    quit_by(terminal, "q")
    assert "1 came, 1 went, 1 changed" in terminal.text


def test_processes_that_start_and_end(terminal: Terminal):
    watching(terminal, f".watch 0.1 select pid, name from processes where parent = {os.getpid()} and name = 'sleep'")
    with subprocess.Popen(["sleep", "1000"]) as child:
        try:
            terminal.wait_until(lambda: f"+ {child.pid}" in "\n".join(terminal.screen), "the new process")
        finally:
            child.kill()
    terminal.wait_until(lambda: f"- {child.pid}" in "\n".join(terminal.screen), "the process to be gone")
    quit_by(terminal, "escape")


def test_a_pause_lasts(terminal: Terminal, items: Items):
    watching(terminal)
    terminal.key("space")
    terminal.wait_for("paused")
    items("INSERT INTO items VALUES (3, 'third', 5)")
    # The help comes and goes, so the screen was drawn again since.
    terminal.type("h")
    terminal.wait_until(lambda: "back to the prompt" in "\n".join(terminal.screen), "the help")
    terminal.type("h")
    terminal.wait_until(lambda: "back to the prompt" not in "\n".join(terminal.screen), "the help to go")
    assert not row(terminal, "third")
    terminal.key("space")
    until_row(terminal, "third", "")
    quit_by(terminal, "C-c")


def test_sparklines_follow_the_numbers(terminal: Terminal, items: Items):
    watching(terminal)
    terminal.key("space")
    terminal.wait_for("paused")
    for size in (3_000_000, 9_000_000):
        items(f"UPDATE items SET size = {size} WHERE id = 2")
        terminal.type("r")
        terminal.wait_until(lambda: f"{size / (1 << 20):.1f} MiB" in row(terminal, "second"), f"{size}")  # noqa: B023
    assert "█" in row(terminal, "second") and "▁" in row(terminal, "second")
    assert "▂▂" in row(terminal, "first")
    quit_by(terminal, "q")


def test_errors_are_shown_in_place_and_it_goes_on(terminal: Terminal, items: Items):
    watching(terminal)
    items("ALTER TABLE items RENAME TO elsewhere")
    terminal.wait_until(lambda: any("no such table" in line for line in terminal.screen), "the error")
    assert row(terminal, "first")
    items("ALTER TABLE elsewhere RENAME TO items")
    terminal.wait_until(lambda: not any("no such table" in line for line in terminal.screen), "the error to go")
    quit_by(terminal, "q")


@pytest.mark.parametrize("key", ["q", "C-c"])
def test_a_slow_query_is_told_and_cancelled(terminal: Terminal, key: str):
    terminal.enter(f".watch 1 {ENDLESS}")
    terminal.wait_until(lambda: "running " in terminal.screen[0], "that it is running")
    quit_by(terminal, key)


def test_it_follows_the_size_of_the_terminal(terminal: Terminal, items: Items):
    for n in range(10, 60):
        items(f"INSERT INTO items VALUES ({n}, 'row {n}', {n})")
    watching(terminal)
    terminal.wait_for("rows 1-21 of 52")
    terminal.resize(50, 10)
    terminal.wait_until(lambda: any("1-7 of 52" in line for line in terminal.screen), "the smaller page")
    terminal.key("page-down")
    terminal.wait_until(lambda: any("8-14 of 52" in line for line in terminal.screen), "the second page")
    terminal.key("end")
    terminal.wait_until(lambda: any("46-52 of 52" in line for line in terminal.screen), "the last page")
    quit_by(terminal, "q")


def test_sorting_and_only_differences(terminal: Terminal, items: Items):
    watching(terminal)

    def order() -> list[str]:
        return [line.split("│")[1].strip() for line in terminal.screen[2:] if line.count("│") == 2]

    assert order() == ["first", "second"]
    terminal.type("s")
    terminal.wait_until(lambda: order() == ["second", "first"], "the greatest id first")
    terminal.type("S")
    terminal.wait_until(lambda: order() == ["first", "second"], "the other way round")
    terminal.type("d")
    terminal.wait_until(lambda: order() == [], "nothing, for nothing is different")
    quit_by(terminal, "q")


def test_it_ends_after_the_rounds_asked_for_and_takes_the_last_query(terminal: Terminal):
    terminal.ask("select id, name from log.items;")
    assert "watched 3 rounds: 0 came, 0 went, 0 changed" in terminal.ask(".watch 0.1 x3")


@pytest.mark.parametrize(
    "command, says",
    [
        (".watch 0 select 1", "the interval is from"),
        (".watch 1 x1 by nope select 1 as one", "the result has no column nope"),
        (".watch 1 select 1; select 2", "one statement is watched"),
        (".watch", "usage: .watch"),
    ],
)
def test_what_makes_no_sense_is_told(tmp_path: Path, command: str, says: str):
    with Terminal(tmp_path) as terminal:
        terminal.enter(command)
        if "nope" in command:
            terminal.wait_for(says)
            terminal.type("q")
        terminal.wait_for(says)
        still_there(terminal)


# Without a screen.


def hostql(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hostql", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **(env or {})},
    )


def test_a_pipe_gets_the_differences_as_lines():
    done = hostql("--watch", "0.1", "x3 by a select 'a' as a, abs(random()) as n")
    first, *lines = done.stdout.splitlines()
    assert first == "  a\tn"
    assert [line[:4] for line in lines if line[0] in "~+- " and not line.startswith("every")] == [
        "  a\t",
        "~ a\t",
        "~ a\t",
    ]
    assert sum(line.startswith("every 0.1s") for line in lines) == 2
    assert done.stderr == "note: watched 3 rounds: 0 came, 0 went, 2 changed\n"


def test_a_dumb_terminal_gets_lines(tmp_path: Path):
    with Terminal(tmp_path, env={"TERM": "dumb"}) as terminal:
        terminal.enter(".watch 0.1 x2 select 'same' as a;")
        terminal.wait_for("watched 2 rounds")
        assert "  same" in terminal.text


def test_interrupting_lines_keeps_the_prompt(tmp_path: Path):
    with Terminal(tmp_path, env={"TERM": "dumb"}) as terminal:
        terminal.enter(".watch 60 select 'same' as a;")
        terminal.wait_for("  same")
        terminal.key("C-c")
        terminal.wait_for("watched 1 round:")
        terminal.enter("select 40 + 2;")
        terminal.wait_for("42")


def test_the_option_opens_the_same_screen(tmp_path: Path):
    with Terminal(tmp_path, "--watch", "0.1", "select 'here' as a", ready="") as terminal:
        terminal.wait_for("every 0.1s")
        terminal.wait_for("here")
        terminal.type("q")
        assert terminal.wait_for_end() == 0
        assert "watched " in terminal.text


def test_the_interval_must_be_a_number():
    done = hostql("--watch", "often", "select 1")
    assert (done.returncode, done.stderr) == (2, "error: --watch takes a number greater than 0, not 'often'\n")


def test_without_colour_differences_are_seen_as_well(tmp_path: Path, items: Items):
    with Terminal(tmp_path, columns=110, env={"NO_COLOR": "1"}) as terminal:
        terminal.ask(f".attach {items.path} log")
        watching(terminal)
        terminal.key("space")
        terminal.wait_for("paused")
        items("INSERT INTO items VALUES (3, 'third', 5)")
        items("UPDATE items SET name = 'renamed' WHERE id = 2")
        terminal.type("r")
        until_row(terminal, "third", "+ ")
        assert terminal.colour_of("third") == ("default", "default", True)
        assert terminal.colour_of("first")[2] is False
        assert terminal.cell("renamed").reverse and not terminal.cell("first").reverse
        quit_by(terminal, "q")
