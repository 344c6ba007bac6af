"""The completion menu on a real pseudo-terminal, by what the screen shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("pexpect")
pytest.importorskip("pyte")

from ..terminal import Terminal

# Each starts a prompt on a terminal: minutes in all, and the same on every Python.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """One running prompt for all places: each test leaves an empty line."""
    with Terminal(tmp_path_factory.mktemp("home"), columns=110, lines=30) as running:
        yield running


@pytest.fixture(scope="module")
def by_tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """The same where the menu opens by Tab alone, as the settings may say."""
    home = tmp_path_factory.mktemp("home")
    (home / "config" / "hostql").mkdir(parents=True)
    (home / "config" / "hostql" / "config").write_text("completion = tab\n")
    with Terminal(home, columns=110, lines=30) as running:
        yield running


def menu(terminal: Terminal) -> list[str]:
    """The rows below the line that is typed."""
    lines = terminal.screen
    start = max(at for at, line in enumerate(lines) if line.startswith("hostql>"))
    return [line for line in lines[start + 1 : -1] if line.strip()]


def clear(terminal: Terminal) -> None:
    terminal.key("C-c")
    terminal.wait_for_prompt()
    terminal.wait_until(lambda: not menu(terminal), "the menu to close")


@pytest.mark.parametrize(
    "typed, rows",
    [
        ("select * from pos", [("process_open_sockets", "The TCP, UDP")]),
        ("select p.na", [("name", "TEXT     Command name"), ]),
        ("select * from file where ", [("path*", "required  Path"), ("directory*", "required")]),
        ("select * from processes where state = ", [("'R'", "running"), ("'S'", "sleeping")]),
        ("select * from processes where state in ('R', '", [("'S'", "sleeping")]),
        ("select * from processes p join process_open_sockets s on ", [("p.pid = s.pid", "of the same pid")]),
        ("select * from deb_packages d join ", [("deb_package_files", "package = d.name")]),
        ("select * from processes join users using (", [("uid", "BIGINT   User id"), ("gid", "BIGINT")]),
        ("select name, count(*) as running from processes group by name order by ", [("name", "column of the result"),
                                                                                    ("running", "column of")]),
        ("select * from users u where exists (select 1 from processes where uid = u.", [("uid", "BIGINT   User id")]),
        ("select hum", [("human_size(", "human_size(bytes)  the size"), ("human_time(", "human_time(seconds)")]),
        (".des", [(".describe", ".describe TABLE")]),
        (".describe kernel_i", [("kernel_info", "The running kernel")]),
        (".watch 2 select * from kernel_i", [("kernel_info", "The running kernel")]),
        (".config mo", [("mode", "how rows are shown")]),
        ("desc kernel_i", [("kernel_info", "The running kernel")]),
    ],
)  # fmt: skip
def test_the_menu_opens_while_typing(terminal: Terminal, typed: str, rows: list[tuple[str, str]]):
    terminal.type(typed)
    for at, (text, about) in enumerate(rows):
        terminal.wait_until(
            lambda at=at, text=text, about=about: (
                len(menu(terminal)) > at and menu(terminal)[at].strip().startswith(text) and about in menu(terminal)[at]
            ),
            f"{text!r} with {about!r} in row {at} of the menu",
        )
    clear(terminal)


def test_a_menu_of_keywords_opens_when_it_is_asked_for(by_tab: Terminal):
    by_tab.type("select * from kernel_info ")
    by_tab.key("tab")
    by_tab.wait_until(lambda: len(menu(by_tab)) > 5, "keywords")
    assert [row.strip().split("  ")[0] for row in menu(by_tab)[:3]] == ["join", "left join", "where"]
    clear(by_tab)


def test_keywords_follow_the_case(by_tab: Terminal):
    by_tab.type("SELECT * FROM kernel_info WH")
    by_tab.key("tab")
    by_tab.wait_for("kernel_info WHERE")
    clear(by_tab)


@pytest.mark.parametrize(
    "before, after, line",
    [
        ("select m.device_al", " from mounts m", "select m.device_alias from mounts m"),
        ("with c(files) as (select 1) select c.fi", " from c", "with c(files) as (select 1) select c.files from c"),
    ],
)
def test_what_follows_the_cursor_counts(by_tab: Terminal, before: str, after: str, line: str):
    by_tab.type(before + after)
    by_tab.key(*["left"] * len(after), "tab")
    by_tab.wait_for(line)
    clear(by_tab)


def test_a_star_is_written_out(by_tab: Terminal):
    after = " from user_groups g"
    by_tab.type("select g.*" + after)
    by_tab.key(*["left"] * len(after), "tab")
    by_tab.wait_for("its 2 columns")
    assert "g.* → g.uid, g.gid" in menu(by_tab)[0]
    by_tab.key("tab")
    by_tab.wait_for("select g.uid, g.gid from user_groups g")
    clear(by_tab)


def test_what_was_completed_runs(by_tab: Terminal):
    after = " from users u where u.uid = 0;"
    by_tab.type("select u.usern" + after)
    by_tab.key(*["left"] * len(after), "tab")
    by_tab.wait_for("select u.username from users u")
    by_tab.key("end", "enter")
    by_tab.wait_for("1 row ")
    assert "root" in by_tab.text
    by_tab.wait_for_prompt()


def test_a_value_that_a_result_showed(terminal: Terminal):
    terminal.ask("select username from users where uid = 0;")
    terminal.type("select * from users where username = 'ro")
    terminal.wait_until(lambda: "'root'" in "".join(menu(terminal)), "'root'")
    assert "seen lately" in menu(terminal)[0]
    clear(terminal)


def test_a_narrow_terminal(tmp_path: Path):
    with Terminal(tmp_path, columns=40, lines=15) as terminal:
        terminal.type("select * from pos")
        terminal.wait_until(lambda: "process_open_sockets" in "".join(menu(terminal)), "process_open_sockets")
        assert all(len(line) <= 40 for line in terminal.screen)
