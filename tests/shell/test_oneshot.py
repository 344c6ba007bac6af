"""One-shot queries as a script runs them: real processes, standard output, standard error, exit codes."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ..host import PATIENCE
from .running import hostql

ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT {} FROM c"


def test_rows_go_to_stdout_alone_tab_separated_in_a_pipe():
    done = hostql("SELECT 1 AS a, 'x\ty' AS b, NULL AS c")
    assert (done.returncode, done.stdout, done.stderr) == (0, "a\tb\tc\n1\tx\\ty\t\n", "")


def test_several_statements_from_stdin_and_a_file(tmp_path: Path):
    assert hostql(stdin="SELECT 1 AS a; SELECT 2 AS b;").stdout == "a\n1\nb\n2\n"
    (tmp_path / "q.sql").write_text("-- a comment\nSELECT 3 AS c;\n")
    assert hostql("-f", str(tmp_path / "q.sql")).stdout == "c\n3\n"


def test_a_table_name_alone_shows_the_table():
    assert hostql("--no-header", "time").stdout.count("\n") == 1


def test_json_has_real_types():
    done = hostql("--json", "SELECT 1 AS i, 2.5 AS r, 'é' AS t, NULL AS n UNION ALL SELECT 2, 1e999, char(27), x'00ff'")
    assert json.loads(done.stdout) == [
        {"i": 1, "r": 2.5, "t": "é", "n": None},
        {"i": 2, "r": None, "t": "\x1b", "n": "00ff"},
    ]
    assert "\x1b" not in done.stdout


def test_csv_in_a_pipe_keeps_text_whole_for_the_program_that_reads_it():
    assert hostql("--csv", "SELECT char(27) || 'x' AS x").stdout == "x\n\x1bx\n"


def test_csv_reads_back():
    done = hostql("--csv", """SELECT 'a,"b"' AS x, 'two' || char(10) || 'lines' AS y""")
    header, row = csv.reader(io.StringIO(done.stdout))
    assert (header, row[0]) == (["x", "y"], 'a,"b"')


@pytest.mark.parametrize("format", ["table", "box", "line", "tsv", "json", "ndjson", "markdown", "html"])
def test_no_format_lets_control_characters_through(format: str):
    done = hostql(f"--{format}", "SELECT char(27) || '[31m' || char(8238) || 'é' AS x")
    assert done.returncode == 0
    assert not set(done.stdout) & {"\x1b", "\u202e"}
    assert "é" in done.stdout or "\\u00e9" in done.stdout


@pytest.mark.parametrize(
    "arguments, code, says",
    [
        (["SELECT nmae FROM time"], 1, "no such column: nmae"),
        (["SELECT * FROM tme"], 1, "Did you mean time"),
        (["SELECT :missing"], 1, "missing"),
        (["DELETE FROM time"], 1, "error: "),
        (["--bogus", "SELECT 1"], 2, "no option --bogus"),
        (["--param", "novalue", "SELECT 1"], 2, "NAME=VALUE"),
        (["--timeout", "soon", "SELECT 1"], 2, "--timeout"),
        (["--max-memory", "much", "SELECT 1"], 2, "--max-memory"),
        (["--csv", "--json", "SELECT 1"], 2, "exclude each other"),
        (["-f", "/does/not/exist.sql"], 2, "/does/not/exist.sql"),
        (["-o", "/does/not/exist/out", "SELECT 1"], 1, "/does/not/exist/out"),
        (["--root", "/does/not/exist", "SELECT 1"], 2, "No such file or directory"),
        (["--root", "/etc/passwd", "SELECT 1"], 2, "is not a directory"),
        (["describe", "tme"], 1, "Did you mean time"),
        (["-- nothing"], 2, "no statement"),
        (["--max-rows", "2", "SELECT value FROM json_each('[1,2,3]')"], 3, "2 rows"),
        (["--timeout", "0.2", ENDLESS.format("count(*)")], 3, "timeout"),
        (["--max-memory", "20M", "SELECT length(hex(zeroblob(100000000)))"], 3, "memory"),
    ],
)
def test_errors_say_what_is_wrong_and_the_exit_code_tells_which_kind(arguments: list[str], code: int, says: str):
    done = hostql(*arguments)
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_caret_points_at_the_mistake():
    assert hostql("SELECT year, nmae FROM time").stderr.splitlines()[:2] == [
        "SELECT year, nmae FROM time",
        "             ^^^^",
    ]


@pytest.mark.parametrize("format", ["table", "box", "line", "csv", "tsv", "json", "ndjson", "markdown", "html"])
def test_rows_before_a_failure_are_kept(format: str):
    """Those that came before a limit, and before the statement itself fails."""
    limited = hostql(f"--{format}", "--max-rows", "2", "SELECT value FROM json_each('[51,52,53]')")
    failing = "CASE value WHEN 53 THEN abs(-9223372036854775808) ELSE value END"
    failed = hostql(f"--{format}", f"SELECT {failing} AS value FROM json_each('[51,52,53]')")
    assert (limited.returncode, failed.returncode) == (3, 1)
    assert limited.stdout == failed.stdout
    assert "52" in limited.stdout and "53" not in limited.stdout


def test_json_stays_whole_when_a_statement_fails():
    done = hostql("--json", "--max-rows", "2", "SELECT value FROM json_each('[1,2,3]')")
    assert json.loads(done.stdout) == [{"value": 1}, {"value": 2}]


def test_each_statement_has_its_own_json_array():
    decoder, text = json.JSONDecoder(), hostql("--json", "SELECT 1 AS a; SELECT 2 AS b WHERE 0; SELECT 3 AS c").stdout
    found = []
    while text.strip():
        value, end = decoder.raw_decode(text.lstrip())
        found.append(value)
        text = text.lstrip()[end:]
    assert found == [[{"a": 1}], [], [{"c": 3}]]


def test_a_full_disk_is_an_error():
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-m", "hostql", "SELECT 1"], stdout=full, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (1, b"error: cannot write the rows: No space left on device\n")


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-"])
def test_a_closed_stream_is_no_error(closed: str):
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" -m hostql "SELECT 1" {closed}', sys.executable], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_reader_that_leaves_early_is_no_error():
    child = subprocess.Popen(
        [sys.executable, "-m", "hostql", ENDLESS.format("x")], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.stdout is not None and child.stderr is not None
    assert child.stdout.readline() == b"x\n"
    child.stdout.close()
    assert child.stderr.read() == b""
    assert child.wait(20) == 0
    child.stderr.close()


@pytest.mark.parametrize(
    "sql",
    [
        pytest.param(ENDLESS.format("count(*)"), id="no table"),
        pytest.param("SELECT count(*) FROM file WHERE path LIKE '/%%' AND path LIKE '/proc/%%'", id="a walk"),
        pytest.param(
            "SELECT count(*) FROM file a, file b WHERE a.path LIKE '/proc/%' AND b.path LIKE '/usr/%%'", id="a join"
        ),
    ],
)
def test_interrupt_stops_a_query(sql: str):
    child = subprocess.Popen(
        [sys.executable, "-m", "hostql", "SELECT 1 AS started; " + sql],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"started\n"
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=PATIENCE)
    assert (child.returncode, errors) == (130, b"interrupted\n")


# What Python needs for APSW (collections and what that needs), and a few modules in C that cost nothing.
LIGHT = {
    *("__future__", "_collections", "_operator", "apsw", "collections", "collections.abc", "errno"),
    *("itertools", "keyword", "operator", "reprlib"),
    *("_heapq", "heapq"),  # Python 3.9
    "io",  # Python 3.14, where apsw is the first to import it
}


def test_a_small_query_imports_nothing_heavy(tmp_path: Path):
    """Neither re nor typing, json, argparse, prompt_toolkit ...: without `site`, whose hooks import some of them."""
    import apsw
    import hostql

    os.symlink(os.path.dirname(hostql.__file__), tmp_path / "hostql")
    code = (
        "import os, sys; before = set(sys.modules); sys.path += sys.argv[1:]\n"
        "from hostql.shell.cli import run; run(['--tsv', 'SELECT 1'])\n"
        "print(*sorted(name for name in set(sys.modules) - before if name.split('.')[0] not in ('hostql', 'apsw')))"
    )
    paths = [str(tmp_path), os.path.dirname(os.path.dirname(apsw.__file__))]
    done = subprocess.run([sys.executable, "-IS", "-c", code, *paths], capture_output=True, text=True, check=True)
    assert set(done.stdout.splitlines()[-1].split()) <= LIGHT
