"""Results on a real terminal: tables, records, colours, the pager, the progress line, Ctrl-C."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pexpect")
pytest.importorskip("pyte")

from ..terminal import Terminal

SLOW = str(Path(__file__).with_name("slow.py"))
ENDLESS = "with recursive c(x) as (select 1 union all select x + 1 from c) select x from c;"
# Each starts a prompt on a terminal: minutes in all, and the same on every Python.
pytestmark = pytest.mark.slow

COUNT = "with recursive c(x) as (select 1 union all select x + 1 from c limit {}) select x from c;"
# A pager that records what it is given and how it was called, and shows the first line; q ends it.
RECORDER = """
import os, sys, termios, tty as modes

folder = {folder!r}
tty = open("/dev/tty", "rb", buffering=0)
before = termios.tcgetattr(tty)
modes.setcbreak(tty)
with open(folder + "/recorded", "wb", buffering=0) as out:
    print("[recorder]", flush=True)
    {reading}
print("[end]", flush=True)
while tty.read(1) not in (b"q", b""):
    pass
termios.tcsetattr(tty, termios.TCSANOW, before)
sys.exit({code})
"""
ALL = """while data := os.read(0, 65536):
        out.write(data)
        print("[read up to " + data.decode().split()[-1] + "]", flush=True)"""
FIRST = "out.write(os.read(0, 65536))"


@pytest.fixture
def prompt(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """prompt(**terminal) -> a running prompt that has the tables of slow.py."""
    running: list[Terminal] = []

    def start(*arguments: str, **how: Any) -> Terminal:
        unset = [] if "HOSTQL_PAGER" in how.get("env", {}) else ["env", "-u", "HOSTQL_PAGER"]
        command = [*unset, sys.executable, SLOW, str(tmp_path), *arguments]
        running.append(Terminal(tmp_path, command=command, **how).__enter__())
        return running[-1]

    yield start
    for terminal in running:
        terminal.__exit__()


@pytest.fixture
def recorder(tmp_path: Path) -> Callable[..., str]:
    """recorder(reading, code) -> the command of a pager that writes what it reads to tmp_path/recorded."""

    def write(reading: str = ALL, code: int = 0) -> str:
        script = tmp_path / "recorder.py"
        script.write_text(RECORDER.format(folder=str(tmp_path), reading=reading, code=code))
        return f"{sys.executable} {script}"

    return write


def gate(folder: Path, after: int) -> Path:
    path = folder / "gate"
    path.write_text(str(after))
    return path


def test_a_table_is_elided_to_the_width_of_now(prompt):
    terminal = prompt(columns=60)
    sql = "select 4711 as pid, '/usr/lib/' || hex(zeroblob(60)) || '/end' as path;"
    terminal.ask(sql)
    terminal.wait_for(" 4711")
    line = next(line for line in terminal.screen if line.startswith(" 4711"))
    assert len(line) <= 60 and line.startswith(" 4711 │ /usr/lib/") and line.endswith("/end") and "…" in line
    terminal.resize(100, 30)
    terminal.enter(sql)
    terminal.wait_until(lambda: terminal.count("1 row ·") == 2, "the second result")
    assert any(90 < len(line) <= 100 and line.startswith(" 4711 │ /usr/lib/") for line in terminal.screen)


@pytest.mark.parametrize("columns, lines", [(40, 24), (80, 24), (200, 50)])
def test_a_row_that_does_not_fit_is_a_record(prompt, columns: int, lines: int):
    terminal = prompt(columns=columns, lines=lines)
    terminal.ask("select 1 as one, 'abc def' as two, " + ", ".join(f"{i} as number_{i}" for i in range(9)) + ";")
    assert ("── 1 ──" in terminal.text) == (columns < 200)
    assert (" number_8 │ 8" in terminal.text) == (columns < 200)


def test_colours_by_type_and_theme(prompt):
    terminal = prompt()
    terminal.ask("select 4700 + 11 as number, 'wo' || 'rd' as text, null as missing, zeroblob(3) as blob;")
    assert terminal.colour_of("4711") == ("cyan", "default", False)
    assert terminal.colour_of("x'000000'")[0] == "magenta"
    assert terminal.colour_of("word ")[0] == "default"
    terminal.ask(".theme light")
    terminal.ask("select 4700 + 12 as number;")
    assert terminal.colour_of("4712")[0] == "005faf"
    terminal.ask(".theme mono")
    terminal.ask("select 4700 + 13 as number;")
    assert terminal.colour_of("4713")[0] == "default"


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_plain_where_colours_are_not_wanted(prompt, env: dict[str, str]):
    terminal = prompt(env=env, ready="hostql>")
    written: list[bytes] = []
    terminal.child.logfile_read = type("Log", (), {"write": lambda _, b: written.append(b), "flush": lambda _: None})()
    terminal.enter("select 4711 as number, null as missing;")
    terminal.wait_for("1 row")
    output = b"".join(written)
    line = next(line for line in output.split(b"\r\n") if line.startswith(b"   4711"))
    assert line == "   4711 │ NULL".encode()


def test_a_short_result_needs_no_pager_and_a_tall_one_is_paged_by_less(prompt):
    if not shutil.which("less"):
        pytest.skip("less is not installed")
    terminal = prompt(lines=24)
    terminal.ask(COUNT.format(15))
    assert "15 rows" in terminal.text
    terminal.enter(COUNT.format(500))
    terminal.wait_until(lambda: terminal.screen[-1] == ":", "less's own prompt")
    assert "  20" in terminal.text and " 100" not in terminal.text
    terminal.type("G")
    terminal.wait_for(" 500")
    terminal.type("q")
    terminal.wait_for("500 rows ·")
    assert "41" + "1" in terminal.ask("select 411 as still;")


def test_the_pager_gets_rows_as_they_come(prompt, recorder, tmp_path: Path):
    terminal = prompt(lines=24, env={"HOSTQL_PAGER": recorder()})
    opened = gate(tmp_path, 50)
    terminal.enter("select n, text from slow limit 60;")
    recorded = tmp_path / "recorded"
    terminal.wait_for("[read up to 50]")
    assert b"row 51" not in recorded.read_bytes()
    opened.unlink()
    terminal.wait_for("[end]")
    assert recorded.read_bytes().count(b"\n") == 62
    terminal.type("q")
    terminal.wait_for("60 rows ·")


def test_leaving_the_pager_ends_the_query_quietly(prompt, recorder, tmp_path: Path):
    terminal = prompt(lines=24, env={"HOSTQL_PAGER": recorder(FIRST)})
    terminal.enter("select n, text from many;")
    terminal.wait_for("[end]")
    terminal.type("q")
    terminal.wait_for("stopped by the pager")
    assert "cancelled" not in terminal.text and "error" not in terminal.text
    assert "rows shown, stopped by the pager" in terminal.text
    assert "42" in terminal.ask("select 40 + 2;")


def test_leaving_the_pager_ends_a_query_that_gives_no_more_rows(prompt, recorder, tmp_path: Path):
    terminal = prompt(lines=24, env={"HOSTQL_PAGER": recorder(FIRST)})
    gate(tmp_path, 40)
    terminal.enter("select n, text from slow;")
    terminal.wait_for("[end]")
    terminal.type("q")
    terminal.wait_for("40 rows shown, stopped by the pager")


def test_leaving_less_in_an_endless_result(prompt):
    if not shutil.which("less"):
        pytest.skip("less is not installed")
    terminal = prompt(lines=24)
    terminal.enter(ENDLESS)
    terminal.wait_until(lambda: terminal.screen[-1] == ":", "less's own prompt")
    terminal.key("space")
    terminal.wait_for(" 35")
    # While less has all it wants, Ctrl-C is its own: once the query waits in a write to it.
    for _ in range(600):
        if "pipe" in Path(f"/proc/{terminal.child.pid}/wchan").read_text():
            break
        terminal.shows("never shown", within=0.05)
    terminal.key("C-c")
    # It throws away what is typed while it notices.
    for _ in range(100):
        terminal.key("space")
        if terminal.shows(" 100", within=0.3):
            break
    assert " 100" in terminal.text
    terminal.type("q")
    terminal.wait_for("stopped by the pager")
    assert "cancelled" not in terminal.text
    assert "42" in terminal.ask("select 40 + 2;")


def test_interrupt_stops_a_query_that_the_pager_waits_for(prompt, recorder, tmp_path: Path):
    script = recorder("import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n    " + ALL)
    terminal = prompt(lines=24, env={"HOSTQL_PAGER": script})
    gate(tmp_path, 40)
    terminal.enter("select n, text from slow;")
    terminal.wait_for("[read up to 40]")
    terminal.key("C-c")
    terminal.wait_for("[end]")
    assert "cancelled" not in terminal.text
    terminal.type("q")
    terminal.wait_for("cancelled")
    assert "42" in terminal.ask("select 40 + 2;")


@pytest.mark.parametrize(
    "pager, says",
    [
        ("/does/not/exist -x", "cannot run /does/not/exist: No such file or directory"),
        ("false", "false failed (exit code 1)"),
    ],
)
def test_without_a_working_pager_all_is_printed_and_a_note_says_why(prompt, pager: str, says: str):
    if not shutil.which(pager.split()[0]) and pager[0] != "/":
        pytest.skip(f"{pager.split()[0]} is not installed")
    terminal = prompt(lines=24, env={"PAGER": pager})
    terminal.enter(COUNT.format(90))
    terminal.wait_for("90 rows ·")
    shown = [line.strip() for line in terminal.text.splitlines()]
    assert [line for line in shown if line.isdigit()] == [str(i) for i in range(1, 91)]
    assert terminal.count(f"note: {says}") == 1


@pytest.mark.parametrize("off", [{"PAGER": "cat"}, {"PAGER": ""}, {"HOSTQL_PAGER": "", "PAGER": "false"}])
def test_no_pager_where_none_is_wanted(prompt, off: dict[str, str]):
    terminal = prompt(lines=24, env=off)
    terminal.enter(COUNT.format(90))
    terminal.wait_for("90 rows ·")
    assert "note" not in terminal.text


def test_time_in_the_pager_is_not_the_querys(prompt, recorder, tmp_path: Path):
    terminal = prompt("--timeout", "5", lines=24, env={"HOSTQL_PAGER": recorder(FIRST + "\n    " + TTY_THEN_ALL)})
    # More than the pager reads first and the pipe then holds.
    terminal.enter("select n, text from many limit 10000;")
    terminal.wait_for("[paused]")
    # The pipe is full and the reader has not moved: longer than the timeout.
    time.sleep(5.5)
    terminal.type("x")
    terminal.wait_for("[end]")
    terminal.type("q")
    terminal.wait_for("10,000 rows · ")
    assert "timeout" not in terminal.text
    assert (tmp_path / "recorded").read_bytes().count(b"\n") == 10002


TTY_THEN_ALL = 'print("[paused]", flush=True); tty.read(1)\n    ' + ALL


def test_the_progress_line_appears_and_vanishes(prompt, tmp_path: Path):
    terminal = prompt(columns=80)
    opened = gate(tmp_path, 2500)
    terminal.enter("select count(*) as found from (select * from slow limit 3000);")
    terminal.wait_for("Ctrl-C stops")
    terminal.wait_for("2,500 rows read · Ctrl-C stops")
    opened.unlink()
    terminal.wait_for("1 row ·")
    assert "Ctrl-C stops" not in terminal.text
    assert "3,000 rows read" in terminal.text


def test_a_long_scan_shows_life_in_forty_columns(prompt, tmp_path: Path):
    terminal = prompt(columns=40)
    opened = gate(tmp_path, 10240)
    terminal.enter("select count(*) from (select * from slow limit 10500);")
    terminal.wait_for("9,985 rows read")
    assert max(len(line) for line in terminal.screen if "rows read" in line) < 40
    opened.unlink()
    terminal.wait_for("1 row ·")
    assert "Ctrl-C stops" not in terminal.text


def test_interrupt_in_mid_result_keeps_what_was_shown(prompt, tmp_path: Path):
    terminal = prompt()
    gate(tmp_path, 5)
    terminal.enter("select n, text from slow;")
    terminal.wait_for("Ctrl-C stops")
    terminal.key("C-c")
    terminal.wait_for("cancelled")
    assert "row 5" in terminal.text and "Ctrl-C stops" not in terminal.text
    assert "42" in terminal.ask("select 40 + 2;")


def test_no_progress_line_where_standard_error_is_no_terminal(prompt, tmp_path: Path):
    terminal = Terminal(
        tmp_path,
        command=["sh", "-c", f"{sys.executable} {SLOW} {tmp_path} 2> {tmp_path}/stderr"],
    )
    with terminal:
        opened = gate(tmp_path, 5)
        terminal.enter("select count(*) from (select * from slow limit 10);")
        time.sleep(1)
        opened.unlink()
        terminal.wait_for("1 row ·")
        assert (tmp_path / "stderr").read_text() == ""


def test_resizing_in_the_middle_of_a_result(prompt, tmp_path: Path):
    terminal = prompt(columns=100, lines=40)
    opened = gate(tmp_path, 5)
    terminal.enter("select n, text, printf('%.70c', '=') as filler from slow limit 8;")
    terminal.wait_for("row 5")
    terminal.resize(60, 20)
    opened.unlink()
    terminal.wait_for("8 rows ·")
    # The width is that of the result's beginning; the next result has the new one.
    terminal.enter("select 4700 + 11 as n, printf('%.90c', '=') as filler;")
    terminal.wait_for("1 row ·")
    assert max(len(line) for line in terminal.screen if line.startswith(" 4711")) <= 60


def test_long_output_of_a_command_is_paged(prompt, recorder, tmp_path: Path):
    terminal = prompt(lines=24, env={"HOSTQL_PAGER": recorder()})
    terminal.enter(".help")
    terminal.wait_for("[end]")
    assert b".tables" in (tmp_path / "recorded").read_bytes()
    terminal.type("q")
    assert "42" in terminal.ask("select 40 + 2;")


def test_within_tmux(prompt, tmp_path: Path):
    if not shutil.which("tmux") or not shutil.which("less"):
        pytest.skip("tmux and less are not both installed")
    tmux = ["tmux", "-S", f"{tmp_path}/tmux", "-f", "/dev/null"]
    inside = [*tmux, "new-session", "-x", "80", "-y", "24", sys.executable, SLOW, str(tmp_path)]
    # To a vt100, tmux sends nothing that pyte does not know.
    how: dict[str, Any] = {"columns": 80, "lines": 24, "env": {"TERM": "vt100"}, "ready": ""}
    try:
        with Terminal(tmp_path, command=["env", "-u", "HOSTQL_PAGER", *inside], **how) as terminal:
            terminal.wait_for("hostql>")
            terminal.enter("select n, text from slow limit 200;")
            terminal.wait_until(lambda: ":" in terminal.screen and "row 15" in terminal.text, "less's own prompt")
            terminal.type("q")
            terminal.wait_for("200 rows ·")
    finally:
        subprocess.run([*tmux, "kill-server"], capture_output=True)
