"""The prompt as it stands on screens: every mode, every kind of terminal and size, pasting, editing, resizing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pexpect")
pytest.importorskip("pyte")

from .terminal import Terminal

# Each starts a prompt on a terminal: minutes in all, and the same on every Python.
pytestmark = pytest.mark.slow

TWO = "select 7 as seven, 'x' || 'y' as word union all select 8, null;"
# What each mode shows of TWO, line by line.
MODES = {
    "auto": [" seven │ word", "───────┼──────", "     7 │ xy", "     8 │ NULL"],
    "table": [" seven │ word", "───────┼──────", "     7 │ xy", "     8 │ NULL"],
    "box": [
        "┌───────┬──────┐",
        "│ seven │ word │",
        "├───────┼──────┤",
        "│     7 │ xy   │",
        "│     8 │ NULL │",
        "└───────┴──────┘",
    ],
    "line": [f"{'── 1 ':─<80}", " seven │ 7", "  word │ xy", f"{'── 2 ':─<80}", " seven │ 8", "  word │ NULL"],
    "csv": ["seven,word", "7,xy", "8,"],
    "tsv": ["seven   word", "7       xy", "8"],
    "json": ["[", '  {"seven": 7, "word": "xy"},', '  {"seven": 8, "word": null}', "]"],
    "ndjson": ['{"seven": 7, "word": "xy"}', '{"seven": 8, "word": null}'],
    "markdown": ["| seven | word |", "| ----: | ---- |", "|     7 | xy   |", "|     8 |      |"],
    "html": [
        "<table>",
        "<thead><tr><th>seven</th><th>word</th></tr></thead>",
        "<tbody>",
        '<tr><td align="right">7</td><td>xy</td></tr>',
        '<tr><td align="right">8</td><td></td></tr>',
        "</tbody>",
        "</table>",
    ],
}


def below(terminal: Terminal, entered: str) -> list[str]:
    """What stands between an input and the next prompt."""
    lines = terminal.text.split("\n")
    start = max(i for i, line in enumerate(lines) if line == f"hostql> {entered}")
    end = max(i for i, line in enumerate(lines) if line == "hostql>")
    return lines[start + 1 : end]


def test_every_mode_on_the_screen(tmp_path: Path) -> None:
    from hostql.shell.options import FORMATS

    assert set(MODES) == {"auto", *FORMATS}
    with Terminal(tmp_path, lines=50) as terminal:
        for mode, lines in MODES.items():
            terminal.ask(f".mode {mode}")
            terminal.ask(TWO)
            *shown, footer = below(terminal, TWO)
            assert shown == lines, mode
            assert footer.startswith("2 rows · ")


def test_results_that_go_elsewhere_leave_the_screen_alone(tmp_path: Path) -> None:
    with Terminal(tmp_path) as terminal:
        terminal.ask(f".once {tmp_path}/once.csv")
        terminal.ask(TWO)
        assert below(terminal, TWO) == []
        terminal.ask(".mode csv")
        terminal.ask(".pipe sort -r")
        terminal.ask(TWO)
        assert below(terminal, TWO) == ["seven,word", "8,", "7,xy"]
        terminal.ask(f".output {tmp_path}/all.csv")
        terminal.ask("select 1 as one;")
        terminal.wait_for("to: ")
        terminal.ask(".output")
        terminal.ask("select 2 as two;")
        assert below(terminal, "select 2 as two;")[:2] == ["two", "2"]
    assert (tmp_path / "once.csv").read_text() == "seven,word\n7,xy\n8,\n"
    assert (tmp_path / "all.csv").read_text() == "one\n1\n"


@pytest.mark.parametrize("columns, lines", [(40, 10), (80, 24), (200, 50)])
def test_sizes(tmp_path: Path, columns: int, lines: int) -> None:
    with Terminal(tmp_path, columns=columns, lines=lines) as terminal:
        terminal.ask("select 40 + 2 as answer;")
        terminal.type("select * from sel")
        terminal.wait_for("selinux_settings")
        terminal.key("C-c")
        terminal.wait_for_prompt()
        terminal.ask("select nmae from time;")
        assert "       ^^^^" in terminal.text and "no such column: nmae" in terminal.text
        terminal.ask(".tables")
        assert "process_open_sockets" in terminal.text
        shown = below(terminal, ".tables")
        assert max(map(len, shown)) <= columns and (columns == 200 or any(line.endswith("…") for line in shown))


@pytest.mark.parametrize("width", [50, 120])
def test_resizing_while_typing(tmp_path: Path, width: int) -> None:
    with Terminal(tmp_path, columns=80) as terminal:
        text = "select 'a rather long text that fills the line' as a, 40 + 2 as answer;"
        terminal.type(text)
        terminal.wait_for("answer;")
        terminal.resize(width, 30)
        terminal.type(" -- on")
        terminal.wait_for("on")
        terminal.key("enter")
        terminal.wait_for("1 row · ")
        assert "42" in terminal.text
        assert "still" in terminal.ask("select 'still' as here;")


def test_a_pasted_script_waits_for_enter_and_runs_whole(tmp_path: Path) -> None:
    with Terminal(tmp_path) as terminal:
        terminal.paste("select 40 + 2\n  as first;\n.mode json\nselect 50 + 5\n  as second;")
        terminal.wait_for("as second;")
        assert "42" not in terminal.text and "rows" not in terminal.text
        terminal.key("enter")
        terminal.wait_for('{"second": 55}')
        assert "42" in terminal.text and "error" not in terminal.text


def test_a_statement_of_several_lines_comes_back_whole_and_can_be_changed(tmp_path: Path) -> None:
    with Terminal(tmp_path) as terminal:
        terminal.enter("select 40 + 2")
        terminal.wait_for("...>")
        terminal.enter("  as answer;")
        terminal.wait_for("1 row · ")
        terminal.wait_for_prompt()
        terminal.key("up")
        terminal.wait_until(lambda: terminal.count("as answer;") == 2, "both lines to come back")
        assert terminal.count("select 40 + 2") == 2
        for _ in "answer;":
            terminal.key("backspace")
        terminal.type("other;")
        terminal.wait_for("as other;")
        # Up goes to the line above within the statement.
        terminal.key("up", "end")
        terminal.type("00")
        terminal.wait_for("40 + 200")
        terminal.key("alt-enter")
        terminal.wait_for("240")
        assert " other" in terminal.text


def test_wide_and_combined_characters_are_typed_and_shown(tmp_path: Path) -> None:
    with Terminal(tmp_path) as terminal:
        terminal.type("select 'naïve 日本 é' as text;")
        terminal.wait_for("as text;")
        terminal.key("enter")
        terminal.wait_for("1 row · ")
        assert terminal.count("naïve 日") == 2


@pytest.mark.parametrize(
    "env",
    [
        {"NO_COLOR": "1"},
        {"TERM": "dumb"},
        {"TERM": "xterm", "NO_COLOR": "1"},
        {"TERM": "vt100"},
        {"TERM": "linux"},
        {"LANG": "C", "LC_ALL": "C"},
    ],
    ids=str,
)
def test_plain_terminals(tmp_path: Path, env: dict[str, str]) -> None:
    with Terminal(tmp_path, columns=80, lines=24, env=env) as terminal:
        terminal.ask("select 40 + 2 as answer, null as missing;")
        terminal.ask("select nmae from time;")
        terminal.ask(".tables sock")
        text = terminal.text
        assert "42" in text and "NULL" in text and "^^^^" in text and "process_open_sockets" in text
        if "NO_COLOR" in env or env.get("TERM") == "dumb":
            assert terminal.colour_of("42")[0] == "default"
        terminal.enter(".quit")
        assert terminal.wait_for_end() == 0


def test_themes_colour_what_is_typed(tmp_path: Path) -> None:
    with Terminal(tmp_path) as terminal:
        found = set()
        for theme in ("dark", "light"):
            terminal.ask(f".theme {theme}")
            terminal.type("select 4242")
            terminal.wait_for("select 4242")
            terminal.wait_for("end with ;")
            terminal.wait_until(lambda: terminal.colour_of("4242")[0] != "default", "the number in its colour")
            found.add((terminal.colour_of("4242")[0], terminal.colour_of("end with ;")[1]))
            terminal.key("C-c")
            terminal.wait_for_prompt()
            terminal.ask(".clear")
        assert len(found) == 2


@pytest.mark.parametrize("colorfgbg, bar", [("15;0", "303030"), ("0;15", "e4e4e4")])
def test_the_theme_follows_the_background(tmp_path: Path, colorfgbg: str, bar: str) -> None:
    with Terminal(tmp_path, env={"COLORFGBG": colorfgbg, "COLORTERM": "truecolor"}) as terminal:
        terminal.type("select 1")
        terminal.wait_for("end with ;")
        assert terminal.colour_of("end with ;")[1] == bar


def test_standard_output_is_a_pipe(tmp_path: Path) -> None:
    """The prompt is drawn where the keyboard is; rows alone go through the pipe."""
    shell = f"{sys.executable} -m hostql | tee {tmp_path}/rows"
    with Terminal(tmp_path, command=["sh", "-c", shell], ready="") as terminal:
        terminal.enter("select 40 + 2 as answer;")
        terminal.wait_for("42")
        terminal.key("C-d")
        terminal.wait_for_end()
    rows = (tmp_path / "rows").read_text()
    assert "42" in rows and "\x1b" not in rows


def test_within_tmux(tmp_path: Path) -> None:
    if not shutil.which("tmux"):
        pytest.skip("tmux is not installed")
    tmux = ["tmux", "-S", f"{tmp_path}/socket", "-f", "/dev/null"]
    inside = [*tmux, "new-session", "-x", "100", "-y", "30", sys.executable, "-m", "hostql"]
    try:
        with Terminal(tmp_path, command=inside, ready="", env={"TERM": "vt100"}) as terminal:
            terminal.wait_for("hostql>")
            terminal.type("select version from kernel_inf")
            terminal.wait_for("kernel_info")
            terminal.key("tab")
            terminal.wait_for("from kernel_info")
            terminal.enter(";")
            terminal.wait_for("1 row ")
    finally:
        subprocess.run([*tmux, "kill-server"], capture_output=True)
