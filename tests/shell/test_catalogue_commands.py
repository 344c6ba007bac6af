"""hostql tables, describe, functions, explain and profile."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .running import hostql


def test_tables():
    assert "time\tsystem\t" in hostql("tables", "tim").stdout
    assert {line.split("\t")[0] for line in hostql("tables", "--no-header", "process_open_%").stdout.splitlines()} == {
        *("process_open_files", "process_open_pipes", "process_open_sockets")
    }
    nothing = hostql("tables", "zzz")
    assert (nothing.returncode, "no table matches" in nothing.stderr) == (1, True)


def test_describe():
    shown = hostql("describe", "hash").stdout
    assert shown.startswith("hash (filesystem)\n\nDigests of regular files")
    assert "A query must give path or directory." in shown
    assert "SELECT path, sha256 FROM hash WHERE path = '/etc/passwd';" in shown


def test_describe_for_a_program_gives_the_columns_alone():
    columns = json.loads(hostql("--json", "describe", "time").stdout)
    assert columns[0] == {
        "column": "weekday",
        "type": "TEXT",
        "look-up": "",
        "what it is": "Day of the week, its English name",
    }


def test_functions():
    assert "version_compare(left, right" in hostql("functions", "version").stdout


def explained(*arguments: str) -> list[list[str]]:
    done = hostql("explain", "--no-header", *arguments)
    assert done.returncode == 0, done.stderr
    return [line.split("\t") for line in done.stdout.splitlines()]


def test_explain_says_how_rows_are_found():
    assert explained("SELECT year FROM time")[0][:4] == ["time", "full scan", "1", "1"]
    assert explained("SELECT name FROM processes WHERE pid IN (1)")[0][:4] == [
        "processes",
        "looked up by pid",
        "1",
        "1",
    ]
    assert explained("SELECT * FROM file WHERE path LIKE '/etc/passw_'")[0][:2] == [*("file", "narrowed by path LIKE")]


def test_explain_takes_a_table_a_file_and_parameters(tmp_path: Path):
    assert explained("time")[0][0] == "time"
    (tmp_path / "q.sql").write_text("SELECT * FROM uptime; SELECT * FROM time")
    assert [row[0] for row in explained("-f", str(tmp_path / "q.sql"))] == ["uptime", "time"]
    assert explained("-p", "pid=1", "SELECT name FROM processes WHERE pid = :pid")[0][1] == "looked up by pid"


def test_explain_counts_rows_and_time_on_stderr():
    assert hostql("explain", "SELECT 1").stderr.startswith("1 row · ")


@pytest.mark.parametrize("command", ["describe", "explain", "profile"])
def test_a_command_without_its_argument(command: str):
    done = hostql(command)
    assert (done.returncode, done.stdout) == (2, "")


CONFIG = r"""
# a comment, as osquery takes them
{
  "schedule": {
    // and another
    "now": {"query": "SELECT year \
FROM time;", "interval": 60},
    "bad": {"query": "SELECT nope", "interval": 60},
    "elsewhere": {"query": "SELECT * FROM registry", "interval": 60, "platform": "windows"},
    "both": {"query": "SELECT 1", "platform": "darwin,linux"}
  },
  "packs": {
    "inline": {"queries": {"up": {"query": "SELECT total_seconds FROM uptime"}}},
    "by_file": "inner.conf",
    "gone": "gone.conf"
  }
}
"""


def profiled(source: str) -> tuple[dict[str, dict[str, object]], str, int]:
    done = hostql("--json", "profile", source)
    return {row["query"]: row for row in json.loads(done.stdout)}, done.stderr, done.returncode


def test_profile_reads_an_osquery_configuration(tmp_path: Path):
    (tmp_path / "osquery.conf").write_text(CONFIG)
    (tmp_path / "inner.conf").write_text('{"queries": {"users": {"query": "SELECT uid FROM users"}}}')
    rows, said, code = profiled(str(tmp_path / "osquery.conf"))
    assert sorted(rows) == ["bad", "both", "by_file/users", "inline/up", "now"]
    assert code == 1
    assert rows["bad"]["error"] == "no such column: nope"
    assert rows["now"]["rows"] == 1 and rows["now"]["rating"] == "light"
    assert rows["inline/up"]["files"] == 1 and rows["by_file/users"]["read_kib"] >= 0
    assert "elsewhere is for windows: not run" in said
    assert "pack gone: there is no file gone.conf" in said


def test_profile_reads_a_list_of_queries(tmp_path: Path):
    queries = [{"name": "now", "sql": "SELECT * FROM time;"}, {"query": "SELECT 1"}]
    (tmp_path / "queries.json").write_text(json.dumps(queries))
    rows, _, code = profiled(str(tmp_path / "queries.json"))
    assert (sorted(rows), code) == (["2", "now"], 0)


def test_profile_takes_sql_a_table_and_a_file_of_sql(tmp_path: Path):
    assert sorted(profiled("SELECT 1; SELECT 2")[0]) == ["1", "2"]
    assert profiled("time")[0]["1"]["rows"] == 1
    (tmp_path / "q.sql").write_text("-- a comment\nSELECT * FROM time;\n")
    assert profiled(str(tmp_path / "q.sql"))[0]["1"]["rows"] == 1


@pytest.mark.parametrize(
    "text, says",
    [('{"queries": ', ".json:1: not JSON"), ('{"options": {}}', "holds no queries"), ("\xff", "UTF-8")],
)
def test_profile_names_a_broken_file(tmp_path: Path, text: str, says: str):
    (tmp_path / "pack.json").write_text(text, encoding="latin-1")
    done = hostql("profile", str(tmp_path / "pack.json"))
    assert done.returncode == 1
    assert "pack.json" in done.stderr and says in done.stderr and "Traceback" not in done.stderr
    assert hostql("profile", "/does/not/exist.conf").stderr.startswith("error: cannot read /does/not/exist.conf")
