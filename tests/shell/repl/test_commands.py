"""Every dot command, by what it prints: a session without a keyboard, over the live host."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hostql.events.catalog import catalog
from hostql.shell.repl.commands import COMMANDS
from hostql.shell.repl.commands.examples import EXAMPLES
from hostql.shell.repl.record import Record
from hostql.shell.repl.session import Session
from hostql.shell.repl.settings import Settings
from hostql.tests.host import IS_ROOT
from hostql.vtables.database import Database

Ask = Callable[..., str]

MANY = "with recursive n(value) as (select 1 union all select value + 1 from n limit 100000) select value from n;"
ONE = "select 7 as seven, 'x' as letter;"
# Commands, and what must be in what they print. '{}' stands for a folder of the test's own.
CASES: dict[str, list[tuple[list[str], list[str]]]] = {
    ".help": [
        ([".help"], [".tables [PATTERN]", "Ctrl-R", "Showing"]),
        ([".help mode"], [".mode [FORMAT]"]),
        ([".help time"], ["weekday"]),
        ([".help sha256"], ["sha256(value)"]),
    ],
    ".tables": [
        ([".tables"], ["processes", "listening_ports"]),
        ([".tables sock"], ["process_open_sockets", "sockets"]),
        (["create temp table mine (a);", ".tables mine"], ["temp.mine"]),
        ([".tables nothing_like_it"], ["no table matches"]),
    ],
    ".describe": [([".describe time"], ["weekday", "Examples:"]), ([".describe tmie"], ["Did you mean time"])],
    ".schema": [
        ([".schema uptime"], ['CREATE TABLE "uptime"']),
        (["create temp view mine as select 1;", ".schema mine"], ["CREATE VIEW mine"]),
    ],
    ".functions": [([".functions cidr"], ["cidr_contains(block, address)"]), ([".functions nope"], ["no function"])],
    ".all": [([".all uptime"], ["total_seconds"]), ([".all"], [".all takes a table"])],
    ".last": [
        ([ONE, ".mode json", ".last"], ['{"seven": 7, "letter": "x"}']),
        ([".last"], ["there is no result yet"]),
    ],
    ".read": [
        ([".read {}/script.sql"], ["42", '{"a": 1}']),
        ([".read {}/faulty.sql"], ["faulty.sql, line 2: no such table: nowhere"]),
        ([".read {}/itself.sql"], ["reads itself"]),
        ([".read {}/absent.sql"], ["cannot read", "No such file"]),
    ],
    ".edit": [([".edit select 1"], ["edited"])],
    ".save": [
        ([ONE, ".save first", ".saved first"], ["kept in", "select 7 as seven"]),
        ([".save ../evil select 1"], ["cannot be a query's name"]),
    ],
    ".saved": [
        ([".saved"], ["no saved queries yet"]),
        ([".save one select :pid as p", ".saved"], ["one", "pid", "select :pid"]),
    ],
    ".forget": [([".save one select 1", ".forget one", ".saved one"], ["no saved query one"])],
    ".run": [
        ([".save one select :a + :b as total", ".run one 40 2"], ["42"]),
        ([".save one select :a || :b as total", ".run one b=x a=y"], ["yx"]),
        ([".save one select 1", ".run one 5"], ["one has no parameter for '5'"]),
        ([".run absent"], ["no saved query absent"]),
        ([".save one select :a", ".run one"], ["no value"]),
    ],
    ".param": [
        ([".param who root", "select :who as name;", ".param"], ["root"]),
        ([".param a=5", "select :a + 1 as six;"], ["6"]),
        ([".param a 5", ".param a -", "select :a;"], ["no value"]),
        ([".param"], ["no parameters"]),
    ],
    ".history": [
        ([ONE, "select 8;", ".history seven"], ["select 7 as seven"]),
        ([ONE, "select 8;", ".history 1"], [".history 1"]),
    ],
    ".mode": [
        ([".mode json", ".mode", ONE], ["json", '"seven": 7']),
        ([".mode pretty", ".mode"], ["table"]),
        ([".mode nope"], ["mode cannot be 'nope'", "auto, table"]),
    ],
    ".output": [
        (
            [".output {}/rows.csv", ONE, ONE, ".output", ".shell cat {}/rows.csv"],
            ["seven,letter\n7,x\nseven,letter\n7,x"],
        ),
        ([".output {}/no/where"], ["cannot write", "No such file"]),
    ],
    ".once": [([".once {}/rows.json", ONE, "select 9 as nine;", ".shell cat {}/rows.json"], ['"seven": 7', "nine"])],
    ".pipe": [
        ([".mode csv", ".pipe tr a-z A-Z", ONE], ["SEVEN,LETTER\n7,X"]),
        ([".pipe exit 3", ONE], ["exit 3 ended with exit code 3"]),
        ([".mode csv", ".pipe head -n 1", MANY, ONE], ["value", "7,x"]),
    ],
    ".timer": [([".timer off"], ["timer off"]), ([".timer"], ["timer off"])],
    ".notes": [([ONE, ".notes"], ["nothing is missing"]), ([".notes off"], ["notes off"])],
    ".types": [(["select pid, 1 as one from processes limit 1;", ".types"], ["BIGINT", "(expression)"])],
    ".attach": [
        ([".attach {}/saved.db old", "select name from old.people;", ".attach"], ["Ada", "saved.db"]),
        ([".attach {}/live.db"], ["users alone is now live.users; the live table is main.users"]),
        ([".attach {}/absent.db"], ["there is no such file"]),
        ([".attach {}/script.sql"], ["not a database"]),
    ],
    ".detach": [
        ([".attach {}/saved.db old", ".detach old", "select * from old.people;"], ["no such table: old.people"]),
        ([".detach nothing"], ["no attached database nothing"]),
    ],
    ".import": [
        ([".import {}/people.csv", "select name, age + 1 as next from people;"], ["2 rows", "Ada", "37"]),
        ([".import {}/people.json folk", "select age from folk where name = 'Ada';"], ["36"]),
        ([".import {}/ragged.csv r"], ["ragged.csv, line 3: 1 values for 2 columns"]),
        ([".import {}/people.csv processes"], ["processes is a live table"]),
        ([".import {}/script.sql"], ["the ending does not tell a format"]),
    ],
    ".export": [
        ([ONE, ".export {}/out.csv", ".shell cat {}/out.csv"], ["1 row to", "seven,letter\n7,x"]),
        ([".export {}/out.json select 5 as five", ".shell cat {}/out.json"], ['{"five": 5}']),
        ([".export {}/out.csv"], ["there is no result yet"]),
    ],
    ".connect": [([".connect"], ["reads the host itself"])],
    ".config": [
        ([".config null"], ["what stands for NULL"]),
        ([".config null -", "select NULL as n;"], ["-"]),
        ([".config nul"], ["Did you mean null"]),
        ([".config mode json", ".config save", ".shell cat {}/config/hostql/config"], ["mode = json"]),
    ],
    ".limits": [
        ([".limits timeout 5", ".limits rows 10"], ["5 s, 10 rows"]),
        ([".limits rows 2", MANY], ["the limit is 2"]),
        ([".limits speed 5"], ["there is no limit speed"]),
        ([".limits rows 2", ".limits off"], ["no limits"]),
    ],
    ".theme": [([".theme mono", ".theme"], ["mono"]), ([".theme pink"], ["theme cannot be 'pink'"])],
    ".keys": [([".keys"], ["Ctrl-R"]), ([".keys vi", ".config keys"], ["vi"])],
    ".show": [([".config null -", ".show"], ["version", "null = -"])],
    ".summary": [([".summary"], ["version"])],
    ".features": [([".features"], ["kernel", "control groups", "Parquet", "SQLite"])],
    ".shell": [([".shell echo hello"], ["hello"]), ([".shell exit 4"], ["ended with exit code 4"])],
    ".clear": [([".clear", ONE], ["7"])],
    ".quit": [([".quit"], [])],
    ".exit": [([".exit"], [])],
    ".tail": [
        ([".tail"], [".tail takes an event table"]),
        ([".tail users"], ["one event table can be followed; it reads none", "process_events"]),
    ],
    # Shown in their own tests.
    ".watch": [],
    ".chart": [],
    ".explain": [],
}


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> Iterator[Ask]:
    """ask(input, ...) -> all that was printed; "{}" in an input is the test folder, which holds some files."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\necho "select \'edited\' as text;" > "$1"\n')
    editor.chmod(0o700)
    monkeypatch.setenv("EDITOR", str(editor))
    monkeypatch.delenv("VISUAL", raising=False)
    files(tmp_path)
    said: list[str] = []
    record = Record.kept(said.append)
    with Database(catalog=catalog()) as database:
        session = Session(database, Settings(), record)

        def run(*inputs: str) -> str:
            for text in inputs:
                session.handle(text.replace("{}", str(tmp_path)))
            captured = capfd.readouterr()
            return captured.out + captured.err

        yield run
        session.destination.to_terminal()
    record.close()
    assert not said


def files(folder: Path) -> None:
    (folder / "script.sql").write_text("-- a script\nselect 6 * 7 as answer;\n.mode json\nselect 1\n  as a;\n")
    (folder / "faulty.sql").write_text("select 1;\nselect * from nowhere;\nselect 2;\n")
    (folder / "itself.sql").write_text(f".read {folder}/itself.sql\n")
    (folder / "people.csv").write_text('name,age\nAda,36\n"O\'Neill, B",\n')
    (folder / "ragged.csv").write_text("name,age\nAda,36\nBob\n")
    (folder / "people.json").write_text(json.dumps([{"name": "Ada", "age": 36}, {"name": "Bob"}]))
    with sqlite3.connect(folder / "live.db") as connection:
        connection.execute("CREATE TABLE users (username)")
    connection.close()
    with sqlite3.connect(folder / "saved.db") as connection:
        connection.execute("CREATE TABLE people (name)")
        connection.execute("INSERT INTO people VALUES ('Ada')")
    connection.close()


def test_every_command_is_tried() -> None:
    assert set(CASES) == set(COMMANDS)


def test_every_command_has_examples_that_show_it() -> None:
    assert set(EXAMPLES) == set(COMMANDS)
    assert [name for name, text in EXAMPLES.items() if name not in text] == []
    assert [line for text in EXAMPLES.values() for line in text.splitlines() if len(line) > 77] == []


@pytest.mark.parametrize(
    "inputs, expected",
    [pytest.param(*case, id=" ".join(case[0][:2])) for cases in CASES.values() for case in cases],
)
def test_a_command(ask: Ask, inputs: list[str], expected: list[str]) -> None:
    text = ask(*inputs)
    for part in expected:
        assert part in text
    assert "Traceback" not in text


def test_a_failed_export_leaves_no_file(ask: Ask, tmp_path: Path) -> None:
    assert "no such table" in ask(".export {}/out.csv select * from nowhere")
    assert not (tmp_path / "out.csv").exists() and not (tmp_path / "out.csv.part").exists()


def test_a_failed_import_leaves_no_table(ask: Ask) -> None:
    assert "no table matches" in ask(".import {}/ragged.csv r", ".tables temp.r")


def test_parquet_round_trip(ask: Ask) -> None:
    pytest.importorskip("pyarrow")
    text = ask(
        "create temp table t as select 1 as i, 2.5 as r, 'x' as s, NULL as n;",
        ".export {}/t.parquet select * from t",
        ".import {}/t.parquet back",
        "select typeof(i), typeof(r), typeof(s), typeof(n) from back;",
    )
    for kind in ("integer", "real", "text", "null"):
        assert kind in text


def test_parquet_without_pyarrow_says_what_is_missing(ask: Ask) -> None:
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        assert "Parquet needs the package pyarrow" in ask(".export {}/t.parquet select 1 as one")
    else:
        pytest.skip("pyarrow is installed")


def test_saved_queries_are_private(ask: Ask, tmp_path: Path) -> None:
    ask(".save one select 1")
    file = tmp_path / "config/hostql/queries/one.sql"
    assert file.read_text() == "select 1\n"
    assert file.stat().st_mode & 0o777 == 0o600


def test_an_abbreviation_is_enough_where_it_is_clear(ask: Ask) -> None:
    assert "weekday" in ask(".desc time")
    assert "Did you mean .tables" in ask(".tabls")
    assert "no such command: .e" in ask(".e")


def test_output_goes_back_to_the_terminal(ask: Ask, tmp_path: Path) -> None:
    assert "| 8" not in ask(".output {}/t.md", "select 8 as eight;")
    assert "9" in ask(".output", "select 9 as nine;")
    assert "8 |" in (tmp_path / "t.md").read_text()


def test_terminal_escapes_of_the_host_are_shown_not_sent(ask: Ask) -> None:
    assert "\x1b" not in ask("select char(27) || '[31m' as colour;", ".save x select '\x1b[31m'", ".saved", ".saved x")


def test_commands_and_statements_in_one_input(ask: Ask) -> None:
    assert '"a": 1' in ask(".mode json\nselect 1 as a;")


@pytest.mark.skipif(not IS_ROOT, reason="needs root, to own a file as somebody else")
def test_a_config_that_others_can_write_is_not_used(tmp_path: Path) -> None:
    from hostql.shell.repl.settings import load

    path = tmp_path / "config"
    path.write_text("mode = json\n")
    path.chmod(0o666)
    settings = Settings()
    assert ["writable by others (mode 0666)" in problem.message for problem in load(settings, str(path))] == [True]
    assert settings.mode == "auto"


def test_a_bad_line_of_the_config_costs_itself(tmp_path: Path) -> None:
    from hostql.shell.repl.settings import load

    path = tmp_path / "config"
    path.write_text("# mine\nmode = jsn\nnull = -\nnonsense\npagre = off\n")
    settings = Settings()
    problems = [problem.message for problem in load(settings, str(path))]
    assert [problem.partition(": ")[0].rpartition(", ")[2] for problem in problems] == ["line 2", "line 4", "line 5"]
    assert settings.null == "-"
